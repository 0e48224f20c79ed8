"""Series as they were known at a moment, read from the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from forecasting.series import Series
from forecasting.vintages import series_as_of
from services.storage import observations
from services.storage.series import SeriesRecord


def known_series(
    connection: Connection, registered: Sequence[SeriesRecord], as_of: dt.datetime
) -> list[tuple[Series, int]]:
    """Each series with the count of its rows known then; one of which nothing was known is left out."""
    held = observations.history(connection, [each.id for each in registered], as_of=as_of)
    found = []
    for each in registered:
        rows = held.get(each.id, [])
        known = series_as_of(each.id, each.unit, (row.observation for row in rows), as_of)
        if known is not None:
            found.append((known, len(rows)))
    return found
