"""A forecast: the predictive distribution of each month ahead, as quantiles, monotone by construction."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import HorizonError, InvalidForecastError
from forecasting.months import Month, Span

LEVELS: tuple[float, ...] = (
    0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99,
)  # fmt: skip
"""Quantile levels of every published forecast."""

HORIZON = 18
"""Months ahead of every published forecast."""


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Quantiles of a series for ``h`` months after its origin.

    Attributes
    ----------
    series_id, unit
        What is forecast, and in which unit.
    origin
        The last month the model has seen; step 1 is the month after it.
    vintage
        The moment as of which the history was taken (time zone required); None in work outside time, such
        as a benchmark.
    levels
        Quantile levels (q,), strictly rising, inside (0, 1); 0.5 is among them.
    values
        Float array (h, q), non-decreasing along q: sorted on construction, which never worsens a quantile
        score (Chernozhukov, Fernandez-Val and Galichon 2010, doi:10.3982/ECTA7880). Read-only.
    model
        Name of the model, or of the portfolio whose combination this is.
    """

    series_id: str
    unit: str
    origin: Month
    vintage: dt.datetime | None
    levels: tuple[float, ...]
    values: NDArray[np.float64]
    model: str

    def __post_init__(self) -> None:
        levels = np.asarray(self.levels)
        values = np.sort(np.array(self.values, dtype=np.float64), axis=-1)
        if levels.ndim != 1 or not (np.diff(levels) > 0).all() or not 0 < levels[0] <= levels[-1] < 1:
            raise InvalidForecastError(self.series_id, f"levels {self.levels} do not rise inside (0, 1)")
        if 0.5 not in self.levels:
            raise InvalidForecastError(self.series_id, "the median is not among the levels")
        if values.ndim != 2 or values.shape[0] == 0 or values.shape[1] != len(levels):
            raise InvalidForecastError(
                self.series_id, f"values of shape {values.shape} do not fit {len(levels)} levels"
            )
        if not np.isfinite(values).all():
            raise InvalidForecastError(self.series_id, "a quantile is not a finite number")
        values.setflags(write=False)
        object.__setattr__(self, "levels", tuple(float(level) for level in levels))
        object.__setattr__(self, "values", values)

    @property
    def horizon(self) -> int:
        """Months ahead."""
        return int(self.values.shape[0])

    @property
    def first(self) -> Month:
        """First month ahead."""
        return self.origin + 1

    @property
    def last(self) -> Month:
        """Last month ahead."""
        return self.origin + self.horizon

    @property
    def median(self) -> NDArray[np.float64]:
        """Median path, shape (h,), in the series' unit."""
        return self.values[:, self.levels.index(0.5)]

    def quantile(self, level: float) -> NDArray[np.float64]:
        """Path of one quantile, shape (h,): linear in the level between the two nearest published.

        InvalidForecastError outside the published levels, since nothing was said there.
        """
        if not self.levels[0] <= level <= self.levels[-1]:
            raise InvalidForecastError(
                self.series_id, f"level {level} lies outside {self.levels[0]} to {self.levels[-1]}"
            )
        right = min(bisect_right(self.levels, level), len(self.levels) - 1)
        below, above = self.levels[right - 1], self.levels[right]
        share = (level - below) / (above - below)
        return np.asarray(self.values[:, right - 1] * (1 - share) + self.values[:, right] * share)

    def reaches(self, span: Span) -> bool:
        """True where every month of the span is among the months ahead."""
        return self.first <= span.first and span.last <= self.last

    def over(self, span: Span) -> NDArray[np.float64]:
        """Quantiles (q,) of the total over a span.

        For two or more months the quantiles of the months are added, which assumes that they move together
        (comonotone): the widest honest answer while no joint distribution is stored. HorizonError where the
        forecast does not reach the span.
        """
        if not self.reaches(span):
            raise HorizonError(self.series_id, str(span), str(self.first), str(self.last))
        first = span.first.since(self.first)
        quantiles: NDArray[np.float64] = self.values[first : first + span.months].sum(axis=0)
        return quantiles
