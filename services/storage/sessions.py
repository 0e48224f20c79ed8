"""Sessions of the dashboard: who has signed in with which key, and until when."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, insert, select

from services.storage.tables import sessions


def add(
    connection: Connection, *, digest: bytes, key_id: str, now: dt.datetime, expires_at: dt.datetime
) -> None:
    """Add a session under the SHA-256 of its token, 32 bytes; those that have expired go."""
    forget_expired(connection, now=now)
    connection.execute(
        insert(sessions).values(digest=digest, key_id=key_id, created_at=now, expires_at=expires_at)
    )


def forget_expired(connection: Connection, *, now: dt.datetime) -> int:
    """Delete the sessions that have expired; the count of them."""
    return connection.execute(delete(sessions).where(sessions.c.expires_at <= now)).rowcount


def key_of(connection: Connection, digest: bytes, *, now: dt.datetime) -> str | None:
    """Id of the key that a session was opened with; None where it has expired, or never was."""
    query = select(sessions.c.key_id).where(sessions.c.digest == digest, sessions.c.expires_at > now)
    return connection.execute(query).scalar_one_or_none()


def end(connection: Connection, digest: bytes) -> None:
    """End a session."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest))
