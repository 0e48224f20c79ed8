"""Calendar adjustment: found where it is planted, absent where it is not, undone exactly."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecasting.adjustment import Adjustment, adjustment
from forecasting.calendars import regressors
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Series, Total

START = Month.of(2010, 1)


def _series(effect: NDArray[np.float64], seed: int = 1) -> Series:
    noise = np.cumsum(np.random.default_rng(seed).normal(0, 0.02, len(effect)))
    return Series("s", "t", START, np.exp(7 + noise + effect))


def test_planted_effects_are_found() -> None:
    """Working days of 3 % each and a holiday of minus 30 % come back within a third of their size."""
    planted = regressors(START, 160, "CN") @ np.array([0.03, 0.0, -0.3, 0.0])
    found = adjustment(_series(planted), "CN")
    assert found is not None
    effects = dict(zip(found.names, found.coefficients, strict=True))
    assert abs(effects["working_days"] - 0.03) < 0.01
    assert abs(effects["lunar_holiday"] + 0.3) < 0.1


def test_no_effect_is_found_in_noise() -> None:
    """Of 40 random walks without a calendar at most two are adjusted."""
    found = [adjustment(_series(np.zeros(160), seed), "CN") for seed in range(40)]
    assert sum(one is not None for one in found) <= 2


def test_short_zero_and_negative_series_are_left_alone() -> None:
    """Nothing is looked for in two years, nor where a logarithm has no meaning."""
    assert adjustment(_series(np.zeros(24)), "CN") is None
    assert adjustment(Series("s", "t", START, np.zeros(150)), "CN") is None
    assert adjustment(Series("s", "t", START, np.arange(-75.0, 75.0)), "CN") is None


@settings(max_examples=30)
@given(st.floats(-0.1, 0.1), st.floats(-1.0, 1.0), st.integers(0, 1000))
def test_restoring_undoes_removing(working: float, lunar: float, seed: int) -> None:
    """Quantiles that equal the adjusted future come back as the future itself, each of them."""
    made = Adjustment("CN", ("working_days", "lunar_holiday"), (working, lunar))
    whole = Series("s", "t", START, np.random.default_rng(seed).uniform(1, 100, 60))
    plain = made.removed(whole).values[48:, None] * np.ones(len(LEVELS))
    forecast = Forecast("s", "t", START + 47, None, LEVELS, plain, "m")
    back = made.restored(forecast).values
    np.testing.assert_allclose(back, np.repeat(whole.values[48:, None], len(LEVELS), axis=1), rtol=1e-12)


def test_total_of_january_and_february_keeps_most_of_itself() -> None:
    """The holiday falls into the pair whole, so that the pair moves far less than its months."""
    made = Adjustment("CN", ("lunar_holiday",), (-0.4,))
    values = np.full(60, 100.0)
    values[36:38] = np.nan
    series = Series("s", "t", START, values, (Total(Span(START + 36, 2), 200.0),))
    (total,) = made.removed(series).totals
    assert abs(total.value / 200 - 1) < 0.01
