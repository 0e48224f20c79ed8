"""The life of an API key: made, shown once, checked at each request, rotated, revoked."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from contextlib import nullcontext

from sqlalchemy import Connection, Engine

from services.storage import keys
from services.storage.keys import Key

PREFIX = "tonnage"
SCOPES = ("read", "write", "rules", "endpoints", "admin")
"""What a key may do: read everything its desk may see; write series and figures; change rules and alerts;
change endpoints and replay deliveries; admin is all of them, and keys."""

OVERLAP = dt.timedelta(hours=24)
"""How long the old key of a rotation lives on, unless another time is asked for."""

_SECRET_BYTES = 32
_NOTED_EACH = dt.timedelta(seconds=60)


class UnknownKeyError(LookupError):
    """An id that no key has."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(f"There is no API key {key_id!r}; list them to see which there are.")


class InvalidScopesError(ValueError):
    """Scopes of which a key cannot be made."""

    def __init__(self, scopes: Sequence[str], desk: str | None) -> None:
        self.scopes = tuple(scopes)
        self.desk = desk
        super().__init__(
            f"A key has one or more of the scopes {', '.join(SCOPES)}, and admin only for every desk; this "
            f"one asks for {', '.join(scopes) or 'none'} on {desk or 'every desk'}."
        )


def add_key(
    connection: Connection,
    *,
    name: str,
    scopes: Sequence[str],
    now: dt.datetime,
    desk: str | None = None,
    expires_at: dt.datetime | None = None,
) -> tuple[Key, str]:
    """A new key, and its text, which is not shown again. InvalidScopesError."""
    if not scopes or not set(scopes) <= set(SCOPES) or ("admin" in scopes and desk is not None):
        raise InvalidScopesError(scopes, desk)
    secret = secrets.token_bytes(_SECRET_BYTES)
    key = Key(
        id=secrets.token_hex(8),
        name=name,
        desk=desk,
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        created_at=now,
        expires_at=expires_at,
    )
    keys.add(connection, key, digest=hashlib.sha256(secret).digest())
    encoded = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    return key, f"{PREFIX}_{key.id}_{encoded}"


def authenticate(asked: Connection | Engine, text: str, *, now: dt.datetime) -> Key | None:
    """The valid key that a text is; None for anything else. Its use is noted once a minute.

    Of an engine it is asked in one round trip, and its use noted in a transaction of its own.
    """
    prefix, _, rest = text.partition("_")
    key_id, _, encoded = rest.partition("_")
    try:
        secret = base64.b64decode(encoded + "=", altchars=b"-_", validate=True)
    except ValueError:
        return None
    found = keys.with_digest(asked, key_id) if prefix == PREFIX and key_id.isalnum() else None
    if found is None:
        return None
    key, digest = found
    if not hmac.compare_digest(hashlib.sha256(secret).digest(), digest) or not key.valid(now):
        return None
    if key.last_used_at is None or now - key.last_used_at >= _NOTED_EACH:
        with asked.begin() if isinstance(asked, Engine) else nullcontext(asked) as connection:
            keys.mark_used(connection, key.id, now=now)
    return key


def rotate_key(
    connection: Connection, key_id: str, *, now: dt.datetime, overlap: dt.timedelta = OVERLAP
) -> tuple[Key, str]:
    """A new key that may do the same; the old one ends after the overlap. UnknownKeyError."""
    old = _valid(connection, key_id, now)
    made = add_key(
        connection, name=old.name, scopes=old.scopes, desk=old.desk, expires_at=old.expires_at, now=now
    )
    keys.expire(connection, key_id, at=now + overlap)
    return made


def revoke_key(connection: Connection, key_id: str, *, now: dt.datetime) -> None:
    """End a key at once. UnknownKeyError."""
    if keys.with_digest(connection, key_id) is None:
        raise UnknownKeyError(key_id)
    keys.revoke(connection, key_id, now=now)


def _valid(connection: Connection, key_id: str, now: dt.datetime) -> Key:
    found = keys.with_digest(connection, key_id)
    if found is None or not found[0].valid(now):
        raise UnknownKeyError(key_id)
    return found[0]
