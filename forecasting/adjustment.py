"""Calendar adjustment: what working days and Lunar New Year moved, taken out for a fit and put back after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from forecasting import calendars
from forecasting.forecast import Forecast
from forecasting.months import Month
from forecasting.series import Series, Total

SHORTEST_HISTORY = 60
"""Months with a year-on-year change below which no calendar effect is looked for."""
BAR = 10.0
"""By how much AICc must fall for regressors to be used; decision 0011 says what that was worth."""
LARGEST_EFFECT = 0.7
"""Natural-log effect beyond which a month's effect is cut: no calendar halves a month twice."""

_WORKING = ("working_days",)
_LUNAR = ("lunar_before", "lunar_holiday", "lunar_after")


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Calendar effects of one series: natural logs, ``coefficients`` a regressor of ``names``.

    One more working day, or the whole Lunar New Year holiday falling into a month, multiplies the month by
    exp(coefficient).
    """

    country: str
    names: tuple[str, ...]
    coefficients: tuple[float, ...]

    def effect(self, first: Month, months: int) -> NDArray[np.float64]:
        """Natural-log effect (months,) of the calendar on each month from ``first`` on."""
        table = calendars.regressors(first, months, self.country)[:, calendars.columns(self.names)]
        return np.asarray(np.clip(table @ np.array(self.coefficients), -LARGEST_EFFECT, LARGEST_EFFECT))

    def removed(self, series: Series) -> Series:
        """The series as an average calendar would have it; a total is divided by the mean of its months'."""
        factors = np.exp(self.effect(series.start, len(series.values)))
        totals = tuple(
            Total(total.span, total.value / float(self._factors(total.span.first, total.span.months).mean()))
            for total in series.totals
        )
        return replace(series, values=series.values / factors, totals=totals)

    def restored(self, forecast: Forecast) -> Forecast:
        """The forecast with the calendar of its own months: quantiles times one factor, an exact inverse."""
        factors = self._factors(forecast.first, forecast.horizon)
        return replace(forecast, values=forecast.values * factors[:, None])

    def _factors(self, first: Month, months: int) -> NDArray[np.float64]:
        return np.asarray(np.exp(self.effect(first, months)))


def adjustment(series: Series, country: str, bar: float = BAR) -> Adjustment | None:
    """Calendar effects of a series whose reporter keeps a country's calendar; None where data show none.

    Log changes on the year before are regressed on those of the regressors, with errors that follow an AR(1)
    (Prais and Winsten 1954); working days and Lunar New Year are each tried, and the set with the lowest AICc
    is kept where it lies ``bar`` below that of no regressor. A series with a figure of zero or less, or with
    fewer than SHORTEST_HISTORY changes, has none.
    """
    held = np.isfinite(series.values)
    if (series.values[held] <= 0).any() or any(total.value <= 0 for total in series.totals):
        return None
    changes = _yearly(np.log(series.values))
    if np.isfinite(changes).sum() < SHORTEST_HISTORY:
        return None
    moved = _yearly(calendars.regressors(series.start, len(series.values), country))
    groups = [_WORKING, _LUNAR] if country in calendars.LUNAR else [_WORKING]
    sets = [sum(some, ()) for count in (1, 2) for some in combinations(groups, count)]
    fits = [(names, _fit(changes, moved[:, calendars.columns(names)])) for names in sets]
    names, best = min(fits, key=lambda fit: fit[1][0])
    if best[0] > _fit(changes, moved[:, :0])[0] - bar:
        return None
    return Adjustment(country, names, tuple(best[1].tolist()))


def _yearly(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values[12:] - values[:-12])


def _fit(changes: NDArray[np.float64], moved: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """AICc and coefficients of changes on a mean and regressors with AR(1) errors; a NaN breaks the chain."""
    design = np.column_stack([np.ones(len(changes)), moved])
    held = np.isfinite(changes)
    coefficients = np.linalg.lstsq(design[held], changes[held], rcond=None)[0]
    pairs = held[1:] & held[:-1]
    count, used = int(pairs.sum()), design.shape[1] + 2
    error = 0.0
    for _ in range(_ROUNDS):
        left = changes - design @ coefficients
        before, now = left[:-1][pairs], left[1:][pairs]
        rho = float(np.clip(before @ now / max(before @ before, 1e-300), -_NEAR_ONE, _NEAR_ONE))
        bent = (design[1:] - rho * design[:-1])[pairs]
        aim = (changes[1:] - rho * changes[:-1])[pairs]
        coefficients = np.linalg.lstsq(bent, aim, rcond=None)[0]
        error = float(((aim - bent @ coefficients) ** 2).mean())
    aicc = count * np.log(max(error, 1e-300)) + 2 * used + 2 * used * (used + 1) / (count - used - 1)
    return float(aicc), np.asarray(coefficients[1:], dtype=np.float64)


_ROUNDS = 4
"""Rounds of Prais and Winsten: the coefficient of the errors settles in three."""
_NEAR_ONE = 0.98
