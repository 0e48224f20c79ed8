"""Intervals from errors that were made: quantiles of scaled residuals, pooled over series by horizon.

A residual is divided by the very spread that its quantiles are later multiplied by: that of the same
members, combined by the same rule and calibrated by nothing, from what stood before the origin. The spread of
a month = cube root (native deviation x mean absolute year-on-year change x the change less its drift, in
proportion to the month), times how far the series' Theta forecast missed one horizon ago against others, to
the power FACTOR_POWER.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from forecasting.errors import CalibrationError, ForecastingError
from forecasting.forecast import Forecast
from forecasting.metrics import SEASON, seasonal_scale
from forecasting.models import registry
from forecasting.publication import Fit, Guard
from forecasting.series import Series

Array = NDArray[np.float64]

SHARES = (1 / 3, 1 / 3, 1 / 3)
"""Powers of native deviation, change and steady change in the spread: chosen on training windows (0010)."""
FACTOR_POWER = 0.2
"""How much of a series' own relative error is believed: chosen on training windows (decision 0010)."""
LARGEST_RELATIVE = 3.0
"""A relative error is cut to 1/3 … 3 before it is believed."""
FEWEST_SERIES = 100
"""Series below which pooled quantiles are too rough: the shipped table stands instead."""
ENOUGH_SERIES = 160
"""Series that are refitted for the pool; more cost CPU and change the coverage by less than a point."""
SHORTEST_HISTORY = 25
"""Months that a series must hold before the origin of its residuals."""
LEAST_DEVIATION = 0.0012
"""Smallest spread one month ahead, a share of the last year's mean size: below the native deviation of every
training part, the smallest of which is 0.0015 (printed by tests/benchmarks/learn_calibration)."""
PRIOR_NOISE, PRIOR_STEP = 0.145, 0.07
"""What series in general show a month, in logs: noise, and steps of the level (state_space.PRIOR)."""
PRIOR_SHARE, PRIOR_FADE = 0.63, 12.0
"""Share of that prior in the deviation of a series of PRIOR_FROM months, and the months in which it falls by
a factor e. With 0.63 the interval of a constant series goes on where ``short`` leaves it at 11 months."""
PRIOR_FROM = 12
PRIOR_CHANGES = 6.0
"""Year-on-year changes that the native deviation counts for, beside those that the series shows."""
USUAL_CHANGE = 1.25
"""Median of the change less its drift over the native deviation one month ahead, of the same parts."""
_Z80 = float(ndtri(0.9))
_MODEL = "theta_log"
_FORMAT = 2
_FORMER = ((0.5, 0.5, 0.0), 0.3)
"""Shares and power of format 1, whose tables say neither."""


def native_deviation(forecast: Forecast) -> Array:
    """Standard deviation (h,) of a normal with the forecast's 80 % interval, in the series' unit."""
    return np.asarray((forecast.quantile(0.9) - forecast.quantile(0.1)) / (2 * _Z80))


def scale_ahead(
    series: Series, forecast: Forecast, shares: tuple[float, float, float] = SHARES
) -> Array | None:
    """Spread (h,) that residuals are divided by, in the series' unit; None where its last year is all zero.

    ``series`` is complete and ``forecast`` not calibrated. Two years are little to learn a spread from, and
    figures that never change are no promise: the native deviation is lifted by the prior, which fades with
    the months held, and the spread is LEAST_DEVIATION of the last year's size at least, growing with the
    square root of the months ahead.
    """
    count, size = len(series.values), float(np.mean(np.abs(series.values[-SEASON:])))
    if not size > 0:
        return None
    ahead = np.arange(1, forecast.horizon + 1)
    faded = PRIOR_SHARE * np.exp(-max(count - PRIOR_FROM, 0) / PRIOR_FADE)
    least = LEAST_DEVIATION * size * np.sqrt(ahead)
    prior = faded * size * np.sqrt(PRIOR_NOISE**2 + PRIOR_STEP**2 * ahead)
    native = np.sqrt(native_deviation(forecast) ** 2 + prior**2 + least**2)
    change, steady = _changes(series)
    pairs, usual = max(count - SEASON, 0), USUAL_CHANGE * float(native[0])
    level = np.abs(forecast.median) if (series.values > 0).all() else np.ones(len(ahead))
    moved = (_shrunk(own, pairs, usual) for own in (change * np.ones(len(ahead)), steady * level))
    spread = np.prod([part**share for part, share in zip((native, *moved), shares, strict=True)], axis=0)
    return np.asarray(np.maximum(spread, least))


