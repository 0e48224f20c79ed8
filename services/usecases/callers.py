"""Who asks, by key or by session, and what they may do: the same for the API and the dashboard."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from services.storage import audit
from services.storage.audit import Change
from services.storage.keys import Key
from services.telemetry import request_id
from services.usecases.manage_keys import SCOPES


class OtherDeskError(PermissionError):
    """A caller who asks for what belongs to another desk."""

    def __init__(self, own: str, asked: str) -> None:
        self.own = own
        self.asked = asked
        super().__init__(f"This key is of the desk {own!r}, not {asked!r}.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks; ``desk`` None is every desk.

    ``key_id`` None is anybody, in development before there is a key.
    """

    key_id: str | None
    name: str
    desk: str | None
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """True where the key has a scope, or admin."""
        return bool(self.scopes & {scope, "admin"})

    def signed(self, given: str | None = None) -> str:
        """Who did something: the key's name, with a name that somebody gave beside it and never instead.

        In development, before there is a key, a name that is given stands alone.
        """
        if given is None or given == self.name:
            return self.name
        return given if self.key_id is None else f"{self.name} ({given})"

    def sees(self, desk: str) -> bool:
        """True where what belongs to a desk may be seen; where not, it is as if it were not there."""
        return self.desk in {None, desk}

    def narrowed(self, desk: str | None) -> str | None:
        """The desk to list: the one asked for, which must be the caller's own; or OtherDeskError."""
        if desk is not None and self.desk is not None and desk != self.desk:
            raise OtherDeskError(self.desk, desk)
        return self.desk if desk is None else desk


ANYBODY = Caller(None, "anybody", None, frozenset(SCOPES))


def caller_of(key: Key) -> Caller:
    """Whoever holds a key."""
    return Caller(key.id, key.name, key.desk, frozenset(key.scopes))


def keep_change(
    connection: Connection,
    caller: Caller,
    action: str,
    target: str,
    *,
    address: str | None,
    now: dt.datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Keep who changed what, and from where, in the transaction that does; never what is shown once."""
    audit.add(
        connection,
        Change(
            at=now,
            key_id=caller.key_id,
            name=caller.name,
            desk=caller.desk,
            address=address,
            request_id=request_id(),
            action=action,
            target=target,
            before=before,
            after=after,
        ),
    )
