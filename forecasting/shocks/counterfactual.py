"""What would have been: the forecast published before a shock, rolled on, with its errors' joint law."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.forecast import Forecast
from forecasting.months import Month, Span

Floats = NDArray[np.float64]

FLOOR_SHARE = 0.02
"""Share of the median level added before logarithms, so that a month of nothing has a finite deviation."""


@dataclass(frozen=True, slots=True, eq=False)
class Counterfactual:
    """The forecast published before onset, extended beyond its horizon by its own last year.

    Deviations are on the working scale: log of the figure plus ``floor`` where no quantile is negative, the
    figure itself otherwise. Forecast errors on that scale are Gaussian with the published 80 % width, and
    correlated between months as those of a local level: one innovation, of which a share stays (Hyndman,
    Koehler, Ord and Snyder 2008, doi:10.1007/978-3-540-71918-2, section 6.1).
    """

    forecast: Forecast
    months: int

    def row(self, step: int) -> Floats:
        """Quantiles (q,) of the month ``step`` after the origin, from 1.

        Beyond the horizon: those of the same month of the last year forecast, the spread widened with the
        square root of the time.
        """
        horizon = self.forecast.horizon
        if step <= horizon:
            published: Floats = self.forecast.values[step - 1]
            return published
        back = min(12, horizon)
        inside = step - back * math.ceil((step - horizon) / back)
        row = self.forecast.values[inside - 1]
        median = row[self.forecast.levels.index(0.5)]
        wider: Floats = median + (row - median) * math.sqrt(step / inside)
        return np.maximum(wider, 0.0) if not (self.forecast.values < 0).any() else wider

    @property
    def quantiles(self) -> Floats:
        """Quantiles (months, q) in the series' unit."""
        return np.stack([self.row(step) for step in range(1, self.months + 1)])

    @property
    def median(self) -> Floats:
        """Median path (months,) in the series' unit."""
        return self.quantiles[:, self.forecast.levels.index(0.5)]

    def over(self, span: Span) -> Floats:
        """Quantiles (q,) of the total over a span inside the months covered; months move together."""
        first = self.step(span.first)
        total: Floats = self.quantiles[first : first + span.months].sum(axis=0)
        return total

    def step(self, month: Month) -> int:
        """Index of a month in the arrays; 0 is the first month after the origin."""
        return month.since(self.forecast.first)

    @property
    def floor(self) -> float | None:
        """What is added before logarithms, in the unit; None where the scale is the plain figure."""
        if (self.forecast.values < 0).any() or not (self.forecast.median > 0).any():
            return None
        return FLOOR_SHARE * float(np.median(self.forecast.median[self.forecast.median > 0]))

    def score(self, figures: Floats) -> Floats:
        """Figures on the working scale."""
        floor = self.floor
        return figures if floor is None else np.asarray(np.log(np.maximum(figures, 0.0) + floor))

    def unscore(self, scores: Floats) -> Floats:
        """Back to the series' unit; not below zero on the logarithmic scale."""
        floor = self.floor
        return scores if floor is None else np.maximum(np.exp(np.clip(scores, -700, 700)) - floor, 0.0)

    @property
    def spread(self) -> Floats:
        """Standard deviation (months,) of the forecast error on the working scale, from the 80 % width."""
        levels, grid = self.forecast.levels, self.score(self.quantiles)
        width = np.array([np.diff(np.interp([0.1, 0.9], levels, row))[0] for row in grid])
        smallest = 1e-3 * max(float(np.abs(grid).mean()), 1e-9)
        return np.maximum(width / 2.5631031, smallest)

    @property
    def covariance(self) -> Floats:
        """Covariance (months, months) of the forecast errors on the working scale."""
        spread = self.spread
        steps = np.arange(self.months)
        growth = (spread[-1] ** 2 / spread[0] ** 2 - 1) / max(self.months - 1, 1)
        kept = math.sqrt(min(max(growth, 0.0), 1.0))
        variance = 1 + kept**2 * steps
        earlier = np.minimum.outer(steps, steps)
        shared = kept + kept**2 * earlier
        correlation = shared / np.sqrt(np.outer(variance, variance))
        np.fill_diagonal(correlation, 1.0)
        return np.outer(spread, spread) * correlation

    def sample(self, draws: int, rng: np.random.Generator) -> Floats:
        """Joint paths (draws, months) in the series' unit, seeded by the caller."""
        centre = self.score(self.median)
        return self.unscore(rng.multivariate_normal(centre, self.covariance, size=draws, method="eigh"))


def counterfactual(before: Forecast, last: Month) -> Counterfactual:
    """Counterfactual from the month after the forecast's origin to ``last``."""
    return Counterfactual(before, max(last.since(before.origin), 1))
