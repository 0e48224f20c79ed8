"""Fast models of one complete series, fitted by statsforecast: exponential smoothing, Theta, CES, ARIMA."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from forecasting.errors import ModelFailedError, SeriesTooShortError
from forecasting.forecast import Forecast
from forecasting.metrics import SEASON
from forecasting.models.seasonality import may_be_seasonal
from forecasting.series import Series
from forecasting.transforms import Level, scale_of

SHORTEST = 10
"""Months below which no model here is fitted."""
SEASONAL_FROM = 25
"""Months from which on a season is tried."""
_Z80 = float(ndtri(0.9))


@dataclass(frozen=True, slots=True)
class Univariate:
    """One statsforecast model; quantiles are normal around its mean, as wide as its own 80 % interval.

    ``make`` gets the season length, 12 or 1. The history is divided by its mean size before the fit and the
    result multiplied back, so that a fit depends on no unit. With ``logs`` a series whose every value is
    above zero is fitted on the log scale, and its quantiles mapped back exactly. With ``spares_season`` none
    is tried where the figures show that it would not be chosen: that fit is most of the cost.
    """

    name: str
    make: Callable[[int], Any]
    shortest: int = SHORTEST
    logs: bool = False
    spares_season: bool = False
    takes_gaps: bool = False

    def forecast(self, series: Series, horizon: int, levels: tuple[float, ...]) -> Forecast:
        """Quantiles (horizon, levels); SeriesTooShortError, or ModelFailedError with the library's words."""
        count = len(series.values)
        if count < self.shortest:
            raise SeriesTooShortError(series.id, count, self.shortest)
        scale = scale_of(series) if self.logs else _mean_size(series)
        values = scale.apply(series.values)
        seasonal = count >= SEASONAL_FROM and not (self.spares_season and not may_be_seasonal(values))
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                fitted = self.make(SEASON if seasonal else 1).forecast(y=values, h=horizon, level=[80])
        except Exception as error:  # any failure of a library's fit is that model's reason to be left out
            raise ModelFailedError(self.name, series.id, f"{type(error).__name__}: {error}") from error
        mean = np.asarray(fitted["mean"], dtype=np.float64)
        deviation = (np.asarray(fitted["hi-80"]) - np.asarray(fitted["lo-80"])) / (2 * _Z80)
        quantiles = scale.invert(mean[:, None] + np.maximum(deviation, 0.0)[:, None] * ndtri(levels))
        if not np.isfinite(quantiles).all():
            raise ModelFailedError(self.name, series.id, "it returned a number that is not finite")
        return Forecast(series.id, series.unit, series.end, None, tuple(levels), quantiles, self.name)


def _mean_size(series: Series) -> Level:
    size = float(np.mean(np.abs(series.values)))
    return Level(size if size > 0 and np.isfinite(size) else 1.0)


def ets_damped() -> Univariate:
    """Exponential smoothing with a damped trend; error and season chosen by AICc."""
    from statsforecast.models import AutoETS  # noqa: PLC0415  seconds to import

    return Univariate("ets_damped", lambda season: AutoETS(season_length=season, model="ZAZ", damped=True))


def ets_damped_log() -> Univariate:
    """Damped trend and additive season on the log scale, for positive series; season by AICc.

    Half the cost of ``ets_damped``, which tries errors and seasons of both kinds on the series' own scale.
    """
    from statsforecast.models import AutoETS  # noqa: PLC0415  seconds to import

    return Univariate(
        "ets_damped_log",
        lambda season: AutoETS(season_length=season, model="AAZ", damped=True),
        logs=True,
        spares_season=True,
    )


def ets_level_log() -> Univariate:
    """The same without a trend: the level is where it ends."""
    from statsforecast.models import AutoETS  # noqa: PLC0415  seconds to import

    return Univariate(
        "ets_level_log",
        lambda season: AutoETS(season_length=season, model="ANZ"),
        logs=True,
        spares_season=True,
    )


def ets() -> Univariate:
    """Exponential smoothing, form chosen by AICc."""
    from statsforecast.models import AutoETS  # noqa: PLC0415  seconds to import

    return Univariate("ets", lambda season: AutoETS(season_length=season))


def theta() -> Univariate:
    """Dynamic optimised Theta: Fiorucci et al. 2016, doi:10.1016/j.ijforecast.2016.02.005."""
    from statsforecast.models import DynamicOptimizedTheta  # noqa: PLC0415  seconds to import

    return Univariate("theta", lambda season: DynamicOptimizedTheta(season_length=season))


def theta_log() -> Univariate:
    """The same on the log scale with an additive season, for positive series; else on their own."""
    from statsforecast.models import DynamicOptimizedTheta  # noqa: PLC0415  seconds to import

    return Univariate(
        "theta_log",
        lambda season: DynamicOptimizedTheta(season_length=season, decomposition_type="additive"),
        logs=True,
    )


def mstl_ets() -> Univariate:
    """Loess decomposition, the season repeated, the rest by exponential smoothing (needs 25 months)."""
    from statsforecast.models import MSTL, AutoETS  # noqa: PLC0415  seconds to import

    return Univariate(
        "mstl_ets",
        lambda season: MSTL(season_length=season, trend_forecaster=AutoETS(model="ZZN")),
        shortest=25,
    )


def mstl_damped_log() -> Univariate:
    """Loess decomposition of the logs, the season repeated, the rest by a damped trend (needs 25 months).

    For positive series, else on their own scale. Its season is free to change as no other member's is.
    """
    from statsforecast.models import MSTL, AutoETS  # noqa: PLC0415  seconds to import

    return Univariate(
        "mstl_damped_log",
        lambda season: MSTL(season_length=season, trend_forecaster=AutoETS(model="AAN", damped=True)),
        shortest=25,
        logs=True,
    )


def ces() -> Univariate:
    """Complex exponential smoothing: Svetunkov, Kourentzes and Ord 2022, doi:10.1002/nav.22074."""
    from statsforecast.models import AutoCES  # noqa: PLC0415  seconds to import

    return Univariate("ces", lambda season: AutoCES(season_length=season))


def arima() -> Univariate:
    """Seasonal ARIMA, orders stepwise by AICc, approximate likelihood; ten times the cost of ETS."""
    from statsforecast.models import AutoARIMA  # noqa: PLC0415  seconds to import

    return Univariate("arima", lambda season: AutoARIMA(season_length=season, approximation=True))
