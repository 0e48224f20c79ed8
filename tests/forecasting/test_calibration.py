"""Calibration: pooled residuals give the coverage that they promise."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.calibration import FACTOR_POWER, Calibration, Residuals, pooled, sample
from forecasting.errors import CalibrationError
from forecasting.forecast import LEVELS
from forecasting.months import Month
from forecasting.series import Series

RNG = np.random.default_rng(5)


def calibration() -> Calibration:
    return pooled([Residuals(RNG.standard_normal(18) * 2, 1.0) for _ in range(400)], LEVELS)


def test_pooled_quantiles_are_those_of_the_residuals() -> None:
    """Normal residuals of deviation 2 give their own 10 % and 90 % quantiles, and a median of nought."""
    table = calibration().quantiles(18, (0.1, 0.5, 0.9))
    np.testing.assert_allclose(table.mean(axis=0), [-2.563, 0, 2.563], atol=0.1)
    np.testing.assert_array_equal(table[:, 1], 0)


def test_any_level_and_horizon_comes_through() -> None:
    """A level beyond the table goes on as a normal would, a longer horizon with the square root of time."""
    table = calibration().quantiles(72, (0.001, 0.5, 0.999))
    assert table.shape == (72, 3)
    assert table[-1, 2] == pytest.approx(2 * table[17, 2])
    assert table[0, 0] < calibration().quantiles(1, (0.01,))[0, 0]


def test_series_that_missed_by_more_gets_more_room() -> None:
    """A relative error twice the typical widens by 2 to the power FACTOR_POWER; an unknown one by nothing."""
    made = calibration()
    assert made.factor(2 * made.typical) == pytest.approx(2**FACTOR_POWER)
    assert made.factor(None) == 1


def test_too_few_series_are_refused() -> None:
    """Quantiles of a handful of series are not published as a calibration."""
    with pytest.raises(CalibrationError, match="100 are needed"):
        pooled([Residuals(np.zeros(18), 1.0)] * 9, LEVELS)


def test_saved_calibration_reads_back() -> None:
    """Bytes and back changes no number; bytes of something else are refused."""
    made = calibration()
    again = Calibration.load(made.dump())
    np.testing.assert_array_equal(again.table, made.table)
    with pytest.raises(CalibrationError):
        Calibration.load(b"{}")


def test_sample_does_not_depend_on_the_order_of_the_panel() -> None:
    """The series that are refitted are the same however the panel is sorted."""
    panel = [Series(f"{place:04d}", "t", Month.of(2020, 1), np.ones(3)) for place in range(1000)]
    assert [s.id for s in sample(panel, 10)] == [s.id for s in sample(panel[::-1], 10)]
