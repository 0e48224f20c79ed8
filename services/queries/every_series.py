"""Every series: where each stands, as of a moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from forecasting.months import Span
from services.storage import observations
from services.storage.known_series import known_series
from services.storage.series import SeriesRecord


@dataclass(frozen=True, slots=True)
class StandingSeries:
    """A series with its last figure, its change on the year as a share, and how many months are held.

    ``known_from`` is when the last news on it became known. Where nothing is held,
    all but ``series`` is empty.
    """

    series: SeriesRecord
    last: Span | None = None
    value: float | None = None
    change_year: float | None = None
    held: int = 0
    known_from: dt.datetime | None = None


def standing(
    connection: Connection, shown: Sequence[SeriesRecord], *, as_of: dt.datetime
) -> list[StandingSeries]:
    """Where series stand by what was known at a moment, in the order given."""
    known = {each.id: each for each, _ in known_series(connection, shown, as_of)}
    held = observations.history(connection, [each.id for each in shown], as_of=as_of)
    rows = []
    for each in shown:
        if each.id not in known:
            rows.append(StandingSeries(each))
            continue
        prints = held[each.id]
        last = max((row.observation.span for row in prints), key=lambda span: span.last)
        value = known[each.id].over(last)
        before = known[each.id].over(Span(last.first - 12, last.months))
        change = value / before - 1 if before else None
        moment = max(row.observation.known_from for row in prints)
        rows.append(StandingSeries(each, last, value, change, known[each.id].held, moment))
    return rows
