"""Witnesses: what steadies a published forecast for judging."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.engine import publish
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks import pooled
from forecasting.shocks.detection import Verdict, judge, threshold
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
    assert found.quantile(0.9)[0] > 102
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


def seasonal(months: int = 96) -> Series:
    """A strong regular season: the peak is seven times the trough, and the noise 8 %."""
    noise = 0.08 * np.random.default_rng(5).standard_normal(months)
    return Series("grain", "t", START, 100 * np.exp(np.sin(2 * np.pi * np.arange(months) / 12) + noise))


def test_a_strong_regular_season_is_not_uncertainty() -> None:
    """Without any forecast the 80 % interval is within 45 % of its middle, in each month of the year."""
    series = seasonal()
    for back in range(12):
        found = steadied(series.until(series.end - back - 1), None, horizon=1)
        assert found is not None
        middle, actual = found.median[0], series.at(series.end - back)
        assert found.quantile(0.1)[0] > 0.55 * middle
        assert found.quantile(0.9)[0] < 1.45 * middle
        assert found.quantile(0.025)[0] < actual < found.quantile(0.975)[0]


def test_a_fall_to_three_tenths_is_a_shock_in_a_strong_season() -> None:
    """Beside the fast portfolio, in any month of the year, at a budget of 0.05; the month itself is none."""
    series = seasonal()
    for back in range(12):
        month = series.end - back
        history = series.until(month - 1)
        (publication,) = publish([history], horizon=1, portfolio="fast")
        judge_by = steadied(history, publication.forecast, horizon=1)
        found = judge(0.3 * series.at(month), Span(month), judge_by, budget=0.05)
        assert found.verdict is Verdict.SHOCK_DOWN
        assert judge(series.at(month), Span(month), judge_by, budget=1.0).verdict is Verdict.ORDINARY


def test_the_smallest_budget_is_spent_inside_the_quantiles() -> None:
    """What judges has quantiles as far out as a budget of 0.02: no tail is assumed."""
    found = steadied(noisy(), None)
    assert found is not None
    assert found.levels[0] < threshold(0.02)
    assert 1 - found.levels[-1] < threshold(0.02)
    assert found.levels[0] + found.levels[-1] == pytest.approx(1)


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
