"""Whether a season is worth a fit: the ratio is analysis of variance, and sparing one changes no forecast."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import f_oneway

from forecasting.models import registry
from forecasting.models.seasonality import LEAST_RATIO, may_be_seasonal, variance_ratio
from forecasting.months import Month
from forecasting.series import Series

LEVELS = (0.1, 0.5, 0.9)
START = Month.parse("2010-01")


def noise(seed: int, months: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, months)


def season(months: int, size: float) -> np.ndarray:
    return size * np.sin(2 * np.pi * np.arange(months) / 12)


@given(st.integers(0, 10_000), st.integers(30, 200))
def test_the_ratio_is_that_of_analysis_of_variance(seed: int, months: int) -> None:
    """scipy's F of the twelve calendar months, of figures less their centred year's mean."""
    values = noise(seed, months) + season(months, seed % 3)
    weights = np.r_[0.5, np.ones(11), 0.5] / 12
    moved = values[6:-6] - np.convolve(values, weights, "valid")
    groups = [moved[month::12] for month in range(12)]
    # the months' means are not taken around their own mean: a season adds up to what it adds up to
    grand = sum(len(each) * each.mean() for each in groups) / len(moved)
    between = float(f_oneway(*groups).statistic)
    within = sum(float(((each - each.mean()) ** 2).sum()) for each in groups) / (len(moved) - 12)
    assert variance_ratio(values) == pytest.approx(between + len(moved) * grand**2 / 11 / within, rel=1e-9)


@given(st.integers(0, 1000), st.floats(-1e3, 1e3), st.floats(1e-3, 1e6), st.floats(-10, 10))
def test_neither_unit_nor_level_nor_trend_makes_a_season(
    seed: int, level: float, size: float, slope: float
) -> None:
    """The ratio of a + b·month + c·values is that of the values."""
    values = noise(seed, 96) + season(96, 1)
    moved = level + size * (values + slope * np.arange(96))
    assert variance_ratio(moved) == pytest.approx(variance_ratio(values), rel=1e-4)


def test_what_cannot_be_told_is_tried() -> None:
    """Too few months, and figures that never change, have no ratio; a season is then not ruled out."""
    for values in (noise(0, 29), np.full(120, 7.3), np.zeros(120)):
        assert variance_ratio(values) is None
        assert may_be_seasonal(values)


def test_years_that_repeat_are_a_season() -> None:
    """Where each year is the last again the ratio is beyond any bound."""
    assert (variance_ratio(season(120, 5)) or 0) > 1e6


def test_noise_alone_is_seldom_a_season() -> None:
    """Of 400 series of noise nine in ten or more are spared."""
    spared = sum(not may_be_seasonal(noise(seed, 120)) for seed in range(400))
    assert spared > 360


@pytest.mark.parametrize("name", ["ets_damped_log", "ets_level_log"])
def test_what_is_spared_changes_no_forecast(name: str) -> None:
    """Below the bound the forecast is the one of the library's own choice between season and none."""
    from statsforecast.models import AutoETS  # noqa: PLC0415  seconds to import

    model = "AAZ" if name == "ets_damped_log" else "ANZ"
    for seed in range(3):
        values = np.exp(noise(seed, 84) / 10 + np.arange(84) / 100) * 500
        logs = np.log(values / np.exp(np.log(values).mean()))
        assert (variance_ratio(logs) or 0) < LEAST_RATIO
        made = registry.model(name).forecast(Series("S", "t", START, values), 18, LEVELS)
        with warnings.catch_warnings(action="ignore"):
            own = AutoETS(season_length=12, model=model, damped=model == "AAZ" or None)
            chosen = own.forecast(y=logs, h=18)["mean"]
        np.testing.assert_allclose(np.log(made.median) - np.log(values).mean(), chosen, atol=2e-4)
