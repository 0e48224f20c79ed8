"""Imports that were shown and wait to be confirmed: the file, the mapping it was shown by, and the answer."""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from services.storage.tables import imports

MOST = 10
"""Imports of one sender that wait; the oldest beyond them are forgotten."""


@dataclass(frozen=True, slots=True)
class PendingImport:
    """A file on its way in; ``report`` is what became of it, None while it waits.

    ``asked`` is what its sender said of the file before it was looked at, ``recording`` what of its figures.
    """

    id: str
    sender: str
    name: str
    content: bytes
    mapping: dict[str, Any]
    recording: dict[str, Any]
    expires_at: dt.datetime
    report: dict[str, Any] | None = None
    asked: dict[str, Any] = field(default_factory=dict)


_COLUMNS = tuple(each for each in PendingImport.__slots__ if each != "asked")
"""What is a column; ``asked`` stands in that of ``recording``, since its sender said both."""


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
    row = {each: getattr(pending, each) for each in _COLUMNS}
    said = {**pending.recording, "asked": pending.asked}
    packed = zlib.compress(pending.content, 1)
    connection.execute(insert(imports).values(**{**row, "content": packed, "recording": said}))


def forget_expired(connection: Connection, *, now: dt.datetime) -> int:
    """Delete the imports that have expired; the count of them."""
    return connection.execute(delete(imports).where(imports.c.expires_at <= now)).rowcount


def locked(connection: Connection, import_id: str, *, sender: str, now: dt.datetime) -> PendingImport | None:
    """An import of a sender, locked until the transaction ends; None where it is not there or has expired."""
    query = (
        select(*(imports.c[each] for each in _COLUMNS))
        .where(imports.c.id == import_id, imports.c.sender == sender, imports.c.expires_at > now)
        .with_for_update()
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    recording = dict(row.recording)
    asked = recording.pop("asked", {})
    told = {"content": zlib.decompress(row.content), "recording": recording, "asked": asked}
    return PendingImport(**{**row._asdict(), **told})


def remap(connection: Connection, import_id: str, mapping: dict[str, Any]) -> None:
    """Another mapping, by which the import was shown anew."""
    connection.execute(update(imports).where(imports.c.id == import_id).values(mapping=mapping))


def settle(connection: Connection, import_id: str, report: dict[str, Any]) -> None:
    """Keep what became of an import, in the transaction that records it; its bytes are let go."""
    connection.execute(
        update(imports).where(imports.c.id == import_id).values(report=report, content=zlib.compress(b""))
    )
