"""Whether a season can be in a series at all: asked before one is fitted, which is what smoothing costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecasting.metrics import SEASON, centred_year

LEAST_RATIO = 2.0
"""Variance ratio below which AICc does not take a season: on training windows it took one in none of 151
series of M3 and in one of 173 of trade (``python -m tests.benchmarks.seasons``)."""
_FEWEST_OVER = 5
"""Months beyond two years below which a ratio says nothing."""
_ROUNDINGS = 16
"""Roundings of the largest figure: what is left where each figure is its year's mean."""


def may_be_seasonal(values: NDArray[np.float64]) -> bool:
    """Whether exponential smoothing should try a season on values (n,), on the scale that it is fitted on.

    True where too little is held to say, and where ``variance_ratio`` is LEAST_RATIO or more.
    """
    ratio = variance_ratio(values)
    return ratio is None or ratio >= LEAST_RATIO


def variance_ratio(values: NDArray[np.float64]) -> float | None:
    """Variance between calendar months over that within them, of values (n,) less their centred year's mean.

    The F ratio of one-way analysis of variance, about 1 without a season; infinite where each year repeats
    the last. None where too few months are held, or nothing varies.
    """
    if len(values) <= 2 * SEASON + _FEWEST_OVER:
        return None
    level = centred_year(values)
    half = SEASON // 2
    moved = values[half : half + len(level)] - level
    month = np.arange(len(moved)) % SEASON
    means = np.bincount(month, moved, SEASON) / np.bincount(month, minlength=SEASON)
    between = float((means[month] ** 2).sum()) / (SEASON - 1)
    within = float(((moved - means[month]) ** 2).sum()) / (len(moved) - SEASON)
    least = (_ROUNDINGS * np.finfo(np.float64).eps * float(np.abs(values).max())) ** 2
    if max(between, within) <= least:
        return None
    return between / within if within > least else float("inf")
