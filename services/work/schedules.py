"""What is done at an interval: each schedule, how often, and what it is for.

A schedule is a row with a due time and a lease, as a job is, but one that is never done: however a run ends,
the next is due an interval later. What a tick of beat, a nudge or a worker lost is due still, and asked for
again by the sweep; two clocks run it once. What each does stands in services/worker/tasks.py, by its name.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection

from services.storage import leases
from services.storage.tables import schedules
from services.storage.texts import storable

LEASE = dt.timedelta(minutes=5)
"""How long a run may take before another is begun beside it; each can bear that."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Schedule:
    """Work at an interval; ``name`` is that of its row and of the task that does it."""

    name: str
    every: dt.timedelta
    purpose: str


SCHEDULES = {
    each.name: each
    for each in (
        Schedule("order_polls", dt.timedelta(seconds=30), "one poll of each source whose slot has come"),
        Schedule("watch_releases", dt.timedelta(minutes=5), "releases that have become late are told"),
        Schedule("order_training", dt.timedelta(minutes=5), "one training a week, or a doubled archive"),
        Schedule("clean", dt.timedelta(hours=1), "secrets, sessions and imports whose time is over go"),
    )
}


def due(connection: Connection, *, now: dt.datetime) -> list[str]:
    """Names of the schedules that a worker could run; one that never ran is among them."""
    waits = (schedules.c.due_at > now) | leases.held(schedules, now)
    resting = set(connection.execute(select(schedules.c.name).where(waits)).scalars())
    return [name for name in SCHEDULES if name not in resting]


def run(
    engine: Engine, name: str, work: Callable[[Connection], None], *, clock: Callable[[], dt.datetime]
) -> bool:
    """Do what a schedule is for, in a transaction, where it is due and nobody does it; whether it was done.

    What it raises is logged and kept with the row; the next run is due as if it had ended well.
    """
    owner, began = uuid.uuid4().hex, clock()
    with engine.begin() as connection:
        if not _claim(connection, name, owner=owner, now=began):
            return False
    failure: str | None = None
    try:
        with engine.begin() as connection:
            work(connection)
    except Exception as error:  # kept with the row; the schedule goes on
        log.exception("a schedule failed", schedule=name)
        failure = storable(f"{type(error).__name__}: {error}")
    with engine.begin() as connection:
        due_at = began + SCHEDULES[name].every
        _settle(connection, name, owner=owner, now=clock(), due_at=due_at, failure=failure)
    return failure is None


def _claim(connection: Connection, name: str, *, owner: str, now: dt.datetime) -> bool:
    connection.execute(insert(schedules).values(name=name, due_at=now).on_conflict_do_nothing())
    claimed = connection.execute(
        update(schedules)
        .where(schedules.c.name == name, schedules.c.due_at <= now, leases.free(schedules, now))
        .values(runs=schedules.c.runs + 1, started_at=now, **leases.taken(owner=owner, until=now + LEASE))
    )
    return claimed.rowcount > 0


def _settle(
    connection: Connection,
    name: str,
    *,
    owner: str,
    now: dt.datetime,
    due_at: dt.datetime,
    failure: str | None,
) -> None:
    ended = {"runs": 0} if failure is None else {}
    connection.execute(
        update(schedules)
        .where(schedules.c.name == name, leases.ours(schedules, owner))
        .values(
            due_at=due_at,
            finished_at=now,
            error=failure,
            **ended,
            **leases.FREED,
        )
    )
