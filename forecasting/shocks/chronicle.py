"""The episodes of one series, one after another: which shock begins one, and which belongs to the last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.counterfactual import Counterfactual, counterfactual
from forecasting.shocks.episodes import REOPENED_WITHIN, Episode, closing, episode
from forecasting.shocks.interventions import Side, Typing, typing
from forecasting.shocks.scenarios import Scenarios, scenarios

Floats = NDArray[np.float64]

FOLLOWED = 24
"""Months after which a shock that has not recovered is the new normal and no longer followed."""


@dataclass(frozen=True, slots=True, eq=False)
class Shock:
    """A figure judged a shock, with the forecast published before it was known."""

    span: Span
    side: Side
    before: Forecast


@dataclass(frozen=True, slots=True, eq=False)
class Chapter:
    """One episode as of the series given, the shock that began it, and what kind of shock it is.

    ``series`` ends with the last month looked at: that which closed it, else the last held, the month before
    the next episode began, or the 24th after onset. ``followed`` is False where no later figure can change
    it: another has begun, the 24 months are over, or it closed more than three months ago.
    """

    shock: Shock
    series: Series
    episode: Episode
    types: Typing
    followed: bool

    @property
    def followed_to(self) -> Month:
        """The last month looked at."""
        return self.series.end


def begins(last: Span, closed: Month | None, shock: Span) -> bool:
    """True where a shock begins an episode of its own after one of onset ``last``.

    ``closed`` is the month that closed that one, by the figures up to the shock's.
    """
    return shock.last.since(last.last) > FOLLOWED or (closed is not None and shock.first > closed)


def chronicle(
    series: Series,
    shocks: Iterable[Shock],
    *,
    measures_ahead: frozenset[Span] = frozenset(),
    only: Span | None = None,
) -> list[Chapter]:
    """Episodes of a series as of one moment, in the order of their onsets; ``only`` that of one onset.

    Nothing about an onset is decided by a figure of a later month. ``measures_ahead`` holds the spans at
    which a dated measure was announced and not yet in force. A shock whose span the series does not hold,
    or its forecast does not reach, begins nothing.
    """
    found = onsets(series, shocks)
    ends = [following.span.first - 1 for following in found[1:]] + [series.end] * bool(found)
    return [
        _followed(series, shock, end, measures_ahead)
        for shock, end in zip(found, ends, strict=True)
        if only in {None, shock.span}
    ]


def latest(
    series: Series, shocks: Iterable[Shock], *, measures_ahead: frozenset[Span] = frozenset()
) -> Chapter | None:
    """The last of the chronicle's episodes; None where there is none."""
    found = onsets(series, shocks)
    return _followed(series, found[-1], series.end, measures_ahead) if found else None


def onsets(series: Series, shocks: Iterable[Shock]) -> list[Shock]:
    """Those of the shocks that begin an episode of their own, in the order of their spans."""
    found: list[Shock] = []
    for shock in sorted(shocks, key=lambda each: each.span):
        if not (np.isfinite(series.over(shock.span)) and shock.before.reaches(shock.span)):
            continue
        last = found[-1] if found else None
        known = series.until(shock.span.last)
        if last is None or begins(last.span, closing(known, last.before, last.span, last.side), shock.span):
            found.append(shock)
    return found


def _followed(series: Series, shock: Shock, last: Month, measures_ahead: frozenset[Span]) -> Chapter:
    end = max(min(last, shock.span.last + FOLLOWED), shock.span.last)
    found = chapter(series.until(end), shock, measure_ahead=shock.span in measures_ahead)
    return found if end == series.end else replace(found, followed=False)


def chapter(series: Series, shock: Shock, *, measure_ahead: bool = False) -> Chapter:
    """State, and types at first sight and now, of the episode that a shock began, until it closed."""
    closed = closing(series, shock.before, shock.span, shock.side)
    lived = series if closed is None else series.until(closed)
    baseline = counterfactual(shock.before, lived.end)
    onset = baseline.step(shock.span.first)
    types = typing(baseline, figures(lived, baseline), onset, shock.side, measure_ahead=measure_ahead)
    state = episode(lived, shock.before, shock.span, shock.side)
    followed = closed is None or series.end.since(closed) <= REOPENED_WITHIN
    return Chapter(shock, lived, state, types, followed)


def ahead(found: Chapter, months: int) -> Scenarios:
    """What follows after the last month of a chapter, for so many months, by type and mixed."""
    baseline = counterfactual(found.shock.before, found.followed_to + months)
    seen = figures(found.series, counterfactual(found.shock.before, found.followed_to))
    return scenarios(baseline, seen, baseline.step(found.shock.span.first), found.types)


def figures(series: Series, baseline: Counterfactual) -> Floats:
    """Figures (months,) of the baseline's months, NaN where not held.

    What no source splits of a total is split here as the baseline's median is, which says nothing new of it;
    of two totals that overlap the shorter is split first, and one below its own months is left out.
    """
    first = baseline.forecast.first
    found = np.array([series.at(first + step) for step in range(baseline.months)])
    for total in sorted(series.totals, key=lambda each: each.span.months):
        start = baseline.step(total.span.first)
        steps = np.arange(start, start + total.span.months)
        if start < 0 or steps[-1] >= len(found):
            continue
        missing = steps[np.isnan(found[steps])]
        rest = total.value - float(np.nansum(found[steps]))
        if len(missing) == 0 or (series.non_negative and rest < 0):
            continue
        expected = baseline.median[missing]
        whole = expected.sum()
        found[missing] = rest * (expected / whole if whole else 1 / len(missing))
    return found
