"""Watches: each dated measure beside each series that it may show in, and the episodes that may answer."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from forecasting.shocks.measures import Measure
from services.storage import measures, observations
from services.storage.series import SeriesRecord
from services.usecases.episodes import episodes_as_of
from services.usecases.measures import Sight, covering, sight


@dataclass(frozen=True, slots=True)
class Watch:
    """A measure beside one series; see ``measures.sight``.

    ``episodes`` holds the id of each episode that may answer to it, with its lag in months.
    """

    measure: Measure
    series: SeriesRecord
    sight: Sight
    release_day: dt.date | None
    episodes: tuple[tuple[str, int], ...]


def watches(connection: Connection, registered: Sequence[SeriesRecord], *, as_of: dt.datetime) -> list[Watch]:
    """Each measure public at a moment beside each series that it may show in; the latest in force first."""
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
