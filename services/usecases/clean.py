"""What has outlived its time goes: retired secrets, expired sessions and imports, bytes of failed uploads.

A disabled endpoint stays: what waits for it goes out when it is enabled again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from services.storage import endpoints, imports, sessions, uploads

FAILED_UPLOADS_FOR = dt.timedelta(days=7)
"""How long what was sent stays when it was refused: its job can be asked for again once that is mended."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Count of what went."""

    secrets: int
    sessions: int
    imports: int
    uploads: int


def clean(connection: Connection, *, now: dt.datetime) -> Cleaned:
    """Delete what is over by ``now``; nothing that could still be used, sent or shown."""
    return Cleaned(
        endpoints.forget_retired(connection, now=now),
        sessions.forget_expired(connection, now=now),
        imports.forget_expired(connection, now=now),
        uploads.forget_failed(connection, before=now - FAILED_UPLOADS_FOR),
    )
