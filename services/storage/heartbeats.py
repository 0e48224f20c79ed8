"""Heartbeats: the last time each part of the service did real work."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.storage.tables import heartbeats


def beat(connection: Connection, part: str, *, now: dt.datetime) -> None:
    """Leave a heartbeat."""
    statement = insert(heartbeats).values(part=part, beat_at=now)
    connection.execute(statement.on_conflict_do_update(index_elements=["part"], set_={"beat_at": now}))


def last(connection: Connection, part: str) -> dt.datetime | None:
    """When a part last left one; None where it never did."""
    query = select(heartbeats.c.beat_at).where(heartbeats.c.part == part)
    return connection.execute(query).scalar_one_or_none()
