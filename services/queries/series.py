"""Everything that was known of one series at a moment, and nothing that was not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.counterfactual import counterfactual
from forecasting.shocks.episodes import Status
from forecasting.shocks.measures import Measure
from forecasting.shocks.outlook import outlook
from forecasting.shocks.scenarios import Scenarios
from forecasting.shocks.sides import SIDES
from forecasting.vintages import series_as_of
from services.queries.episodes import branches
from services.queries.slices import Slice, one_more, sliced
from services.storage import forecasts, measures, observations, restrictions, series, verdicts
from services.storage.episodes import Chronicler, FollowedEpisode
from services.storage.forecasts import ForecastRecord
from services.storage.measures import covering
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.storage.standing_forecasts import Asked, stood
from services.storage.verdicts import JudgedFigure

__all__ = [
    "Figure",
    "ObservationRecord",
    "SeriesRecord",
    "SeriesView",
    "chosen",
    "listed",
    "names",
    "one",
    "published_before",
    "series_view",
    "several",
]

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
        return None if self.standing is None else SIDES.get(self.standing.verdict.detection.verdict)


@dataclass(frozen=True, slots=True, eq=False)
class SeriesView:
    """One series as of a moment.

    ``news`` holds the day of each figure that became known, also after the moment: when something changed is
    no secret, what it was is. ``would_be`` is the median path from before each episode, by its id; ``ahead``
    what may follow the last episode, None where none is going on. ``outlook`` is the month after the last
    figure where that is a shock, given it, as its alert tells it.
    """

    series: SeriesRecord
    as_of: dt.datetime
    known: Series | None
    figures: tuple[Figure, ...]
    forecast: ForecastRecord | None
    episodes: tuple[FollowedEpisode, ...]
    would_be: dict[str, list[tuple[Month, float]]]
    ahead: Scenarios | None
    outlook: Scenarios | None
    measures: tuple[Measure, ...]
    news: tuple[dt.date, ...]

    @property
    def followed(self) -> bool:
        """True where the forecast was made with all that was known by the moment, the last news within."""
        if self.forecast is None:
            return False
        rows = [each for figure in self.figures for each in figure.prints]
        last = max((each.observation.known_from for each in rows), default=None)
        return last is not None and self.forecast.vintage >= last and self.forecast.figures >= len(rows)

    @property
    def last(self) -> Figure | None:
        """The figure of the last span held."""
        held = [each for each in self.figures if each.value is not None]
        return max(held, key=lambda each: each.span.last) if held else None


def listed(
    connection: Connection,
    *,
    family: str | None = None,
    tag: str | None = None,
    words: str | None = None,
    desk: str | None = None,
    after: str = "",
    limit: int | None = None,
) -> Slice[SeriesRecord]:
    """Series by id, those after ``after``, all of them unless a limit is given; see storage.series.listed."""
    found = series.listed(
        connection, family=family, tag=tag, words=words, desk=desk, after=after, limit=one_more(limit)
    )
    return sliced(found, limit)


def one(connection: Connection, series_id: str, *, desk: str | None = None) -> SeriesRecord | None:
    """A registered series; None where there is none, or ``desk`` may not see it."""
    found = series.get(connection, series_id) if series_id.isprintable() else None
    hidden = found is not None and restrictions.hidden(connection, [series_id], desk)
    return None if hidden else found


def several(
    connection: Connection, ids: Collection[str], *, desk: str | None = None
) -> dict[str, SeriesRecord]:
    """Those of some series that are registered and that ``desk`` may see, by id."""
    found = series.of_ids(connection, [each for each in ids if each.isprintable()])
    hidden = restrictions.hidden(connection, [each.id for each in found], desk)
    return {each.id: each for each in found if each.id not in hidden}


def chosen(
    connection: Connection,
    *,
    series_id: str | None = None,
    family: str | None = None,
    desk: str | None = None,
) -> list[SeriesRecord]:
    """What something is asked of: one series, or a family, or every one, of those that ``desk`` may see."""
    if series_id is not None:
        found = one(connection, series_id, desk=desk)
        return [] if found is None else [found]
    if family is not None and not family.isprintable():
        return []
    return series.listed(connection, family=family, desk=desk, limit=None)


def names(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """The name of each series that is there, by id."""
    return {each.id: each.name for each in series.of_ids(connection, ids)}


def series_view(
    connection: Connection,
    registered: SeriesRecord,
    *,
    as_of: dt.datetime,
    portfolio: str,
    made_later: bool = False,
) -> SeriesView:
    """The series by what was known at a moment; ``portfolio`` names the forecasts that are published.

    With ``made_later`` the forecast may have been published after the moment, from what was known by then:
    what came of the news. A fit takes its time, so that no forecast of a figure is known with the figure.
    """
    every = observations.history(connection, [registered.id]).get(registered.id, [])
    rows = [row for row in every if row.observation.known_from <= as_of]
    known = series_as_of(registered.id, registered.unit, (row.observation for row in rows), as_of)
    judged = verdicts.listed(connection, registered.id, as_of=as_of, limit=_MOST_VERDICTS)
    figures = _figures(rows, judged)
    chronicler = Chronicler(connection, [registered], as_of=as_of)
    episodes = chronicler.episodes(registered) if chronicler.series else []
    return SeriesView(
        registered,
        as_of,
        known,
        figures,
        forecasts.latest(connection, registered.id, model=portfolio, as_of=as_of, made_later=made_later),
        tuple(episodes),
        {each.chapter.episode.id: _would_be(each) for each in episodes},
        _ahead(episodes),
        None if known is None else _outlook(connection, known, figures),
        tuple(covering(measures.listed(connection, as_of=as_of), registered)),
        tuple(sorted({row.observation.known_from.astimezone(dt.UTC).date() for row in every})),
    )


def published_before(
    connection: Connection, figure: JudgedFigure, *, portfolio: str
) -> tuple[float, float, float] | None:
    """What the published forecast said of a figure before it came: its median and 80 % bounds, in the unit.

    None where none was published, or where it did not reach the whole span. What judges a figure is this
    forecast steadied by plain witnesses, so the two differ.
    """
    asked = Asked(figure.verdict.series_id, figure.known_from, figure.span)
    (found,) = stood(connection, [asked], model=portfolio, foretold={asked.series_id})
    record = None if found.judge is None else forecasts.by_id(connection, found.judge)
    made = None if record is None else record.forecast
    if made is None or not made.reaches(figure.span):
        return None
    median, lower, upper = np.interp([0.5, 0.1, 0.9], made.levels, made.over(figure.span)).tolist()
    return median, lower, upper


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


def _outlook(connection: Connection, known: Series, figures: Sequence[Figure]) -> Scenarios | None:
    held = [each for each in figures if each.value is not None]
    last = max(held, key=lambda each: each.span.last, default=None)
    verdict = None if last is None or last.standing is None else last.standing.verdict
    side = None if verdict is None else SIDES.get(verdict.detection.verdict)
    if last is None or verdict is None or side is None:
        return None
    judge = verdict.forecast_id
    found = None if judge is None else forecasts.by_id(connection, judge)
    if found is None or found.forecast is None:
        return None
    return outlook(found.forecast, known, last.span, side)


def _ahead(episodes: Sequence[FollowedEpisode]) -> Scenarios | None:
    last = episodes[-1] if episodes else None
    if last is None or not last.chapter.followed or last.chapter.episode.status is Status.CLOSED:
        return None
    return branches(last)
