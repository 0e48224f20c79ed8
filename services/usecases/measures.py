"""Dated measures beside series: which may show in which, from which figure on, and whether that came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from statistics import median

from forecasting.months import Month
from forecasting.shocks.measures import Measure
from services.storage.measures import MeasureRecord
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.usecases.traits import traits

RELEASES = 12
"""First prints whose delay after the month's end says when the next is due."""


class Sight(StrEnum):
    """Whether a measure can be seen in a series yet."""

    NOT_YET_VISIBLE = "announced, not yet visible"
    VISIBLE = "visible"
    NOT_HELD = "its first month is not held"


def covering(known: Sequence[MeasureRecord], series: SeriesRecord) -> list[Measure]:
    """The measures whose scope covers a series."""
    return [each.measure for each in known if each.scope.covers(traits(series))]


def sight(measure: Measure, rows: Sequence[ObservationRecord]) -> tuple[Sight, dt.date | None]:
    """Whether a measure can be seen in a series, from its rows in the order they became known; and when.

    The day is that on which the figure of the first month became public, or by the usual delay will be; None
    where the series has no usual delay yet, or is past the month without its figure.
    """
    month = measure.first_month
    first = next((each.observation for each in rows if month in each.observation.span), None)
    if first is not None:
        return Sight.VISIBLE, first.known_from.date()
    if any(each.observation.span.first > month for each in rows):
        return Sight.NOT_HELD, None
    return Sight.NOT_YET_VISIBLE, _due(month, rows)


def _due(month: Month, rows: Sequence[ObservationRecord]) -> dt.date | None:
    """Day by which the figure of a month is public, by the median delay of the last first prints."""
    first: dict[Month, int] = {}
    for each in rows:
        last = each.observation.span.last
        first.setdefault(last, (each.observation.known_from.date() - last.last_day).days)
    delays = [first[last] for last in sorted(first)[-RELEASES:]]
    return month.last_day + dt.timedelta(days=round(median(delays))) if delays else None
