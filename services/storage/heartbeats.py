"""Heartbeats: when each part of the service last did real work, or since when it is awaited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.storage.tables import heartbeats

TASK = "sweep"
"""Left by the task that beat sends and a delivery worker does: the whole road through the broker works."""

SWEEPER = "sweeper"
"""Left by the process that delivers from the database alone."""

QUEUES = ("ingest", "forecast", "delivery")
"""Queues of tasks; each has workers of its own."""


def worker(queue: str) -> str:
    """The part that the workers of a queue are: each leaves its heartbeat, so one of them is enough."""
    return f"worker-{queue}"


def beat(connection: Connection, part: str, *, now: dt.datetime) -> None:
    """Leave a heartbeat."""
    statement = insert(heartbeats).values(part=part, beat_at=now)
    connection.execute(statement.on_conflict_do_update(index_elements=["part"], set_={"beat_at": now}))


def await_parts(connection: Connection, parts: Collection[str], *, now: dt.datetime) -> None:
    """Look for parts from now on, where they have never worked and are not looked for yet."""
    statement = insert(heartbeats).values([{"part": part, "awaited_since": now} for part in sorted(parts)])
    connection.execute(statement.on_conflict_do_nothing())


def mark_missing(
    connection: Connection, parts: Collection[str], *, before: dt.datetime, now: dt.datetime
) -> dict[str, dt.datetime]:
    """Parts that were not marked yet and last worked before a moment, each with when; to one caller only.

    One that never worked has been looked for since then.
    """
    since = func.coalesce(heartbeats.c.beat_at, heartbeats.c.awaited_since)
    late = (heartbeats.c.part.in_(parts), since < before, heartbeats.c.missed_at.is_(None))
    in_order = select(heartbeats.c.part).where(*late).order_by(heartbeats.c.part).with_for_update()
    statement = (
        update(heartbeats)
        .where(heartbeats.c.part.in_(connection.execute(in_order).scalars().all()), *late)
        .values(missed_at=now)
        .returning(heartbeats.c.part, since.label("since"))
    )
    return {row.part: row.since for row in connection.execute(statement)}


def mark_back(
    connection: Connection, parts: Collection[str], *, since: dt.datetime
) -> dict[str, dt.datetime]:
    """Parts that have worked since a moment and were marked, each with when; they are marked no longer."""
    back = select(heartbeats.c.part, heartbeats.c.missed_at).where(
        heartbeats.c.part.in_(parts), heartbeats.c.beat_at >= since, heartbeats.c.missed_at.is_not(None)
    )
    rows = connection.execute(back.order_by(heartbeats.c.part).with_for_update())
    found = {row.part: row.missed_at for row in rows}
    if found:
        connection.execute(update(heartbeats).where(heartbeats.c.part.in_(found)).values(missed_at=None))
    return found


def last(connection: Connection, part: str) -> dt.datetime | None:
    """When a part last left one; None where it never did."""
    query = select(heartbeats.c.beat_at).where(heartbeats.c.part == part)
    return connection.execute(query).scalar_one_or_none()
