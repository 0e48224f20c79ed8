"""What has outlived its time goes: secrets that sign no longer, sessions and imports that have expired.

A disabled endpoint stays: what waits for it goes out when it is enabled again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from services.storage import endpoints, imports, sessions


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Count of what went."""

    secrets: int
    sessions: int
    imports: int


def clean(connection: Connection, *, now: dt.datetime) -> Cleaned:
    """Delete what is over by ``now``; nothing that could still be used, sent or shown."""
    return Cleaned(
        endpoints.forget_retired(connection, now=now),
        sessions.forget_expired(connection, now=now),
        imports.forget_expired(connection, now=now),
    )
