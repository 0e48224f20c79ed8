"""Imports that were shown and wait to be confirmed: the file, the mapping it was shown by, and the answer."""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from services.storage.tables import imports

MOST = 10
"""Imports of one sender that wait; the oldest beyond them are forgotten."""


@dataclass(frozen=True, slots=True)
class PendingImport:
    """A file on its way in; ``report`` is what became of it, None while it waits."""

    id: str
    sender: str
    name: str
    content: bytes
    mapping: dict[str, Any]
    recording: dict[str, Any]
    expires_at: dt.datetime
    report: dict[str, Any] | None = None


def add(connection: Connection, pending: PendingImport, *, now: dt.datetime) -> None:
    """Keep an import; those that have expired, and the oldest of its sender beyond MOST, are forgotten."""
    forget_expired(connection, now=now)
    kept = (
        select(imports.c.id)
        .where(imports.c.sender == pending.sender)
        .order_by(imports.c.expires_at.desc(), imports.c.id)
        .limit(MOST - 1)
    )
    connection.execute(delete(imports).where(imports.c.sender == pending.sender, imports.c.id.not_in(kept)))
    row = {each: getattr(pending, each) for each in PendingImport.__slots__}
    connection.execute(insert(imports).values(**{**row, "content": zlib.compress(pending.content, 1)}))


def forget_expired(connection: Connection, *, now: dt.datetime) -> int:
    """Delete the imports that have expired; the count of them."""
    return connection.execute(delete(imports).where(imports.c.expires_at <= now)).rowcount


def locked(connection: Connection, import_id: str, *, sender: str, now: dt.datetime) -> PendingImport | None:
    """An import of a sender, locked until the transaction ends; None where it is not there or has expired."""
    query = (
        select(*(imports.c[each] for each in PendingImport.__slots__))
        .where(imports.c.id == import_id, imports.c.sender == sender, imports.c.expires_at > now)
        .with_for_update()
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return PendingImport(**{**row._asdict(), "content": zlib.decompress(row.content)})


def remap(connection: Connection, import_id: str, mapping: dict[str, Any]) -> None:
    """Another mapping, by which the import was shown anew."""
    connection.execute(update(imports).where(imports.c.id == import_id).values(mapping=mapping))


def settle(connection: Connection, import_id: str, report: dict[str, Any]) -> None:
    """Keep what became of an import, in the transaction that records it; its bytes are let go."""
    connection.execute(
        update(imports).where(imports.c.id == import_id).values(report=report, content=zlib.compress(b""))
    )
