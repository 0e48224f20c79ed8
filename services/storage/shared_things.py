"""Turns at what all desks share: two who put one thing at once do so one after the other."""

from __future__ import annotations

from sqlalchemy import Connection, func, select


def lock(connection: Connection, kind: str, name: str) -> None:
    """Wait for whoever is putting the thing of that kind and id, until their transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{kind} {name}", 4))))
