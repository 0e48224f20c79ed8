"""The audit log: who changed what, when, from where, before and after. PostgreSQL lets no row be changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from services.storage.tables import audit


@dataclass(frozen=True, slots=True)
class Change:
    """One change; ``before`` and ``after`` are what was shown of the thing, None where it was not there."""

    at: dt.datetime
    key_id: str | None
    name: str
    desk: str | None
    address: str | None
    request_id: str | None
    action: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    id: int = 0


_FILTERS = ("action", "target", "key_id")


def add(connection: Connection, change: Change) -> None:
    """Add a change, in the transaction that makes it."""
    row = asdict(change)
    del row["id"]
    connection.execute(insert(audit).values(row))


def listed(
    connection: Connection, *, before: int | None = None, limit: int = 100, **wanted: str | None
) -> list[Change]:
    """The newest changes, of an ``action``, ``target`` or ``key_id`` where given, below an id where given."""
    query = select(*(audit.c[name] for name in Change.__slots__)).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    for name in _FILTERS:
        if (value := wanted.get(name)) is not None:
            query = query.where(audit.c[name] == value)
    return [Change(**row._asdict()) for row in connection.execute(query)]
