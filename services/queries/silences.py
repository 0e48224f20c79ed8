"""Silences: what desks do not want to hear, and until when."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from services.storage import silences
from services.storage.silences import SilenceRecord, dump_matcher

__all__ = ["SilenceRecord", "dump_matcher", "listed", "one"]


def listed(
    connection: Connection, *, desk: str | None = None, ended: bool = False, now: dt.datetime
) -> list[SilenceRecord]:
    """Silences that last beyond a moment, the oldest first; with ``ended`` those that have ended too."""
    return silences.listed(connection, desk=desk, ends_after=None if ended else now)


def one(connection: Connection, silence_id: str, *, desk: str | None = None) -> SilenceRecord | None:
    """One silence; None where there is none, or it is not ``desk``'s."""
    found = silences.get(connection, silence_id)
    return found if found is not None and desk in {None, found.desk} else None
