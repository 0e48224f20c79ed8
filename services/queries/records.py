"""Records: figures that were the lowest or highest since a time, when they became known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from services.queries.slices import Slice, sliced
from services.storage import verdicts
from services.storage.series import SeriesRecord
from services.storage.verdicts import JudgedFigure

__all__ = ["JudgedFigure", "listed"]


def listed(
    connection: Connection,
    registered: Sequence[SeriesRecord] | None,
    *,
    desk: str | None = None,
    as_of: dt.datetime | None = None,
    before: int | None = None,
    limit: int,
) -> Slice[JudgedFigure]:
    """Figures that set a record, the last known first, known by a moment; of some series, None of all.

    With ``desk`` only of series that it may see; with ``before`` those known before that figure.
    """
    ids = None if registered is None else [each.id for each in registered]
    found = verdicts.setting_records(
        connection, series_ids=ids, desk=desk, as_of=as_of, before=before, limit=limit + 1
    )
    return sliced(found, limit)
