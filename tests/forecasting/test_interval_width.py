"""Widths of intervals: scaled by what they are multiplied by, smooth in length, no narrower when late."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecasting import calibration
from forecasting.calibration import Calibration, pooled
from forecasting.engine import past_residuals, publish, published_residuals
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month
from forecasting.publication import unlimited
from forecasting.series import Series

START = Month.of(2010, 1)
UNIT_WIDE = Calibration((0.1, 0.5, 0.9), np.tile([-1.0, 0.0, 1.0], (18, 1)), 0.0, 100)
"""Its 80 % intervals are one spread to each side: without a typical relative error there is no factor."""


def walk(seed: int, months: int, *, noise: float = 0.05, step: float = 0.03) -> Series:
    rng = np.random.default_rng(seed)
    season = rng.uniform(0, 0.4) * np.sin(2 * np.pi * np.arange(months) / 12)
    path = np.cumsum(step * rng.standard_normal(months)) + noise * rng.standard_normal(months) + season
    return Series(f"s{seed:03d}", "t", START, 100 * np.exp(path))


def made(series: Series, portfolio: str = "fast", own: Calibration | None = None) -> Forecast:
    (published,) = publish([series], portfolio=portfolio, calibration=own)
    assert published.forecast is not None
    return published.forecast


def half_width(series: Series, portfolio: str = "standard") -> np.ndarray:
    forecast = made(series, portfolio)
    return (forecast.quantile(0.9) - forecast.quantile(0.1)) / 2


@pytest.mark.parametrize("portfolio", ["fast", "standard"])
def test_a_residual_is_divided_by_what_its_quantile_is_multiplied_by(portfolio: str) -> None:
    """The spread of a calibrated interval is the residual's divisor, month by month, at the same origin."""
    for seed in (1, 2):
        series = walk(seed, 98)
        part = past_residuals(series, 18, portfolio, guard=unlimited)
        forecast = made(series.until(series.end - 18), portfolio, UNIT_WIDE)
        assert part is not None
        spread = forecast.quantile(0.9) - forecast.median
        np.testing.assert_allclose(part.scaled * spread, series.values[-18:] - forecast.median)


@pytest.mark.parametrize("portfolio", ["fast", "standard"])
def test_a_forecast_that_was_published_leaves_the_residuals_of_one_refitted(portfolio: str) -> None:
    """Its members as they were kept give what fitting them anew to the same past gives; not by other ones."""
    series = walk(1, 98)
    past, actual = series.until(series.end - 18), series.values[-18:]
    (kept,) = publish([past], portfolio=portfolio)
    archived = published_residuals(past, actual, kept.members, portfolio, guard=unlimited)
    refitted = past_residuals(series, 18, portfolio, guard=unlimited)
    assert archived is not None
    assert refitted is not None
    np.testing.assert_allclose(archived.scaled, refitted.scaled)
    assert archived.relative == refitted.relative
    lacking = [member for member in kept.members if member.name != "theta"]
    pathless = [replace(member, forecast=None) for member in kept.members]
    unheld = np.where(np.arange(18) == 7, np.nan, actual)
    for members, came in ((lacking, actual), (pathless, actual), (kept.members, unheld)):
        assert published_residuals(past, came, members, portfolio, guard=unlimited) is None


def test_calibrated_and_applied_at_one_origin_coverage_is_nominal() -> None:
    """80 and 95 % of the months that a calibration was learned from lie in the intervals that it makes."""
    panel = [walk(seed, 110 + 3 * (seed % 20)) for seed in range(120)]
    scored = [past_residuals(series, 18, "fast", guard=unlimited) for series in panel]
    parts = [part for part in scored if part is not None]
    own = pooled(parts, LEVELS)
    inside: dict[float, list[np.ndarray]] = {0.8: [], 0.95: []}
    for series in panel:
        forecast, actual = made(series.until(series.end - 18), "fast", own), series.values[-18:]
        for share, held in inside.items():
            low, high = (forecast.quantile((1 + side * share) / 2) for side in (-1, 1))
            held.append((actual >= low) & (actual <= high))
    for share, held in inside.items():
        assert np.mean(held) == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize("noise", [0.0, 1e-3, 0.02])
def test_the_interval_moves_smoothly_with_the_length_of_a_quiet_series(noise: float) -> None:
    """One more month of the same never halves an interval, and no length makes it narrower than the floor."""
    figures = 100 * np.exp(noise * np.random.default_rng(4).standard_normal(72))
    lengths = [*range(8, 40), 48, 60, 61, 72]
    widths = np.array([half_width(Series("s", "t", START, figures[:months])) for months in lengths])
    moved = widths[1:32] / widths[:31]
    assert moved.min() > 0.6
    assert moved.max() < 1.5
    assert (widths[:, 0] > 100 * calibration.LEAST_DEVIATION / 2).all()
    assert widths[0, 0] > widths[-1, 0]


@pytest.mark.parametrize("empty", [1, 3, 12])
def test_a_forecast_after_empty_months_is_as_wide_as_from_the_last_figure(empty: int) -> None:
    """The month h after k empty ones has the quantiles of the month h + k after the last figure."""
    series = walk(5, 100)
    late = replace(series, values=np.concatenate([series.values, np.full(empty, np.nan)]))
    (published,) = publish([late])
    (whole,) = publish([series], horizon=18 + empty)
    assert published.forecast is not None
    assert whole.forecast is not None
    assert published.forecast.origin == series.end + empty
    assert all(one.forecast is None or one.forecast.origin == late.end for one in published.members)
    width = published.forecast.quantile(0.9) - published.forecast.quantile(0.1)
    on_time = 2 * half_width(series)
    np.testing.assert_allclose(width[: 18 - empty], on_time[empty:], rtol=1e-3)
    np.testing.assert_allclose(published.forecast.median, whole.forecast.median[empty:], rtol=1e-3)
