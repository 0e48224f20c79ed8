"""Measures: each dated one beside each series that it may show in, and the episodes that may answer."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from sqlalchemy import Connection

from forecasting.months import Month
from forecasting.shocks.measures import Measure
from services.queries.episodes import episodes_as_of
from services.storage import measures, observations
from services.storage.measures import MeasureRecord, covering
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord

__all__ = ["RELEASES", "MeasureRecord", "Sight", "Watch", "sight", "watches"]

RELEASES = 12
"""First prints whose delay after the month's end says when the next is due."""


class Sight(StrEnum):
    """Whether a measure can be seen in a series yet."""

    NOT_YET_VISIBLE = "announced, not yet visible"
    VISIBLE = "visible"
    NOT_HELD = "its first month is not held"


@dataclass(frozen=True, slots=True)
class Watch:
    """A measure beside one series; see ``sight``.

    ``episodes`` holds the id of each episode that may answer to it, with its lag in months.
    """

    measure: Measure
    series: SeriesRecord
    sight: Sight
    release_day: dt.date | None
    episodes: tuple[tuple[str, int], ...]

    @property
    def cursor(self) -> str:
        """What names it in a list: a measure stands once beside a series."""
        return f"{self.measure.id}~{self.series.id}"


def watches(connection: Connection, registered: Sequence[SeriesRecord], *, as_of: dt.datetime) -> list[Watch]:
    """Each measure public at a moment beside each series that it may show in.

    The latest in force first, and beside the series in the order given.
    """
    known = measures.listed(connection, as_of=as_of)
    covered = {each.id: over for each in registered if (over := covering(known, each))}
    watched = [each for each in registered if each.id in covered]
    rows = observations.history(connection, list(covered), as_of=as_of)
    answers: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for found in episodes_as_of(connection, watched, as_of=as_of):
        if found.measure is not None:
            link = found.chapter.episode.id, found.measure.lag
            answers[found.series.id, found.measure.measure.id].append(link)
    told = [
        Watch(
            measure,
            series,
            *sight(measure, rows.get(series.id, [])),
            episodes=tuple(answers[series.id, measure.id]),
        )
        for series in watched
        for measure in covered[series.id]
    ]
    return sorted(told, key=lambda each: (each.measure.effective, each.measure.id), reverse=True)


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
