"""Series as they were known at a moment, read from the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from forecasting.prints import Prints
from forecasting.series import Series
from services.storage import observations
from services.storage.series import SeriesRecord


def known_series(
    connection: Connection, registered: Sequence[SeriesRecord], as_of: dt.datetime
) -> list[tuple[Series, int]]:
    """Each series with the count of its rows known then; one of which nothing was known is left out."""
    held = observations.prints(connection, [each.id for each in registered], as_of=as_of)
    found = []
    for each in registered:
        if each.id not in held:
            continue
        prints = Prints(each.id, each.unit, held[each.id])
        prints.advance(as_of)
        known = prints.series()
        if known is not None:
            found.append((known, len(held[each.id].known)))
    return found
