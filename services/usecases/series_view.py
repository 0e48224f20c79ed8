"""Everything that was known of one series at a moment, and nothing that was not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.counterfactual import counterfactual
from forecasting.shocks.detection import Verdict
from forecasting.shocks.episodes import Status
from forecasting.shocks.measures import Measure
from forecasting.shocks.scenarios import Scenarios
from forecasting.vintages import series_as_of
from services.storage import forecasts, measures, observations, verdicts
from services.storage.forecasts import ForecastRecord
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.storage.verdicts import JudgedFigure
from services.usecases.episodes import Chronicler, FollowedEpisode, branches
from services.usecases.measures import covering

_MOST_VERDICTS = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One span as it stood: its prints in the order they became known, and what was made of them.

    ``arrived`` is the verdict on the first print that was judged, with the forecast that stood then;
    ``standing`` that on the last print.
    """

    span: Span
    prints: tuple[ObservationRecord, ...]
    arrived: JudgedFigure | None
    standing: JudgedFigure | None

    @property
    def value(self) -> float | None:
        """The last print, over the whole span, in the series' unit; None where it was withdrawn."""
        return self.prints[-1].observation.value

    @property
    def shock(self) -> str | None:
        """``down`` or ``up`` where the last print is judged a shock."""
        sides = {Verdict.SHOCK_DOWN: "down", Verdict.SHOCK_UP: "up"}
        return None if self.standing is None else sides.get(self.standing.verdict.detection.verdict)


@dataclass(frozen=True, slots=True, eq=False)
class SeriesView:
    """One series as of a moment.

    ``news`` holds the day of each figure that became known, also after the moment: when something changed is
    no secret, what it was is. ``would_be`` is the median path from before each episode, by its id; ``ahead``
    what may follow the last episode, None where none is going on.
    """

    series: SeriesRecord
    as_of: dt.datetime
    known: Series | None
    figures: tuple[Figure, ...]
    forecast: ForecastRecord | None
    episodes: tuple[FollowedEpisode, ...]
    would_be: dict[str, list[tuple[Month, float]]]
    ahead: Scenarios | None
    measures: tuple[Measure, ...]
    news: tuple[dt.date, ...]

    @property
    def last(self) -> Figure | None:
        """The figure of the last span held."""
        held = [each for each in self.figures if each.value is not None]
        return max(held, key=lambda each: each.span.last) if held else None


def series_view(
    connection: Connection, registered: SeriesRecord, *, as_of: dt.datetime, portfolio: str
) -> SeriesView:
    """The series by what was known at a moment; ``portfolio`` names the forecasts that are published."""
    every = observations.history(connection, [registered.id]).get(registered.id, [])
    rows = [row for row in every if row.observation.known_from <= as_of]
    known = series_as_of(registered.id, registered.unit, (row.observation for row in rows), as_of)
    judged = verdicts.listed(connection, registered.id, as_of=as_of, limit=_MOST_VERDICTS)
    chronicler = Chronicler(connection, [registered], as_of=as_of)
    episodes = chronicler.episodes(registered) if chronicler.series else []
    return SeriesView(
        registered,
        as_of,
        known,
        _figures(rows, judged),
        forecasts.latest(connection, registered.id, model=portfolio, as_of=as_of),
        tuple(episodes),
        {each.chapter.episode.id: _would_be(each) for each in episodes},
        _ahead(episodes),
        tuple(covering(measures.listed(connection, as_of=as_of), registered)),
        tuple(sorted({row.observation.known_from.astimezone(dt.UTC).date() for row in every})),
    )


def _figures(rows: Sequence[ObservationRecord], judged: Sequence[JudgedFigure]) -> tuple[Figure, ...]:
    prints: dict[Span, list[ObservationRecord]] = {}
    for row in rows:
        prints.setdefault(row.observation.span, []).append(row)
    arrived: dict[Span, JudgedFigure] = {}
    standing: dict[Span, JudgedFigure] = {}
    for each in reversed(judged):
        standing[each.span] = each
        if each.verdict.detection.expected is not None:
            arrived.setdefault(each.span, each)
    return tuple(
        Figure(span, tuple(prints[span]), arrived.get(span), standing.get(span)) for span in sorted(prints)
    )


def _would_be(found: FollowedEpisode) -> list[tuple[Month, float]]:
    """Median of each month from onset to the last looked at, by the forecast published before onset."""
    chapter = found.chapter
    baseline = counterfactual(chapter.shock.before, chapter.followed_to)
    medians = baseline.median
    onset = chapter.shock.span.first
    months = range(chapter.followed_to.since(onset) + 1)
    return [(onset + step, float(medians[baseline.step(onset + step)])) for step in months]


def _ahead(episodes: Sequence[FollowedEpisode]) -> Scenarios | None:
    last = episodes[-1] if episodes else None
    if last is None or not last.chapter.followed or last.chapter.episode.status is Status.CLOSED:
        return None
    return branches(last)
