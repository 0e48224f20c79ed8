"""Heartbeats: the last time each part of the service did real work."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from services.storage.tables import heartbeats

TASK = "sweep"
"""Left by the task that beat sends and a delivery worker does: the whole road through the broker works."""

SWEEPER = "sweeper"
"""Left by the process that delivers from the database alone."""


def beat(connection: Connection, part: str, *, now: dt.datetime) -> None:
    """Leave a heartbeat."""
    statement = insert(heartbeats).values(part=part, beat_at=now)
    connection.execute(statement.on_conflict_do_update(index_elements=["part"], set_={"beat_at": now}))


def mark_missing(
    connection: Connection, part: str, *, before: dt.datetime, now: dt.datetime
) -> dt.datetime | None:
    """When a part last worked, where that is before a moment and was not marked yet; to one caller only."""
    statement = (
        update(heartbeats)
        .where(heartbeats.c.part == part, heartbeats.c.beat_at < before, heartbeats.c.missed_at.is_(None))
        .values(missed_at=now)
        .returning(heartbeats.c.beat_at)
    )
    return connection.execute(statement).scalar_one_or_none()


def mark_back(connection: Connection, part: str, *, since: dt.datetime) -> dt.datetime | None:
    """When a part was marked, where it has worked since a moment; it is marked no longer."""
    missed = select(heartbeats.c.missed_at).where(
        heartbeats.c.part == part, heartbeats.c.beat_at >= since, heartbeats.c.missed_at.is_not(None)
    )
    found = connection.execute(missed.with_for_update()).scalar_one_or_none()
    if found is not None:
        connection.execute(update(heartbeats).where(heartbeats.c.part == part).values(missed_at=None))
    return found


def last(connection: Connection, part: str) -> dt.datetime | None:
    """When a part last left one; None where it never did."""
    query = select(heartbeats.c.beat_at).where(heartbeats.c.part == part)
    return connection.execute(query).scalar_one_or_none()
