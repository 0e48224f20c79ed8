"""The path after a shock: one branch a type, and their weighted mixture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from forecasting.forecast import Forecast
from forecasting.shocks.counterfactual import Counterfactual
from forecasting.shocks.interventions import MISFIT, Intervention, Typing, path
from forecasting.shocks.tails import tails

Floats = NDArray[np.float64]

EFFECT_SPREAD = 1.0
"""Standard deviation of the effect before it is seen, in multiples of the first deviation: nearly flat."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What follows if the shock is of one type, and how probable that is."""

    intervention: Intervention
    weight: float
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Scenarios:
    """The branches, heaviest first, and the forecast that is their mixture; weights sum to one."""

    branches: tuple[Branch, ...]
    mixture: Forecast


def scenarios(baseline: Counterfactual, figures: Floats, onset: int, types: Typing) -> Scenarios:
    """Scenarios for the months of the baseline after the figures (months,) seen, NaN where not held.

    A branch is the baseline's forecast given the figures, if the shock has the type's path: deviations are
    Gaussian on the working scale with the baseline's covariance, and quantiles keep the baseline's shape.
    The mixture is that of the branches' distributions and not of their quantiles.
    """
    seen = len(figures)
    deviations = baseline.score(figures) - baseline.score(baseline.median[:seen])
    branches = tuple(
        Branch(kind, weight, _branch(baseline, deviations, onset, kind))
        for kind, weight in sorted(types.now.items(), key=lambda each: -each[1])
    )
    return Scenarios(
        branches, mixture([branch.forecast for branch in branches], [b.weight for b in branches])
    )


def _branch(baseline: Counterfactual, deviations: Floats, onset: int, kind: Intervention) -> Forecast:
    seen, ahead = len(deviations), np.arange(len(deviations), baseline.months)
    held = np.flatnonzero(np.isfinite(deviations))
    shape = np.concatenate([np.zeros(onset), path(kind, baseline.months - onset)])
    first = float(deviations[onset])
    covariance = baseline.covariance + np.outer(shape, shape) * (EFFECT_SPREAD * first) ** 2
    covariance += np.diag(np.where(np.arange(baseline.months) > onset, (MISFIT * first) ** 2, 0.0))
    prior_mean = shape * first
    gain = np.linalg.solve(covariance[np.ix_(held, held)], covariance[np.ix_(held, ahead)]).T
    mean = prior_mean[ahead] + gain @ (deviations[held] - prior_mean[held])
    spread = np.sqrt(
        np.maximum(np.diag(covariance[np.ix_(ahead, ahead)] - gain @ covariance[np.ix_(held, ahead)]), 0.0)
    )
    rows = baseline.score(baseline.quantiles[ahead])
    median = rows[:, [baseline.forecast.levels.index(0.5)]]
    wider = (spread / baseline.spread[ahead])[:, None]
    values = baseline.unscore(median + mean[:, None] + wider * (rows - median))
    origin = baseline.forecast.origin + seen
    return replace(baseline.forecast, origin=origin, values=values, model=f"scenario {kind}")


def mixture(forecasts: list[Forecast], weights: list[float]) -> Forecast:
    """Forecast whose distribution in each month is the weighted mixture; levels and origin are shared."""
    first = forecasts[0]
    levels = np.asarray(first.levels)
    wanted = ndtri(levels)
    values = np.empty_like(first.values)
    for step in range(first.horizon):
        rows = np.stack([forecast.values[step] for forecast in forecasts])
        reach = 0.5 * (rows.max() - rows.min())
        grid = np.unique(
            np.concatenate([rows.ravel(), np.linspace(rows.min() - reach, rows.max() + reach, 400)])
        )
        if (rows >= 0).all():
            grid = np.unique(np.maximum(grid, 0.0))
        below = np.zeros(len(grid))
        for row, weight in zip(rows, weights, strict=True):
            below += weight * tails(grid, np.broadcast_to(row, (len(grid), len(row))), levels).lower
        scores = np.maximum.accumulate(ndtri(np.clip(below, 1e-9, 1 - 1e-9)))
        values[step] = np.interp(wanted, scores, grid)
    return replace(first, values=values, model="scenarios")
