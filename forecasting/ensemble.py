"""Members made into one forecast, quantile by quantile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Rule = Literal["mean", "median", "midway"]
"""``midway`` lies half way between the weighted mean and the median: a stray member counts less."""


def combine(
    stacked: NDArray[np.float64], rule: Rule, weights: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """Values (members, …) to (…) along members: weighted mean, median without weights, or midway.

    Averaging quantiles rather than probabilities keeps the shape of the members and does not widen where
    they disagree (Lichtendahl, Grushka-Cockayne and Winkler 2013, doi:10.1287/mnsc.1120.1667).
    """
    if rule == "median":
        return np.asarray(np.median(stacked, axis=0))
    mean = np.asarray(np.average(stacked, axis=0, weights=weights))
    return mean if rule == "mean" else np.asarray((mean + np.median(stacked, axis=0)) / 2)
