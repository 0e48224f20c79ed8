"""Series, forecasts and shocks of known size, for the tests of shocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month
from forecasting.series import Series

ORIGIN = Month.of(2025, 3)
LEVEL = 5000.0
SPREAD = 0.08


def before(horizon: int = 18, *, level: float = LEVEL, spread: float = SPREAD) -> Forecast:
    """Log-normal forecast of a flat series; the spread of the logarithm is the same at each month."""
    row = level * np.exp(spread * norm.ppf(LEVELS))
    return Forecast("magnets", "t", ORIGIN, None, LEVELS, np.tile(row, (horizon, 1)), "test")


def after(figures: list[float]) -> Series:
    """A year on the level, then the figures."""
    return Series("magnets", "t", ORIGIN - 11, np.array([LEVEL] * 12 + figures))


def shocked(
    effect: float, shape: NDArray[np.float64], rng: np.random.Generator, spread: float = SPREAD
) -> NDArray[np.float64]:
    """Figures of a flat series with noise and a shock of ``effect`` in logs along ``shape``."""
    noise = spread * rng.standard_normal(len(shape))
    return np.asarray(LEVEL * np.exp(effect * shape + noise))
