"""A source's answer as it was received: evidence for a person, for those whom the source's terms allow."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from services.ingestion.sources.registry import SOURCES
from services.storage import snapshots, sources
from services.storage.snapshots import Snapshot

__all__ = ["Snapshot", "as_attachment", "may_see", "one"]

ANY = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}(; ?charset=[a-z0-9-]{1,20})?", re.IGNORECASE)
_ENDINGS = {"html": "html", "csv": "csv", "json": "json", "xml": "xml", "plain": "txt"}


def one(connection: Connection, snapshot_id: int, *, desk: str | None) -> Snapshot | None:
    """An answer by its id; None where there is none that ``desk`` may see (None: one who sees every desk)."""
    found = snapshots.of_id(connection, snapshot_id)
    return found if found is not None and may_see(connection, found.source, desk) else None


def may_see(connection: Connection, source: str, desk: str | None) -> bool:
    """True where a desk may see what a source answered: what may not be passed on is for its key's desk."""
    if desk is None:
        return True
    known = SOURCES.get(source)
    return known is not None and (known.terms.redistributable or sources.desk_of(connection, source) == desk)


def media_type(snapshot: Snapshot) -> str:
    """What the source called the body, where that is a plain type; else bytes of any kind."""
    said = snapshot.headers.get("content-type", "")
    return said if _TYPE.fullmatch(said) else ANY


def as_attachment(snapshot: Snapshot) -> dict[str, str]:
    """Headers under which a browser keeps a body as a file and neither shows nor runs it."""
    kind = media_type(snapshot)
    ending = _ENDINGS.get(kind.split(";")[0].split("/")[1].split("+")[-1].lower(), "bin")
    return {
        "Content-Type": kind,
        "Content-Disposition": f'attachment; filename="{snapshot.source}-{snapshot.id}.{ending}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
