"""API keys: which there are, whether one still holds, and whether any is needed yet."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from services.storage import keys
from services.storage.keys import Key

__all__ = ["Key", "any_exists", "holds", "listed", "open_to_anybody"]


def listed(connection: Connection) -> list[Key]:
    """Every key, the oldest first, revoked ones too; no secret is among what is read."""
    return keys.listed(connection)


def holds(connection: Connection, key_id: str, *, now: dt.datetime) -> bool:
    """True where a key is there and is neither revoked nor expired at a moment."""
    found = keys.with_digest(connection, key_id)
    return found is not None and found[0].valid(now)


def any_exists(connection: Connection) -> bool:
    """True once a key was ever made; one that is revoked counts."""
    return keys.any_exists(connection)


def open_to_anybody(connection: Connection, *, environment: str) -> bool:
    """True in development until the first key is made: the local stack needs none."""
    return environment == "development" and not keys.any_exists(connection)
