"""Rolling origin in whole months: what a model that saw only the past says, against what came.

history ─────────────────┤ origin          fold 0: the last horizon is held back
──────────────┤ origin ··· horizon ···     fold 1: one horizon earlier, and so on
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting import metrics
from forecasting.forecast import Forecast
from forecasting.months import Month
from forecasting.series import Series

SHORTEST_PAST = 24
"""Months that must stand before an origin: two seasons, so that a scaled error has a scale."""
WIS_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One origin of one series: ``past`` is all a model may see, ``actual`` (h,) what came, NaN not held."""

    past: Series
    actual: NDArray[np.float64]


def fold(series: Series, horizon: int, back: int = 0) -> Fold | None:
    """Origin ``(back + 1) * horizon`` months before the end; None where too little stands before."""
    return fold_at(series, series.end - (back + 1) * horizon, horizon)


def fold_at(series: Series, origin: Month, horizon: int) -> Fold | None:
    """The series cut after a month, against what came; None where either is too little."""
    if origin.since(series.start) + 1 < SHORTEST_PAST:
        return None
    return known_fold(series.until(origin), series, horizon)


def known_fold(past: Series, latest: Series, horizon: int) -> Fold | None:
    """A series as it was known at a moment, against the latest figures of the months after it.

    None where fewer than SHORTEST_PAST months were known, or none of those after them is held.
    """
    actual = np.array([latest.at(past.end + step) for step in range(1, horizon + 1)])
    usable = past.held >= SHORTEST_PAST and bool(np.isfinite(actual).any())
    return Fold(past, actual) if usable else None


@dataclass(frozen=True, slots=True)
class Score:
    """One forecast of one fold: percent, scaled errors, and shares of months inside the intervals."""

    smape: float
    mase: float
    msis95: float
    wis: float
    coverage80: float
    coverage95: float


def score(fold: Fold, forecast: Forecast) -> Score | None:
    """Score of the median and the intervals; None where the past never changes, so that nothing is scaled."""
    scale = metrics.seasonal_scale(fold.past.values)
    held = np.isfinite(fold.actual)
    if not scale > 0 or not held.any():
        return None
    actual = fold.actual[held]
    low95, low80, high80, high95 = (forecast.quantile(level)[held] for level in (0.025, 0.1, 0.9, 0.975))
    quantiles = np.stack([forecast.quantile(level)[held] for level in WIS_LEVELS], axis=1)
    return Score(
        smape=metrics.smape(actual, forecast.median[held]),
        mase=metrics.mase(actual, forecast.median[held], scale),
        msis95=metrics.msis(actual, low95, high95, scale),
        wis=float(metrics.wis(actual, quantiles, WIS_LEVELS).mean() / scale),
        coverage80=metrics.coverage(actual, low80, high80),
        coverage95=metrics.coverage(actual, low95, high95),
    )


def yardstick(fold: Fold, filled: Series) -> tuple[float, float] | None:
    """Naive2's sMAPE and MASE on the same fold, for OWA; ``filled`` is the past without gaps."""
    scale = metrics.seasonal_scale(fold.past.values)
    held = np.isfinite(fold.actual)
    if not scale > 0 or not held.any():
        return None
    path = metrics.naive2(filled.values, len(fold.actual))
    return (
        metrics.smape(fold.actual[held], path[held]),
        metrics.mase(fold.actual[held], path[held], scale),
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """Means of scores over folds and series; ``owa`` is against Naive2 on the very same folds."""

    folds: int
    smape: float
    mase: float
    owa: float
    msis95: float
    wis: float
    coverage80: float
    coverage95: float


def summarise(scores: Iterable[tuple[Score, tuple[float, float]]]) -> Summary | None:
    """Summary of (score, yardstick) pairs; None where there is none."""
    pairs = list(scores)
    if not pairs:
        return None
    table = np.array(
        [
            (one.smape, one.mase, one.msis95, one.wis, one.coverage80, one.coverage95, *naive)
            for one, naive in pairs
        ]
    )
    smape, mase, msis95, wis, coverage80, coverage95, naive_smape, naive_mase = table.mean(axis=0).tolist()
    owa = metrics.owa((smape, naive_smape), (mase, naive_mase))
    return Summary(len(pairs), smape, mase, owa, msis95, wis, coverage80, coverage95)
