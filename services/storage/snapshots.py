"""Snapshots: every answer of a source as received; a changed answer is a new row, an equal one is not."""

from __future__ import annotations

import datetime as dt
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from services.storage.tables import snapshots


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One answer.

    ``request`` names what was asked, without any key; ``first_seen`` is when this body first came after a
    different one, ``last_seen`` when it last came. ``fault`` and ``reason`` say why it was refused,
    ``parser`` is the version that read it last; None where that is not so.
    """

    id: int
    source: str
    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    digest: str
    first_seen: dt.datetime
    last_seen: dt.datetime
    outcome: str
    fault: str | None = None
    reason: str | None = None
    parser: int | None = None


def keep(
    connection: Connection,
    *,
    source: str,
    request: str,
    bears_figures: bool,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    now: dt.datetime,
) -> Snapshot:
    """Keep an answer; one equal to the last to the same request only moves that one's ``last_seen``."""
    digest = hashlib.sha256(body).hexdigest()
    lock = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
    connection.execute(lock, {"key": f"{source} {request}"})
    last = newest(connection, source, request)
    if last is not None and (last.digest, last.status) == (digest, status):
        seen(connection, last.id, headers=headers, now=now)
        return last
    row = {
        "source": source,
        "request": request,
        "bears_figures": bears_figures,
        "status": status,
        "headers": dict(headers),
        "body": zlib.compress(body, 6),
        "size": len(body),
        "digest": digest,
        "first_seen": now,
        "last_seen": now,
        "outcome": "waiting" if bears_figures else "kept",
    }
    return _record(connection.execute(insert(snapshots).values(row).returning(snapshots)).one())


def seen(connection: Connection, snapshot_id: int, *, headers: Mapping[str, str], now: dt.datetime) -> None:
    """Note that an answer came once more."""
    values: dict[str, Any] = {"last_seen": now}
    if headers:
        values["headers"] = dict(headers)
    connection.execute(update(snapshots).where(snapshots.c.id == snapshot_id).values(values))


def newest(connection: Connection, source: str, request: str) -> Snapshot | None:
    """The last answer to a request."""
    query = select(snapshots).where(snapshots.c.source == source, snapshots.c.request == request)
    row = connection.execute(query.order_by(snapshots.c.id.desc()).limit(1)).first()
    return None if row is None else _record(row)


def of_id(connection: Connection, snapshot_id: int) -> Snapshot | None:
    """One answer; None where none of that id is kept."""
    row = connection.execute(select(snapshots).where(snapshots.c.id == snapshot_id)).first()
    return None if row is None else _record(row)


def last_refused(connection: Connection, source: str, *, fault: str, reason: str) -> int | None:
    """Id of the last answer that was refused with a fault and its sentence; None where there was none."""
    query = select(snapshots.c.id).where(
        snapshots.c.source == source,
        snapshots.c.outcome == "refused",
        snapshots.c.fault == fault,
        snapshots.c.reason == reason,
    )
    found: int | None = connection.execute(
        query.order_by(snapshots.c.id.desc()).limit(1)
    ).scalar_one_or_none()
    return found


def waiting(connection: Connection, source: str) -> list[Snapshot]:
    """Answers with figures that are to be read, the oldest first; locked until the transaction ends."""
    query = (
        select(snapshots)
        .where(snapshots.c.source == source, snapshots.c.outcome.in_(("waiting", "again")))
        .order_by(snapshots.c.id)
        .with_for_update()
    )
    return [_record(row) for row in connection.execute(query)]


def reopen(connection: Connection, source: str) -> None:
    """Have every answer with figures read again, for series whose past is not in yet."""
    read = snapshots.c.outcome.in_(("derived", "refused"))
    connection.execute(
        update(snapshots)
        .where(snapshots.c.source == source, snapshots.c.bears_figures, read)
        .values(outcome="again")
    )


def derived(connection: Connection, source: str) -> list[Snapshot]:
    """Answers that bear figures and were read or refused, the oldest first."""
    query = select(snapshots).where(
        snapshots.c.source == source,
        snapshots.c.outcome.in_(("derived", "refused")),
        snapshots.c.bears_figures,
    )
    return [_record(row) for row in connection.execute(query.order_by(snapshots.c.id))]


def refused_since(connection: Connection, source: str, moment: dt.datetime) -> bool:
    """True where an answer that came since a moment, for the first time or again, stands refused."""
    query = select(snapshots.c.id).where(
        snapshots.c.source == source, snapshots.c.outcome == "refused", snapshots.c.last_seen >= moment
    )
    return connection.execute(query.limit(1)).first() is not None


def settle(
    connection: Connection,
    snapshot_id: int,
    *,
    parser: int,
    fault: str | None = None,
    reason: str | None = None,
) -> None:
    """Note that an answer was read by a version of the parser, or the fault that refused it."""
    outcome = "derived" if fault is None else "refused"
    connection.execute(
        update(snapshots)
        .where(snapshots.c.id == snapshot_id)
        .values(outcome=outcome, fault=fault, reason=reason, parser=parser)
    )


def _record(row: Any) -> Snapshot:
    return Snapshot(
        row.id,
        row.source,
        row.request,
        row.status,
        row.headers,
        zlib.decompress(row.body),
        row.digest,
        row.first_seen,
        row.last_seen,
        row.outcome,
        row.fault,
        row.reason,
        row.parser,
    )
