"""Intervals from errors that were made: quantiles of scaled residuals, pooled over series by horizon.

spread of a series = sqrt(native deviation x mean absolute year-on-year change), times how far its Theta
forecast missed one horizon ago against others, to the power FACTOR_POWER.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from forecasting.errors import CalibrationError, SeriesTooShortError
from forecasting.forecast import Forecast
from forecasting.metrics import seasonal_scale
from forecasting.models import registry
from forecasting.series import Series

Array = NDArray[np.float64]

FACTOR_POWER = 0.3
"""How much of a series' own relative error is believed: chosen on training windows (decision 0010)."""
LARGEST_RELATIVE = 5.0
"""A relative error is cut to 1/5 … 5 before it is believed."""
FEWEST_SERIES = 100
"""Series below which pooled quantiles are too rough: the shipped table stands instead."""
ENOUGH_SERIES = 160
"""Series that are refitted for the pool; more cost CPU and change the coverage by less than a point."""
SHORTEST_HISTORY = 25
"""Months that a series must hold before the origin of its residuals."""
_Z80 = float(ndtri(0.9))
_MODEL = "theta_log"
_FORMAT = 1


def native_deviation(forecast: Forecast) -> Array:
    """Standard deviation (h,) of a normal with the forecast's 80 % interval, in the series' unit."""
    return np.asarray((forecast.quantile(0.9) - forecast.quantile(0.1)) / (2 * _Z80))


def scale_ahead(series: Series, forecast: Forecast) -> Array | None:
    """Spread (h,) that residuals are divided by, in the series' unit; None where the series never changes.

    ``series`` is complete. A native deviation of almost nothing is lifted to a thousandth of the change.
    """
    change = seasonal_scale(series.values)
    if not np.isfinite(change) or change <= 0:
        return None
    return np.asarray(np.sqrt(np.maximum(native_deviation(forecast), 1e-3 * change) * change))


def relative_error(series: Series, horizon: int) -> float | None:
    """Mean absolute scaled error of theta_log from ``horizon`` months ago; None where too short."""
    if len(series.values) < SHORTEST_HISTORY + horizon:
        return None
    past, actual = series.until(series.end - horizon), series.values[-horizon:]
    try:
        forecast = registry.model(_MODEL).forecast(past, horizon, (0.1, 0.5, 0.9))
    except SeriesTooShortError:
        return None
    scale = scale_ahead(past, forecast)
    return None if scale is None else float(np.mean(np.abs(actual - forecast.median) / scale))


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Scaled residuals (h,) of one series from its calibration origin, and its relative error."""

    scaled: Array
    relative: float


def residuals(past: Series, actual: Array, forecast: Forecast) -> Residuals | None:
    """Residuals of a forecast made from ``past``; None where the series never changes."""
    scale = scale_ahead(past, forecast)
    if scale is None:
        return None
    full = Series(past.id, past.unit, past.start, np.concatenate([past.values, actual]))
    relative = relative_error(full, len(actual))
    return None if relative is None else Residuals((actual - forecast.median) / scale, relative)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A table of pooled residual quantiles.

    Attributes
    ----------
    levels
        Quantile levels (q,), rising.
    table
        Quantiles (h, q) of scaled residuals; the last horizon holds beyond, growing with its square root.
    typical
        Geometric mean of the pool's relative errors: a series with this one has factor 1.
    series
        How many series are in the pool.
    """

    levels: tuple[float, ...]
    table: Array
    typical: float
    series: int

    def factor(self, relative: float | None) -> float:
        """How much wider than others a series is, from its own relative error; 1 where it is unknown."""
        if relative is None or self.typical <= 0:
            return 1.0
        ratio = np.clip(relative / self.typical, 1 / LARGEST_RELATIVE, LARGEST_RELATIVE)
        return float(ratio**FACTOR_POWER)

    def quantiles(self, horizon: int, levels: Sequence[float]) -> Array:
        """Scaled residual quantiles (horizon, levels): linear between levels on the normal scale."""
        held = np.asarray(ndtri(self.levels))
        asked = np.asarray(ndtri(levels))
        steps = np.minimum(np.arange(horizon), len(self.table) - 1)
        growth = np.sqrt(np.maximum(np.arange(1, horizon + 1) / len(self.table), 1.0))
        rows = np.array([_stretched(asked, held, self.table[step]) for step in steps])
        return np.asarray(rows * growth[:, None])

    def dump(self) -> bytes:
        """As bytes that ``load`` reads back, for ever."""
        return json.dumps(
            {
                "format": _FORMAT,
                "levels": self.levels,
                "table": self.table.tolist(),
                "typical": self.typical,
                "series": self.series,
            }
        ).encode()

    @classmethod
    def load(cls, content: bytes) -> Self:
        """A calibration from its bytes; CalibrationError where they are none."""
        try:
            held = json.loads(content)
            known = held["format"] == _FORMAT
            made = cls(tuple(held["levels"]), np.array(held["table"]), held["typical"], held["series"])
        except (ValueError, KeyError, TypeError) as error:
            raise CalibrationError(f"the bytes are no saved calibration ({error})") from error
        if not known:
            raise CalibrationError(f"format {held['format']!r} is not known; {_FORMAT} is")
        return made


def _stretched(asked: Array, held: Array, row: Array) -> Array:
    """Linear interpolation that goes on beyond the ends in proportion to the normal quantile."""
    inside = np.interp(asked, held, row)
    low = np.where(asked < held[0], row[0] * asked / held[0], inside)
    return np.asarray(np.where(asked > held[-1], row[-1] * asked / held[-1], low))


def pooled(parts: Sequence[Residuals], levels: Sequence[float]) -> Calibration:
    """Calibration from the residuals of many series; CalibrationError below FEWEST_SERIES.

    The table is centred: a calibration says how wide, and leaves the median where the members put it.
    Quantiles of a horizon are averaged with those of the two before and after it, which a sample of a few
    hundred series needs.
    """
    if len(parts) < FEWEST_SERIES:
        raise CalibrationError(f"{len(parts)} series were scored; {FEWEST_SERIES} are needed")
    table = np.quantile(np.array([part.scaled for part in parts]), levels, axis=0).T
    table = table - np.median([part.scaled for part in parts], axis=0)[:, None]
    smooth = np.array([table[max(step - 2, 0) : step + 3].mean(axis=0) for step in range(len(table))])
    relative = np.maximum([part.relative for part in parts], 1e-6)
    typical = float(np.exp(np.mean(np.log(np.clip(relative, *np.quantile(relative, [0.05, 0.95]))))))
    return Calibration(tuple(levels), smooth, typical, len(parts))


def sample(panel: Sequence[Series], most: int = ENOUGH_SERIES) -> list[Series]:
    """At most ``most`` series spread evenly over the panel in the order of their identifiers."""
    ordered = sorted(panel, key=lambda series: series.id)
    count = min(most, len(ordered))
    return [ordered[place * len(ordered) // count] for place in range(count)]
