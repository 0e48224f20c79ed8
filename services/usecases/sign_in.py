"""A session of the dashboard: opened with an API key, over with it, with its time, or by signing out."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from sqlalchemy import Connection

from services.storage import keys, sessions
from services.usecases.callers import Caller, caller_of
from services.usecases.manage_keys import authenticate

LIFETIME = dt.timedelta(hours=12)
"""How long a session lasts: a working day; it is not prolonged."""

_TOKEN_BYTES = 32


class WrongKeyError(PermissionError):
    """A text that is no valid API key."""

    def __init__(self) -> None:
        super().__init__(
            "This API key is not valid, has expired or was revoked. A key begins with tonnage_ and is shown "
            "once, when it is made; an admin makes another with: tonnage key add NAME."
        )


class ReadlessKeyError(PermissionError):
    """A key that may not read, and so has nothing to look at."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"The key {name!r} lacks the scope 'read', and a dashboard is for reading; sign in with another."
        )


def sign_in(connection: Connection, text: str, *, now: dt.datetime) -> str:
    """The token of a new session of the key that a text is; only its hash is kept.

    WrongKeyError; ReadlessKeyError.
    """
    key = authenticate(connection, text.strip(), now=now)
    if key is None:
        raise WrongKeyError
    if not caller_of(key).may("read"):
        raise ReadlessKeyError(key.name)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    sessions.add(connection, digest=_digest(token), key_id=key.id, now=now, expires_at=now + LIFETIME)
    return token


def signed_in(connection: Connection, token: str, *, now: dt.datetime) -> Caller | None:
    """Whoever a session is of, with what its key may do now; None where it or its key has ended."""
    key_id = sessions.key_of(connection, _digest(token), now=now)
    found = None if key_id is None else keys.with_digest(connection, key_id)
    return caller_of(found[0]) if found is not None and found[0].valid(now) else None


def sign_out(connection: Connection, token: str) -> None:
    """End a session; one that has ended already is left alone."""
    sessions.end(connection, _digest(token))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
