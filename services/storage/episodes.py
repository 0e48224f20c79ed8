"""What is held of shocked series, read once, from which their episodes as of any moment follow."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from forecasting.months import Span
from forecasting.shocks.chronicle import Chapter, Shock, chronicle
from forecasting.shocks.measures import Link, Measure, linked
from forecasting.shocks.sides import SIDES
from forecasting.vintages import series_as_of
from services.storage import forecasts, measures, observations, verdicts
from services.storage.forecasts import ForecastRecord
from services.storage.measures import covering
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.storage.verdicts import ShockVerdict


@dataclass(frozen=True, slots=True, eq=False)
class FollowedEpisode:
    """An episode of a series, as of the last news on it that was known at the moment asked for.

    ``onset_known_from`` is when the figure that began it first became known, ``forecast`` what had been
    published before that: the baseline.
    """

    series: SeriesRecord
    chapter: Chapter
    onset_known_from: dt.datetime
    as_of: dt.datetime
    forecast: ForecastRecord
    measure: Link | None


class Chronicler:
    """What is held of some series, read once, from which their episodes as of any moment follow."""

    def __init__(
        self, connection: Connection, registered: Sequence[SeriesRecord], *, as_of: dt.datetime
    ) -> None:
        self.connection = connection
        self.as_of = as_of
        ids = [each.id for each in registered]
        self.judged: dict[str, list[ShockVerdict]] = defaultdict(list)
        for verdict in verdicts.of_shocks(connection, ids, as_of=as_of):
            self.judged[verdict.series_id].append(verdict)
        self.series = [each for each in registered if each.id in self.judged]
        used = {each.forecast_id for rows in self.judged.values() for each in rows}
        self.forecasts = forecasts.of_ids(connection, {each for each in used if each is not None})
        known = measures.listed(connection, as_of=as_of) if self.series else []
        self.measures = {each.id: covering(known, each) for each in self.series}

    @cached_property
    def rows(self) -> dict[str, list[ObservationRecord]]:
        """Every row of the series that were shocked, by series, read where an episode is asked for."""
        return observations.history(self.connection, list(self.judged), as_of=self.as_of)

    def episodes(
        self, series: SeriesRecord, *, as_of: dt.datetime | None = None, only: Span | None = None
    ) -> list[FollowedEpisode]:
        """Episodes of one series in the order of their onsets, as of a moment, by default the last asked for.

        ``only`` is the onset of the one that is wanted.
        """
        moment = as_of or self.as_of
        rows = [each for each in self.rows.get(series.id, []) if each.observation.known_from <= moment]
        held = series_as_of(series.id, series.unit, (row.observation for row in rows), moment)
        if held is None:
            return []
        first = _first_known(self.judged[series.id])
        judges = self._judges(series, moment)
        known = [each for each in self.measures[series.id] if each.known_from <= moment]
        told = chronicle(held, judges, measures_ahead=_ahead(known, first), only=only)
        return [
            FollowedEpisode(
                series,
                each,
                first[each.shock.span],
                rows[-1].observation.known_from,
                judges[each.shock],
                linked(known, each.shock.span, each.shock.side, as_of=moment),
            )
            for each in told
        ]

    def shocks(self, series: SeriesRecord, *, as_of: dt.datetime) -> list[Shock]:
        """Figures of a series judged shocks by what was known at a moment; a revision may take one back."""
        return list(self._judges(series, as_of))

    def _judges(self, series: SeriesRecord, moment: dt.datetime) -> dict[Shock, ForecastRecord]:
        """Each shock, with the published forecast that judged it."""
        judged = self.judged.get(series.id, [])
        standing = {each.span: each for each in judged if each.known_from <= moment}
        judges: dict[Shock, ForecastRecord] = {}
        for verdict in standing.values():
            judge = self.forecasts.get(verdict.forecast_id or 0)
            if verdict.verdict in SIDES and judge is not None and judge.forecast is not None:
                judges[Shock(verdict.span, SIDES[verdict.verdict], judge.forecast)] = judge
        return judges

    def history(self, series: SeriesRecord, episode_id: str) -> list[FollowedEpisode]:
        """Every state that one episode was in, as news on its series changed it, the first one first."""
        first = _first_known(self.judged.get(series.id, []))
        onset = next((span for span in first if episode_id.endswith((f":{span}:down", f":{span}:up"))), None)
        told: list[FollowedEpisode] = []
        if onset is None:
            return told
        rows = self.rows.get(series.id, [])
        moments = dict.fromkeys(row.observation.known_from for row in rows)
        for moment in (each for each in moments if each >= first[onset]):
            for each in self.episodes(series, as_of=moment, only=onset):
                same = told and _said(told[-1]) == _said(each)
                if each.chapter.episode.id == episode_id and not same:
                    told.append(each)
        return told


def _said(found: FollowedEpisode) -> tuple[object, ...]:
    """What makes one state of an episode differ from another."""
    chapter = found.chapter
    return chapter.episode, chapter.followed_to, dict(chapter.types.now), found.measure


def _first_known(judged: Sequence[ShockVerdict]) -> dict[Span, dt.datetime]:
    first: dict[Span, dt.datetime] = {}
    for each in judged:
        first.setdefault(each.span, each.known_from)
    return first


def _ahead(known: Sequence[Measure], first: Mapping[Span, dt.datetime]) -> frozenset[Span]:
    """Spans at whose first print a measure was known that had been announced and was not yet in force."""
    return frozenset(
        span
        for span, moment in first.items()
        if any(each.known_from <= moment and each.ahead_of(span) for each in known)
    )
