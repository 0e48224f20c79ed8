"""The service's own record: published forecasts against what came, seasonal naive beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from sqlalchemy import Connection

from forecasting.months import Month
from forecasting.paired_losses import Comparison
from forecasting.portfolios import BASELINE
from forecasting.submitted_forecasts import FORECASTER
from forecasting.submitted_scores import Paired, SubmittedScore, score_submitted
from services.queries.episodes import FollowedEpisode, episodes_as_of
from services.storage import scores, submitted_scores
from services.storage.scores import Print, ScoredFigure, Standing
from services.storage.series import SeriesRecord

__all__ = ["By", "Ground", "Line", "Measured", "Print", "Standing", "ground", "measured", "scoreboard"]

By = Literal["model", "horizon", "series"]

FEWEST_MONTHS = 24
"""Months below which scores are too few to rank methods: two of each month of the year."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the scoreboard: a standing, and that of the baseline on the same forecasts' figures.

    On a forecaster's line ``ours`` is the MASE of the service's own forecasts on the same figures, and
    ``compared`` the test of its errors against those.
    """

    @property
    def skill(self) -> float | None:
        """One less the MASE over the baseline's, above zero where better; None where either is unknown."""
        if self.baseline is None or self.standing.mase is None or not self.baseline.mase:
            return None
        return 1 - self.standing.mase / self.baseline.mase

    standing: Standing
    baseline: Standing | None
    ours: float | None = None
    compared: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What the intervals of a model have held; both None, for ``reason``, until a figure was scored."""

    figures: int
    coverage_80: float | None
    coverage_95: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Ground:
    """The months that a record stands on, and what is left of it outside shocks.

    ``months`` counts calendar months of which at least one figure was scored, from ``first`` to ``last``;
    ``shocked`` those in which a scored figure lies in an episode of its series, from the onset to the month
    that closed it. ``outside`` is the record of the figures that lie in none; None where there are none.
    """

    months: int
    first: Month
    last: Month
    shocked: int
    outside: Line | None

    @property
    def too_few(self) -> bool:
        """True where nothing follows of which method is the better one."""
        return self.months < FEWEST_MONTHS


def ground(
    connection: Connection,
    registered: Sequence[SeriesRecord],
    *,
    as_of: dt.datetime,
    model: str,
    against: Print = "first_print",
    series_id: str | None = None,
    desk: str | None = None,
) -> Ground | None:
    """What a model's record stands on, by what was known at a moment; None until a figure was scored.

    Episodes are those of the series ``registered``.
    """
    scored = scores.figures(
        connection, model=model, against=against, as_of=as_of, series_id=series_id, desk=desk
    )
    if not scored:
        return None
    with_scores = {each.series_id for each in scored}
    watched = [each for each in registered if each.id in with_scores]
    inside = _inside(scored, episodes_as_of(connection, watched, as_of=as_of))
    left = scoreboard(
        connection,
        portfolio=model,
        against=against,
        as_of=as_of,
        model=model,
        series_id=series_id,
        desk=desk,
        without={each.observation_id for each in inside},
    )
    months = {month for each in scored for month in each.span}
    return Ground(
        len(months),
        min(months),
        max(months),
        len({month for each in inside for month in each.span}),
        left[0] if left else None,
    )


def _inside(scored: Sequence[ScoredFigure], episodes: Sequence[FollowedEpisode]) -> list[ScoredFigure]:
    """The figures whose span meets an episode of their series."""
    reach: dict[str, list[tuple[Month, Month]]] = {}
    for each in episodes:
        state = each.chapter.episode
        end = each.chapter.followed_to if state.closed is None else state.closed
        reach.setdefault(each.series.id, []).append((state.onset.first, end))
    return [
        each
        for each in scored
        if any(
            first <= each.span.last and each.span.first <= last
            for first, last in reach.get(each.series_id, ())
        )
    ]


def scoreboard(
    connection: Connection,
    *,
    portfolio: str,
    by: By = "model",
    against: Print = "first_print",
    as_of: dt.datetime | None = None,
    model: str | None = None,
    series_id: str | None = None,
    horizon: int | None = None,
    members: bool = False,
    desk: str | None = None,
    without: Collection[int] = (),
) -> list[Line]:
    """Lines by model, and by horizon or series where asked; with ``members`` one for each member too.

    With ``desk`` only over series, and of forecasters, that it may see; ``without`` are ids of observations
    that are left out. Behind our own lines stand those of forecasters, on the figures that they and the
    service's ``portfolio`` both foretold; what a model alone foretold is not the service's word.
    """
    found = scores.standings(
        connection,
        by=by,
        against=against,
        as_of=as_of,
        model=model,
        series_id=series_id,
        horizon=horizon,
        desk=desk,
        without=without,
    )
    naive = {_key(each): each for each in found if each.member == BASELINE}
    own = [Line(each, naive.get(_key(each))) for each in found if members or not each.member]
    if model is not None and not model.startswith(FORECASTER):
        return own
    return own + others(
        connection,
        portfolio=portfolio,
        by=by,
        against=against,
        as_of=as_of,
        forecaster=None if model is None else model.removeprefix(FORECASTER),
        series_id=series_id,
        horizon=horizon,
        desk=desk,
        without=without,
    )


def others(
    connection: Connection,
    *,
    portfolio: str,
    by: By = "model",
    against: Print = "first_print",
    as_of: dt.datetime | None = None,
    forecaster: str | None = None,
    series_id: str | None = None,
    horizon: int | None = None,
    desk: str | None = None,
    without: Collection[int] = (),
) -> list[Line]:
    """The lines of forecasters alone, of one or of all that the desk sees; see ``scoreboard``."""
    pairs = submitted_scores.paired(
        connection,
        by=by,
        against=against,
        as_of=as_of,
        portfolio=portfolio,
        forecaster=forecaster,
        series_id=series_id,
        horizon=horizon,
        desk=desk,
        without=without,
    )
    return _lines_of_forecasters(pairs, by)


def _lines_of_forecasters(pairs: Iterable[Paired], by: By) -> list[Line]:
    """Lines of forecasters, by id, over the figures that they and the service both foretold.

    ``pairs`` come line by line. Errors are over the scale of the service's newest forecast before the figure,
    whose horizon is theirs too, and whose seasonal naive is the baseline.
    """

    def line(each: Paired) -> tuple[str, int, str]:
        horizon = each.horizon if by == "horizon" else 0
        return each.said.forecaster, horizon, each.series_id if by == "series" else ""

    found = {key: score_submitted(theirs) for key, theirs in groupby(pairs, line)}
    return [_line(key[0], key[1] or None, key[2] or None, found[key]) for key in sorted(found)]


def _line(forecaster: str, horizon: int | None, series_id: str | None, score: SubmittedScore) -> Line:
    theirs = Standing(
        model=f"{FORECASTER}{forecaster}",
        member="",
        horizon=horizon,
        series_id=series_id,
        figures=score.figures,
        mase=score.mase,
        pinball=None,
        wis=None,
        bias=score.bias,
        coverage_80=score.coverage_80,
        coverage_95=None,
        coverage_range=score.coverage_range,
    )
    naive = replace(
        theirs, member=BASELINE, mase=score.naive, bias=None, coverage_80=None, coverage_range=None
    )
    return Line(theirs, naive, score.ours, score.compared)


def _key(standing: Standing) -> tuple[str, int | None, str | None]:
    return standing.model, standing.horizon, standing.series_id


def measured(connection: Connection, model: str, *, as_of: dt.datetime | None = None) -> Measured:
    """Coverage of a model's published forecasts over all series, against first prints, known as of a moment.

    A model that is a member of a portfolio too has its own intervals scored there, and these count.
    """
    own = _of(scores.standings(connection, model=model, as_of=as_of), "")
    own = own or _of(scores.standings(connection, member=model, as_of=as_of), model)
    figures = sum(each.figures for each in own)
    if not figures:
        reason = "no month that a published forecast of this model foretold has arrived yet"
        return Measured(0, None, None, reason)
    return Measured(
        figures,
        sum((each.coverage_80 or 0.0) * each.figures for each in own)
        / figures,  # our own have both intervals
        sum((each.coverage_95 or 0.0) * each.figures for each in own) / figures,
        None,
    )


def _of(found: Sequence[Standing], member: str) -> list[Standing]:
    return [each for each in found if each.member == member]