def _shrunk(own: Array, pairs: int, usual: float) -> Array:
    """Mean of ``pairs`` changes with PRIOR_CHANGES usual ones."""
    return np.asarray((pairs * own + PRIOR_CHANGES * usual) / (pairs + PRIOR_CHANGES))


def _changes(series: Series) -> tuple[float, float]:
    """Mean absolute year-on-year change, in the unit; and that of the change less its median.

    The second counts neither a season nor steady growth: in logs where every figure is above zero, else in
    the unit.
    """
    values = series.values
    if len(values) <= SEASON:
        return 0.0, 0.0
    working = np.log(values) if (values > 0).all() else values
    moved = working[SEASON:] - working[:-SEASON]
    return seasonal_scale(values), float(np.mean(np.abs(moved - np.median(moved))))


def relative_error(
    series: Series, horizon: int, shares: tuple[float, float, float] = SHARES, *, guard: Guard
) -> float | None:
    """Mean absolute scaled error of theta_log from ``horizon`` months ago.

    None where the series is too short, or the fit failed or did not end in the time that ``guard`` gives it.
    """
    if len(series.values) < SHORTEST_HISTORY + horizon:
        return None
    past, actual = series.until(series.end - horizon), series.values[-horizon:]

    def run() -> Forecast:
        return registry.model(_MODEL).forecast(past, horizon, (0.1, 0.5, 0.9))

    try:
        forecast = guard(Fit(_MODEL, series.id, run))
    except ForecastingError:
        return None
    scale = scale_ahead(past, forecast, shares)
    return None if scale is None else float(np.mean(np.abs(actual - forecast.median) / scale))


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Scaled residuals (h,) of one series from its calibration origin, and its relative error before it.

    ``relative`` is of the horizon that ends at the origin, as it is where a forecast is made: None where the
    series is too short for it.
    """

    scaled: Array
    relative: float | None


def residuals(
    past: Series,
    actual: Array,
    native: Forecast,
    shares: tuple[float, float, float] = SHARES,
    *,
    guard: Guard,
) -> Residuals | None:
    """Residuals of a forecast made from ``past``, not yet calibrated; None where the past is all zero.

    ``guard`` limits the fit of the relative error.
    """
    scale = scale_ahead(past, native, shares)
    if scale is None:
        return None
    return Residuals((actual - native.median) / scale, relative_error(past, len(actual), shares, guard=guard))


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
    shares, power
        What the residuals were divided by: powers in ``scale_ahead``, and that of the relative error.
    """

    levels: tuple[float, ...]
    table: Array
    typical: float
    series: int
    shares: tuple[float, float, float] = SHARES
    power: float = FACTOR_POWER

    def factor(self, relative: float | None) -> float:
        """How much wider than others a series is, from its own relative error; 1 where it is unknown."""
        return _factor(relative, self.typical, self.power)

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
                "shares": self.shares,
                "power": self.power,
            }
        ).encode()

    @classmethod
    def load(cls, content: bytes) -> Self:
        """A calibration from its bytes; CalibrationError where they are none.

        One of format 1 is applied at the spread that was in use then, until the next training replaces it.
        """
        try:
            held = json.loads(content)
            saved = held["format"]
            own = (tuple(held["shares"]), held["power"]) if saved == _FORMAT else _FORMER
            levels, table = tuple(held["levels"]), np.array(held["table"])
            made = cls(levels, table, held["typical"], held["series"], *own)
        except (ValueError, KeyError, TypeError) as error:
            raise CalibrationError(f"the bytes are no saved calibration ({error})") from error
        if saved not in {1, _FORMAT}:
            raise CalibrationError(f"format {saved!r} is not known; 1 and {_FORMAT} are")
        return made


