"""The service tells ops of itself, by its own delivery: the sweep watches the workers, and they the sweep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.service_events import recovered_event, trouble_event
from services.storage import heartbeats, outbox
from services.storage.messages import OPS, Message

MISSING = dt.timedelta(seconds=60)
"""How long a part may do nothing; each leaves a heartbeat every few seconds."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is watched, how it is called, and what to do when it is missing."""

    heartbeat: str
    title: str
    action: str


TASKS = Part(
    heartbeats.TASK,
    "The delivery worker, or beat that sends it its tasks,",
    "Start worker-delivery and beat, and check the broker; the sweep delivers meanwhile.",
)
SWEEP = Part(
    heartbeats.SWEEPER,
    "The sweep",
    "Start it again; until then a nudge that is lost waits for beat.",
)
INGEST = Part(
    heartbeats.worker("ingest"),
    "The ingest worker",
    "Start worker-ingest, and check the broker; until then no source is polled, and what "
    "was sent with Prefer: respond-async waits.",
)
FORECAST = Part(
    heartbeats.worker("forecast"),
    "The forecast worker",
    "Start worker-forecast, and check the broker; until then figures are judged and no forecast is made.",
)
BY_SWEEP = (TASKS, INGEST, FORECAST)
"""What the sweep watches. The delivery worker is not among them: the task that is missing tells of it."""

BY_TASK = (SWEEP, INGEST, FORECAST)
"""What the task of beat watches, so that workers are watched without the sweep too."""


def tell_trouble(connection: Connection, parts: Sequence[Part], *, now: dt.datetime) -> bool:
    """Tell ops once that a part is missing or has never come, and once that it is back; true where told."""
    edge = now - MISSING
    named = {part.heartbeat: part for part in parts}
    heartbeats.await_parts(connection, named, now=now)
    bodies = [
        trouble_event(part=name, title=named[name].title, since=since, action=named[name].action, now=now)
        for name, since in heartbeats.mark_missing(connection, named, before=edge, now=now).items()
    ]
    bodies += [
        recovered_event(part=name, title=named[name].title, told_at=told_at, now=now)
        for name, told_at in heartbeats.mark_back(connection, named, since=edge).items()
    ]
    if not bodies:
        return False
    messages = [Message(OPS, body, now) for body in bodies]
    outbox.enqueue(connection, outbox.address(connection, messages), now=now)
    return True
