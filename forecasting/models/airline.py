"""The airline model of Box and Jenkins as a state-space model: gaps are taken by the Kalman filter."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from forecasting.errors import ModelFailedError, SeriesTooShortError
from forecasting.forecast import Forecast
from forecasting.models.state_space import parted
from forecasting.series import Series
from forecasting.transforms import scale_of

SHORTEST = 30
"""Months held below which the two moving averages cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Airline:
    """SARIMA (0,1,1)(0,1,1) of 12 months, by statsmodels, on the scale of ``scale_of``; normal quantiles.

    Missing months are taken by the filter, totals are parted by ``parted``.
    """

    name: str = "airline"
    takes_gaps: bool = True

    def forecast(self, series: Series, horizon: int, levels: tuple[float, ...]) -> Forecast:
        """Quantiles (horizon, levels); SeriesTooShortError, or ModelFailedError with the library's words."""
        from statsmodels.tsa.statespace.sarimax import SARIMAX  # noqa: PLC0415  2 s to import

        if series.held < SHORTEST:
            raise SeriesTooShortError(series.id, series.held, SHORTEST)
        scale = scale_of(series)
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                model: Any = SARIMAX(
                    scale.apply(parted(series).values), order=(0, 1, 1), seasonal_order=(0, 1, 1, 12)
                )
                ahead = model.fit(disp=False, maxiter=50).get_forecast(horizon)
                mean, deviation = np.asarray(ahead.predicted_mean), np.asarray(ahead.se_mean)
        except Exception as error:  # any failure of a library's fit is that model's reason to be left out
            raise ModelFailedError(self.name, series.id, f"{type(error).__name__}: {error}") from error
        values = scale.invert(mean[:, None] + deviation[:, None] * ndtri(levels))
        if not np.isfinite(values).all():
            raise ModelFailedError(self.name, series.id, "it returned a number that is not finite")
        return Forecast(series.id, series.unit, series.end, None, tuple(levels), values, self.name)
