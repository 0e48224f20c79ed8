"""The service tells ops of itself, by its own delivery: the sweep watches the workers, and they the sweep."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.events import recovered_event, trouble_event
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


WORKERS = Part(
    heartbeats.TASK,
    "The delivery worker, or beat that sends it its tasks,",
    "Start worker-delivery and beat, and check the broker; the sweep delivers meanwhile.",
)
SWEEP = Part(
    heartbeats.SWEEPER,
    "The sweep",
    "Start it again; until then a nudge that is lost waits for beat.",
)


def tell_trouble(connection: Connection, part: Part, *, now: dt.datetime) -> bool:
    """Tell ops once that a part is missing, and once that it is back; true where something was told."""
    edge = now - MISSING
    since = heartbeats.mark_missing(connection, part.heartbeat, before=edge, now=now)
    if since is not None:
        body = trouble_event(part=part.heartbeat, title=part.title, since=since, action=part.action, now=now)
    elif (told_at := heartbeats.mark_back(connection, part.heartbeat, since=edge)) is not None:
        body = recovered_event(part=part.heartbeat, title=part.title, told_at=told_at, now=now)
    else:
        return False
    outbox.enqueue(connection, outbox.address(connection, [Message(OPS, body, now)]), now=now)
    return True
