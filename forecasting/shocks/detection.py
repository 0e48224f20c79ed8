"""The verdict on one figure: how unlikely it was by the forecast that was published before it was known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecasting.errors import InvalidBudgetError, InvalidSeriesError
from forecasting.forecast import Forecast
from forecasting.months import Span
from forecasting.shocks.tails import tails

Bounds = tuple[float, float, float, float, float]


class Verdict(StrEnum):
    """What one figure is."""

    SHOCK_DOWN = "shock_down"
    SHOCK_UP = "shock_up"
    ORDINARY = "ordinary"
    NOT_JUDGED = "not_judged"


UNFORETOLD = "no forecast was published before this figure was known"
"""Why there is no verdict on a figure that nothing foretold."""

SHOCKS = frozenset({Verdict.SHOCK_DOWN, Verdict.SHOCK_UP})


@dataclass(frozen=True, slots=True)
class Detection:
    """One figure judged; every quantity is in the series' unit, over the figure's whole span.

    Attributes
    ----------
    verdict, reason
        The verdict, and why, in words that a trader can read.
    probability
        Predictive probability of a figure this low or lower.
    tail_probability
        Predictive probability of a figure at least as far out on its side.
    surprise
        Normal score of the tail probability: signed, bounded at about 7, comparable between series.
    expected, lower_80, upper_80, lower_95, upper_95
        The median, and the bounds of the central 80 % and 95 % intervals.
    threshold
        One-sided tail probability below which a figure is a shock.
    """

    verdict: Verdict
    reason: str
    probability: float | None
    tail_probability: float | None
    surprise: float | None
    expected: float | None
    lower_80: float | None
    upper_80: float | None
    lower_95: float | None
    upper_95: float | None
    threshold: float


def threshold(budget: float) -> float:
    """One-sided tail probability of one monthly figure that spends an alert budget.

    ``budget`` is the false alarms expected per series and year, above 0 and at most 12; half is spent on
    each side. InvalidBudgetError outside.
    """
    if not 0 < budget <= 12:
        raise InvalidBudgetError(budget)
    return budget / 12 / 2


def judge(actual: float, span: Span, forecast: Forecast | None, *, budget: float = 0.1) -> Detection:
    """Verdict on the figure of a span by the forecast published before it; see judge_many."""
    return judge_many([actual], [span], [forecast], budget=budget)[0]


def judge_many(
    actuals: Sequence[float],
    spans: Sequence[Span],
    forecasts: Sequence[Forecast | None],
    *,
    budget: float = 0.1,
) -> tuple[Detection, ...]:
    """Verdicts on the figures of one release, in one vectorised pass for each set of levels.

    A figure is not judged where no forecast was published before it or where that forecast ends before the
    span. InvalidSeriesError where a figure is not a finite number; InvalidBudgetError as in ``threshold``.
    """
    limit = threshold(budget)
    detections: list[Detection | None] = [None] * len(actuals)
    by_levels: dict[tuple[float, ...], list[tuple[int, Forecast]]] = {}
    for place, (actual, span, forecast) in enumerate(zip(actuals, spans, forecasts, strict=True)):
        if not math.isfinite(actual):
            name = "?" if forecast is None else forecast.series_id
            raise InvalidSeriesError(name, f"the figure of {span} is {actual}, not a finite number")
        if forecast is None:
            detections[place] = not_judged(UNFORETOLD, budget)
        elif not forecast.reaches(span):
            reach = f"{forecast.first} to {forecast.last}"
            detections[place] = not_judged(
                f"the forecast published before it runs from {reach}, not to {span}", budget
            )
        else:
            by_levels.setdefault(forecast.levels, []).append((place, forecast))
    for levels, group in by_levels.items():
        quantiles = np.stack([forecast.over(spans[place]) for place, forecast in group])
        found = tails([actuals[place] for place, _ in group], quantiles, levels)
        numbers = zip(
            found.lower.tolist(), found.probability.tolist(), found.surprise.tolist(), quantiles, strict=True
        )
        for (place, forecast), (lower, tail, surprise, row) in zip(group, numbers, strict=True):
            detections[place] = _judged(
                actuals[place],
                forecast.unit,
                _bounds(row, levels),
                lower=lower,
                tail=tail,
                surprise=surprise,
                limit=limit,
            )
    return tuple(detection for detection in detections if detection is not None)


def discoveries(tail_probabilities: ArrayLike, *, rate: float = 0.1) -> NDArray[np.bool_]:
    """Which figures (n,) of one release are shocks while at most ``rate`` of those named are false.

    Benjamini and Hochberg 1995 (doi:10.1111/j.2517-6161.1995.tb02031.x) on two-sided probabilities, twice the
    tail; holds for independent and for positively dependent figures. NaN (not judged) is never a discovery
    and not counted. InvalidBudgetError where the rate is outside (0, 1].
    """
    if not 0 < rate <= 1:
        raise InvalidBudgetError(rate)
    both = 2 * np.asarray(tail_probabilities, dtype=np.float64)
    found = np.zeros(both.shape, dtype=np.bool_)
    judged = np.flatnonzero(np.isfinite(both))
    ranked = judged[np.argsort(both[judged], kind="stable")]
    passing = np.flatnonzero(both[ranked] <= rate * np.arange(1, len(ranked) + 1) / max(len(ranked), 1))
    if passing.size:
        found[ranked[: passing[-1] + 1]] = True
    return found


def not_judged(why: str, budget: float) -> Detection:
    """Detection that says why there is no verdict; InvalidBudgetError as in ``threshold``."""
    limit = threshold(budget)
    return Detection(Verdict.NOT_JUDGED, why, None, None, None, None, None, None, None, None, limit)


def _bounds(row: NDArray[np.float64], levels: tuple[float, ...]) -> Bounds:
    median, low80, high80, low95, high95 = np.interp([0.5, 0.1, 0.9, 0.025, 0.975], levels, row).tolist()
    return median, low80, high80, low95, high95


def _judged(
    actual: float, unit: str, bounds: Bounds, *, lower: float, tail: float, surprise: float, limit: float
) -> Detection:
    median, low80, high80, low95, high95 = bounds
    shock = tail < limit
    verdict = Verdict.ORDINARY
    if shock:
        verdict = Verdict.SHOCK_DOWN if surprise < 0 else Verdict.SHOCK_UP
    reason = (
        f"{_figure(actual)} {unit} against {_figure(median)} expected "
        f"(80 % between {_figure(low80)} and {_figure(high80)}); "
        f"a figure this {'low or lower' if surprise < 0 else 'high or higher'} had a chance of "
        f"{_one_in(tail)}, {'below' if shock else 'not below'} the {_one_in(limit)} that makes a shock"
    )
    return Detection(verdict, reason, lower, tail, surprise, median, low80, high80, low95, high95, limit)


def _figure(value: float) -> str:
    """A quantity with thousands parted and four digits or more that count."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.4g}"


def _one_in(probability: float) -> str:
    """A chance as messages say it, in full, so that it never rounds to the other side of its limit."""
    return "less than 1 in 10,000" if probability < 1e-4 else f"1 in {1 / probability:,.0f}"
