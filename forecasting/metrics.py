"""Accuracy and calibration of forecasts: arrays in, plain numbers out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SEASON = 12
"""Months in a season, for every scaled error."""
_SEASONAL_Z = 1.645
"""Critical value of Naive2's test for a season, 90 % two-sided (Makridakis et al. 2020)."""


def seasonal_scale(history: Array) -> float:
    """Mean absolute year-on-year change of the history, in its unit; NaN gaps are skipped.

    NaN where no pair of months a year apart is held; 0 for an exactly repeating history.
    """
    changes = np.abs(history[SEASON:] - history[:-SEASON])
    changes = changes[np.isfinite(changes)]
    return float(changes.mean()) if changes.size else float("nan")


def mase(actual: Array, forecast: Array, scale: float) -> float:
    """Mean absolute error over ``seasonal_scale`` (Hyndman and Koehler 2006, eq. of section 3.2)."""
    return float(np.nanmean(np.abs(actual - forecast)) / scale)


def smape(actual: Array, forecast: Array) -> float:
    """Symmetric mean absolute percentage error, 0 to 200; a month where both are 0 counts as 0."""
    size = np.abs(actual) + np.abs(forecast)
    error = np.abs(actual - forecast)
    shares = np.where(size == 0, 0.0, error / np.where(size == 0, 1.0, size))
    return float(200 * np.nanmean(shares))


def naive2(history: Array, horizon: int) -> Array:
    """Last value, seasonally adjusted by ratio-to-moving-average indices where the season is significant.

    The yardstick of OWA in M4 (Makridakis, Spiliotis and Assimakopoulos 2020). The history holds no NaN; with
    fewer than 36 months or a figure of zero or less the last value is repeated.
    """
    last = np.full(horizon, history[-1])
    count = len(history)
    if count < 3 * SEASON or (history <= 0).any() or not _is_seasonal(history):
        return last
    trend = centred_year(history)
    half = SEASON // 2
    ratios = history[half : half + len(trend)] / trend
    months = (np.arange(len(trend)) + half) % SEASON
    indices = np.array([ratios[months == month].mean() for month in range(SEASON)])
    indices *= SEASON / indices.sum()
    ahead = (count + np.arange(horizon)) % SEASON
    return np.asarray(history[-1] / indices[(count - 1) % SEASON] * indices[ahead])


def centred_year(values: Array) -> Array:
    """Mean of the year around each of values (n,) but the first and last six: (n - 12,), in their unit."""
    weights = np.r_[0.5, np.ones(SEASON - 1), 0.5] / SEASON
    return np.asarray(np.convolve(values, weights, "valid"))


def _is_seasonal(history: Array) -> bool:
    centred = history - history.mean()
    power = float((centred**2).sum())
    if power == 0:
        return False
    acf = np.array([(centred[lag:] * centred[:-lag]).sum() / power for lag in range(1, SEASON + 1)])
    limit = _SEASONAL_Z * np.sqrt((1 + 2 * (acf[:-1] ** 2).sum()) / len(history))
    return bool(abs(acf[-1]) > limit)


def owa(smapes: tuple[float, float], mases: tuple[float, float]) -> float:
    """Overall weighted average: mean of sMAPE and MASE, each (method, Naive2) averaged over the set first."""
    return (smapes[0] / smapes[1] + mases[0] / mases[1]) / 2


def pinball(actual: Array, quantiles: Array, levels: Sequence[float]) -> Array:
    """Quantile loss (h, q) in the series' unit of quantiles (h, q) against actual (h,)."""
    error = actual[:, None] - quantiles
    tau = np.asarray(levels)
    return np.asarray(np.maximum(tau * error, (tau - 1) * error))


def wis(actual: Array, quantiles: Array, levels: Sequence[float]) -> Array:
    """Weighted interval score (h,): twice the mean quantile loss over symmetric levels.

    Bracher et al. 2021, doi:10.1371/journal.pcbi.1008618, eq. 1 and 3.
    """
    return np.asarray(2 * pinball(actual, quantiles, levels).mean(axis=1))


def msis(actual: Array, low: Array, high: Array, scale: float, level: float = 0.95) -> float:
    """Mean scaled interval score of a central interval (Gneiting and Raftery 2007), over ``scale``."""
    miss = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    return float(np.nanmean(high - low + 2 / (1 - level) * miss) / scale)


def coverage(actual: Array, low: Array, high: Array) -> float:
    """Share of held months inside [low, high]; NaN where none is held."""
    held = np.isfinite(actual)
    inside = (actual[held] >= low[held]) & (actual[held] <= high[held])
    return float(inside.mean()) if inside.size else float("nan")
