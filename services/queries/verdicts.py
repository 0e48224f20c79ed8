"""Verdicts: what was made of each figure of a series, and why."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from services.queries.observations import UnknownCursorError
from services.queries.slices import Slice, sliced
from services.storage import verdicts
from services.storage.verdicts import JudgedFigure

__all__ = ["JudgedFigure", "listed"]


def listed(
    connection: Connection,
    series_id: str,
    *,
    as_of: dt.datetime | None = None,
    before: int | None = None,
    limit: int,
) -> Slice[JudgedFigure]:
    """One verdict for every figure of a series known by a moment, the last known first.

    With ``before`` those known before that figure. UnknownCursorError where the series holds none of that id.
    """
    if before is not None and not verdicts.has(connection, series_id, before):
        raise UnknownCursorError(before)
    found = verdicts.listed(connection, series_id, as_of=as_of, before=before, limit=limit + 1)
    return sliced(found, limit)
