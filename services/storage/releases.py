"""Releases: one batch of figures as it was accepted, and what its sender was told."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from services.storage.tables import releases


def open_release(
    connection: Connection,
    *,
    source: str,
    known_from: dt.datetime,
    recorded_at: dt.datetime,
    idempotency_key: str | None,
    request_hash: str | None,
    sender: str = "",
) -> int:
    """Add a release whose report is still to come; its id. ``sender`` is the id of the API key it came by."""
    row = {
        "source": source,
        "known_from": known_from,
        "recorded_at": recorded_at,
        "idempotency_key": idempotency_key,
        "request_hash": request_hash,
        "sender": sender,
        "report": {},
    }
    return int(connection.execute(insert(releases).values(row).returning(releases.c.id)).scalar_one())


def close_release(connection: Connection, release_id: int, report: dict[str, Any]) -> None:
    """Keep what the sender is told, in the same transaction as the figures."""
    connection.execute(update(releases).where(releases.c.id == release_id).values(report=report))


def by_idempotency_key(
    connection: Connection, key: str, *, sender: str = ""
) -> tuple[str, dict[str, Any]] | None:
    """Request hash and report of the release that a sender first sent with a key, locked until commit.

    Two senders may choose the same key: neither is told the other's report, nor kept from recording.
    """
    locked = {"key": f"{sender}\n{key}"}
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), locked)
    query = select(releases.c.request_hash, releases.c.report).where(
        releases.c.sender == sender, releases.c.idempotency_key == key
    )
    row = connection.execute(query).first()
    return None if row is None else (row.request_hash, row.report)
