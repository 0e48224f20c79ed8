"""The baseline: the same month of last year, with the spread of past year-on-year changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from forecasting.errors import SeriesTooShortError
from forecasting.forecast import Forecast
from forecasting.models.state_space import fill
from forecasting.series import Series
from forecasting.transforms import scale_of

PRIOR_CHANGES = 4.0
"""Changes that the pooled prior counts for, beside those that the series shows."""
PRIOR_CHANGE = 0.35
"""Standard deviation of a year-on-year change before any is seen, in logs (or unit sizes)."""


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """Month t + h is month t + h - 12k, the last that is known; never left out of a publication.

    Spread: root mean square of the year-on-year changes between months that are both held, with the prior's
    PRIOR_CHANGES changes of PRIOR_CHANGE among them; it grows with the square root of the years ahead
    (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.5). A month of last
    year that is missing is read off the smoothed series.
    """

    name: str = "seasonal_naive"
    takes_gaps: bool = True

    def forecast(self, series: Series, horizon: int, levels: tuple[float, ...]) -> Forecast:
        """Quantiles (horizon, levels) of a Student t; SeriesTooShortError where nothing is held."""
        if series.held == 0 and not series.totals:
            raise SeriesTooShortError(series.id, 0, 1)
        scale = scale_of(series)
        held = scale.apply(series.values)
        filled = scale.apply(fill(series).values)
        last_year = filled[-12:]
        if len(last_year) < 12:
            last_year = np.concatenate([np.full(12 - len(last_year), np.mean(filled)), last_year])
        mean = np.resize(last_year, horizon)
        changes = held[12:] - held[:-12]
        changes = changes[np.isfinite(changes)]
        count = PRIOR_CHANGES + len(changes)
        variance = (PRIOR_CHANGES * PRIOR_CHANGE**2 + float(np.sum(changes**2))) / count
        years = np.arange(horizon) // 12 + 1
        deviation = np.sqrt(variance * years)
        values = scale.invert(mean[:, None] + deviation[:, None] * stdtrit(count, levels))
        if series.non_negative:
            values = np.maximum(values, 0.0)
        return Forecast(series.id, series.unit, series.end, None, tuple(levels), values, self.name)
