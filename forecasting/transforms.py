"""Scales on which models work, each with an exact inverse: quantiles pass through a rising map unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecasting.series import Series

LARGEST_LOG_STEP = 50.0
"""Natural-log distance from the series' own level beyond which an exponent is cut, so that none overflows."""


class Scale(Protocol):
    """A rising map from the series' unit to numbers near one, and back."""

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values in the series' unit to the working scale; NaN stays NaN."""
        ...

    def invert(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Working scale back to the series' unit."""
        ...


@dataclass(frozen=True, slots=True)
class Log:
    """Natural logarithm of value / centre; for positive series, where changes are proportional."""

    centre: float

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """log(value / centre); values must be above zero."""
        return np.asarray(np.log(values / self.centre))

    def invert(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Centre times exp, with the exponent cut at ±LARGEST_LOG_STEP."""
        return np.asarray(self.centre * np.exp(np.clip(values, -LARGEST_LOG_STEP, LARGEST_LOG_STEP)))


@dataclass(frozen=True, slots=True)
class Level:
    """Value / unit size; for series with zeros or negative values, where changes are differences."""

    size: float

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Value / size."""
        return np.asarray(values / self.size)

    def invert(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Value times size."""
        return np.asarray(values * self.size)


def scale_of(series: Series) -> Log | Level:
    """Log where every figure held is above zero, else Level; both sized by what is held, so free of units."""
    held = series.values[np.isfinite(series.values)]
    rates = np.array([total.value / total.span.months for total in series.totals])
    figures = np.concatenate([held, rates])
    if figures.size and (figures > 0).all():
        return Log(float(np.exp(np.mean(np.log(figures)))))
    size = float(np.mean(np.abs(figures))) if figures.size else 0.0
    return Level(size if size > 0 else 1.0)
