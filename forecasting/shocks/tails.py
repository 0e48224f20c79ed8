"""How far out a figure lies in a predictive distribution that is stored as a few quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

RAREST = 1e-12
"""Smallest tail probability that is told apart; it bounds the surprise at about 7."""

FLOOR_SHARE = 0.01
"""Share of the median below which a figure is not told apart from nothing: as for the witnesses."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """Where ``n`` figures lie in their predictive distributions; every array has shape (n,).

    ``lower`` is the probability of a figure this low or lower, ``upper`` of one this high or higher. Together
    they are one, and more where the distribution has mass on the figure itself (a zero, a constant series).
    """

    lower: Floats
    upper: Floats

    @property
    def probability(self) -> Floats:
        """Smaller of the two: the probability of a figure at least as far out on its side."""
        return np.minimum(self.lower, self.upper)

    @property
    def surprise(self) -> Floats:
        """Normal score: below zero for a low figure, zero on the median, comparable between series."""
        size = -ndtri(np.minimum(self.probability, 0.5))
        return np.asarray(np.where(self.lower <= self.upper, -size, size), dtype=np.float64)


def tails(actual: ArrayLike, quantiles: ArrayLike, levels: ArrayLike) -> Tails:
    """Tails of figures (n,) in distributions given as quantiles (n, q) at levels (q,).

    Between two quantiles the normal score is linear in the figure, or in its logarithm where the median is
    above zero and no quantile below it. Beyond the outermost quantile the tail is exponential on the same
    scale with the rate of the last two quantiles: the generalised Pareto law of exceedances with shape zero
    (Pickands 1975, doi:10.1214/aos/1176343003), assumed and not fitted; what judges has quantiles beyond any
    usual budget. FLOOR_SHARE of the median is added before logarithms: a month of nothing is then as
    improbable as the lowest quantiles are far from nothing, and where they are near it, about as probable as
    the lowest level. Figures are finite.
    """
    figures = np.asarray(actual, dtype=np.float64)
    grid = np.asarray(quantiles, dtype=np.float64)
    level = np.asarray(levels, dtype=np.float64)
    median = grid[:, int(np.searchsorted(level, 0.5))]
    positive: NDArray[np.bool_] = np.all(grid >= 0, axis=1) & (median > 0)
    floor = FLOOR_SHARE * median[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.where(positive, np.log(np.maximum(figures, 0.0) + floor[:, 0]), figures)
        q = np.where(positive[:, None], np.log(grid + floor), grid)
    lower = _at_or_below(x, q, level)
    upper = _at_or_below(-x, -q[:, ::-1], 1 - level[::-1])
    return Tails(lower, upper)


def _at_or_below(x: Floats, q: Floats, level: Floats) -> Floats:
    """P(Y <= x), right-continuous at mass points."""
    rows = np.arange(len(x))
    at_or_under = (x[:, None] >= q).sum(axis=1)
    left = np.clip(at_or_under - 1, 0, q.shape[1] - 2)
    right = left + 1
    width = q[rows, right] - q[rows, left]
    score = ndtri(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(width > 0, (x - q[rows, left]) / width, 0.0)
        inside = ndtr(score[left] + share * (score[right] - score[left]))
        below = level[0] * np.exp(-_excess(q[:, 0] - x, q, level))
        above = 1 - (1 - level[-1]) * np.exp(-_excess(x - q[:, -1], -q[:, ::-1], 1 - level[::-1]))
    probability = np.where(at_or_under == 0, below, np.where(at_or_under == q.shape[1], above, inside))
    return np.asarray(np.clip(probability, RAREST, 1 - RAREST), dtype=np.float64)


def _excess(distance: Floats, q: Floats, level: Floats) -> Floats:
    """Distance beyond the first quantile in units of the exponential tail's scale there."""
    last_two = (q[:, 1] - q[:, 0]) / np.log(level[1] / level[0])
    median = int(np.searchsorted(level, 0.5))
    to_median = (q[:, median] - q[:, 0]) / np.log(level[median] / level[0])
    scale = np.where(last_two > 0, last_two, to_median)
    return np.where(distance <= 0, 0.0, distance / scale)
