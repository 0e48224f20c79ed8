"""Metrics against values worked out by hand, and against their laws."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting import metrics


def test_mase_is_the_error_in_units_of_the_yearly_change() -> None:
    """An error of 3 where the history changes by 2 a year is 1.5."""
    history = np.concatenate([np.zeros(12), np.full(12, 2.0)])
    assert metrics.seasonal_scale(history) == 2.0
    assert metrics.mase(np.array([5.0]), np.array([8.0]), 2.0) == 1.5


def test_smape_of_double_is_two_thirds_of_hundred() -> None:
    """Forecasting 2 for 1 is 200 * 1/3; two zeros are no error."""
    assert metrics.smape(np.array([1.0]), np.array([2.0])) == pytest.approx(200 / 3)
    assert metrics.smape(np.array([0.0]), np.array([0.0])) == 0.0


def test_pinball_weighs_the_side_that_the_level_warns_of() -> None:
    """Missing a 0.9 quantile from above costs nine times what missing it from below costs."""
    loss = metrics.pinball(np.array([10.0, 8.0]), np.array([[9.0], [9.0]]), [0.9])
    np.testing.assert_allclose(loss[:, 0], [0.9, 0.1])


def test_wis_of_the_median_alone_is_the_absolute_error() -> None:
    """With one level, 0.5, the weighted interval score is |actual - median|."""
    np.testing.assert_allclose(metrics.wis(np.array([7.0]), np.array([[4.0]]), [0.5]), [3.0])


def test_msis_adds_forty_times_a_miss_at_95_percent() -> None:
    """A miss of 1 outside an interval of width 2 scores 2 + 40."""
    score = metrics.msis(np.array([4.0]), np.array([1.0]), np.array([3.0]), 1.0)
    assert score == pytest.approx(42.0)


def test_naive2_repeats_a_multiplicative_season_exactly() -> None:
    """A pure multiplicative season without trend is forecast without error."""
    season = np.tile(np.array([1.0, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1, 1]), 6)
    np.testing.assert_allclose(metrics.naive2(season, 12), season[:12], rtol=1e-12)


def test_coverage_skips_months_that_are_not_held() -> None:
    """Of three held months two are inside; the missing one counts for nothing."""
    actual = np.array([1.0, np.nan, 5.0, 9.0])
    assert metrics.coverage(actual, np.zeros(4), np.full(4, 6.0)) == pytest.approx(2 / 3)
