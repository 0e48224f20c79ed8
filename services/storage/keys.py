"""API keys: their id in clear, the hash of their secret, and what each may do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, exists, insert, select, text, update

from services.storage.questions import Question
from services.storage.tables import api_keys


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret; ``desk`` None is every desk, ``expires_at`` None is never."""

    id: str
    name: str
    desk: str | None
    scopes: tuple[str, ...]
    created_at: dt.datetime
    expires_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None
    last_used_at: dt.datetime | None = None

    def valid(self, now: dt.datetime) -> bool:
        """True where it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_FIELDS = [api_keys.c[name] for name in Key.__slots__]
_WITH_DIGEST = Question(
    select(*_FIELDS, api_keys.c.digest).where(api_keys.c.id == bindparam("key_id", type_=api_keys.c.id.type))
)


def add(connection: Connection, key: Key, *, digest: bytes) -> None:
    """Add a key with the SHA-256 of its secret, 32 bytes."""
    row = {name: getattr(key, name) for name in Key.__slots__}
    connection.execute(insert(api_keys).values(**{**row, "scopes": list(key.scopes), "digest": digest}))


def with_digest(asked: Connection | Engine, key_id: str) -> tuple[Key, bytes] | None:
    """A key and the SHA-256 of its secret."""
    row = _WITH_DIGEST.ask(asked, key_id=key_id)
    return None if row is None else (_key(row), row[-1])


def listed(connection: Connection) -> list[Key]:
    """Every key, the oldest first."""
    query = select(*_FIELDS).order_by(api_keys.c.created_at, api_keys.c.id)
    return [_key(row) for row in connection.execute(query)]


def any_exists(connection: Connection) -> bool:
    """True once a key was ever made; one that is revoked counts, so that a revocation opens nothing."""
    return bool(connection.execute(select(exists().where(api_keys.c.id.is_not(None)))).scalar_one())


def expire(connection: Connection, key_id: str, *, at: dt.datetime) -> None:
    """Let a key end at a moment, unless it ends earlier."""
    later = (api_keys.c.expires_at.is_(None)) | (api_keys.c.expires_at > at)
    connection.execute(update(api_keys).where(api_keys.c.id == key_id, later).values(expires_at=at))


def revoke(connection: Connection, key_id: str, *, now: dt.datetime) -> None:
    """End a key at once; the first revocation stands."""
    query = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    connection.execute(query.values(revoked_at=now))


def mark_used(connection: Connection, key_id: str, *, now: dt.datetime) -> None:
    """Note that a key was used; a read replica cannot, and need not."""
    if connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on":
        return
    connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now))


def _key(row: Sequence[Any]) -> Key:
    key_id, name, desk, scopes, *moments = row[: len(_FIELDS)]
    return Key(key_id, name, desk, tuple(scopes), *(each and each.astimezone(dt.UTC) for each in moments))
