"""Witnesses: what steadies a published forecast for judging."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month
from forecasting.series import Series
from forecasting.shocks import pooled
from forecasting.shocks.witnesses import said, steadied

START = Month.of(2015, 1)


def noisy(months: int = 72, *, level: float = 100.0, spread: float = 0.1) -> Series:
    noise = np.random.default_rng(3).standard_normal(months)
    return Series("ores", "t", START, level * np.exp(spread * noise))


def test_a_witness_hears_nothing_of_the_month_it_speaks_of() -> None:
    """What is said of a month stays the same whatever that month and the later ones show."""
    scores = np.log(noisy().values)
    changed = scores.copy()
    changed[60:] += 5.0
    for step in (1, 3):
        for before, after in zip(said(scores, step).values(), said(changed, step).values(), strict=True):
            np.testing.assert_array_equal(before[:60], after[:60])


def test_a_forecast_too_sure_of_itself_is_widened() -> None:
    """A published interval of no width becomes one that the series' own record supports."""
    series = noisy()
    sure = Forecast("ores", "t", series.end, None, LEVELS, np.full((3, len(LEVELS)), 100.0), "sure")
    found = steadied(series, sure)
    assert found is not None
    assert found.quantile(0.1)[0] < 95
    assert found.quantile(0.9)[0] > 105
    assert found.origin == series.end


def test_a_short_record_far_ahead_is_as_wide_as_series_are_that_far_ahead() -> None:
    """Where a series has no errors of its own 18 months ahead, its spread is the panel's 18 months ahead."""
    found = steadied(noisy(12), None, horizon=18)
    assert found is not None
    logs = np.log(found.quantile(0.9) / found.quantile(0.1))
    assert logs[17] > 1.2 * logs[0]
    for name in ("level", "recent"):
        spread = pooled.SPREAD[name]
        assert len(spread) == 18
        assert spread[17] > 1.2 * spread[0]


def test_the_unit_does_not_matter() -> None:
    """A series in kilograms has the quantiles of the same series in tonnes, times a thousand."""
    tonnes, kilograms = steadied(noisy(), None), steadied(noisy(level=100_000.0), None)
    assert tonnes is not None
    assert kilograms is not None
    assert kilograms.values == pytest.approx(1000 * tonnes.values)


def test_nothing_held_has_no_witness() -> None:
    """A series of zeros or of gaps alone gets no forecast, and one with negative figures does."""
    assert steadied(Series("ores", "t", START, np.zeros(30)), None) is None
    balance = Series("balance", "t", START, np.random.default_rng(3).standard_normal(60))
    assert steadied(balance, None) is not None