def _stretched(asked: Array, held: Array, row: Array) -> Array:
    """Linear interpolation that goes on beyond the ends in proportion to the normal quantile."""
    inside = np.interp(asked, held, row)
    low = np.where(asked < held[0], row[0] * asked / held[0], inside)
    return np.asarray(np.where(asked > held[-1], row[-1] * asked / held[-1], low))


def _factor(relative: float | None, typical: float, power: float) -> float:
    if relative is None or typical <= 0:
        return 1.0
    return float(np.clip(relative / typical, 1 / LARGEST_RELATIVE, LARGEST_RELATIVE) ** power)


def pooled(
    parts: Sequence[Residuals],
    levels: Sequence[float],
    *,
    shares: tuple[float, float, float] = SHARES,
    power: float = FACTOR_POWER,
) -> Calibration:
    """Calibration from the residuals of many series; CalibrationError below FEWEST_SERIES.

    The table is centred: a calibration says how wide, and leaves the median where the members put it. So its
    shape is that of the residuals around their median, and each central interval is then stretched to hold
    its share of the residuals themselves, where all of them lean to one side too. ``levels`` are symmetric,
    ``shares`` those of the residuals. Quantiles of a horizon are averaged with those of the two before and
    after it, which a sample of a few hundred series needs.
    """
    if len(parts) < FEWEST_SERIES:
        raise CalibrationError(f"{len(parts)} series were scored; {FEWEST_SERIES} are needed")
    known = np.maximum([part.relative for part in parts if part.relative is not None], 1e-6)
    typical = 1.0
    if known.size:
        typical = float(np.exp(np.mean(np.log(np.clip(known, *np.quantile(known, [0.05, 0.95]))))))
    errors = np.array([part.scaled / _factor(part.relative, typical, power) for part in parts])
    shape = np.quantile(errors, levels, axis=0).T - np.median(errors, axis=0)[:, None]
    smooth = np.array([shape[_beside(step)].mean(axis=0) for step in range(len(shape))])
    table = _stretched_to_hold(smooth, errors, levels)
    return Calibration(tuple(levels), table, typical, len(parts), shares, power)


def _beside(step: int) -> slice:
    """A horizon with the two before and after it."""
    return slice(max(step - 2, 0), step + 3)


def _stretched_to_hold(shape: Array, errors: Array, levels: Sequence[float]) -> Array:
    """The table (h, q) with each pair of levels moved outwards or inwards until it holds its share of errors.

    The share of n errors is (n + 1) / n of the nominal one, so that it is kept on the next, which is not
    among them (Lei et al. 2018, doi:10.1080/01621459.2017.1307116, eq. 4).
    """
    table, count = shape.copy(), len(errors)
    for low in range(len(levels) // 2):
        high = len(levels) - 1 - low
        share = min((levels[high] - levels[low]) * (count + 1) / count, 1.0)
        upper, lower = np.maximum(shape[:, high], 1e-9), np.minimum(shape[:, low], -1e-9)
        reach = np.maximum(errors / upper, errors / lower)
        for step in range(len(table)):
            table[step, [low, high]] *= np.quantile(reach[:, _beside(step)], share)
    return np.sort(table, axis=1)


def sample(panel: Sequence[Series], most: int = ENOUGH_SERIES) -> list[Series]:
    """At most ``most`` series spread evenly over the panel in the order of their identifiers."""
    ordered = sorted(panel, key=lambda series: series.id)
    count = min(most, len(ordered))
    return [ordered[place * len(ordered) // count] for place in range(count)]
