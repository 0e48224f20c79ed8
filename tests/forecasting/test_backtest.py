"""Rolling origin: the past holds nothing that came later."""

from __future__ import annotations

import datetime as dt

import numpy as np

from forecasting.backtest import fold, fold_at, known_fold
from forecasting.months import Month, Span
from forecasting.series import Observation, Series
from forecasting.vintages import series_as_of

START = Month.of(2015, 1)


def test_folds_end_one_horizon_apart() -> None:
    """Fold 1 ends where the held-back part of fold 0 would begin, one horizon earlier."""
    series = Series("s", "t", START, np.arange(60.0))
    first, second = fold(series, 6), fold(series, 6, back=1)
    assert first is not None
    assert second is not None
    assert first.past.end == second.past.end + 6
    np.testing.assert_array_equal(second.actual, np.arange(48.0, 54.0))
    assert fold(series, 6, back=6) is None


def test_a_fold_at_a_month_is_the_fold_that_ends_there() -> None:
    """Cut by month or counted from the end it is one fold; where two years do not stand before, none."""
    series = Series("s", "t", START, np.arange(60.0))
    counted, cut = fold(series, 6, back=1), fold_at(series, START + 47, 6)
    assert counted is not None
    assert cut is not None
    assert (counted.past.end, counted.past.held) == (cut.past.end, cut.past.held)
    np.testing.assert_array_equal(counted.actual, cut.actual)
    assert fold_at(series, START + 22, 6) is None
    assert fold_at(series, START + 23, 6) is not None
    assert fold_at(series, START + 59, 6) is None


def test_planted_future_value_changes_nothing_before_its_known_from() -> None:
    """A revision of an old month that becomes known later is not in an earlier origin's past."""
    seen = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    figures = [Observation(Span(START + step), 100.0, seen) for step in range(40)]
    later = seen + dt.timedelta(days=30)
    planted = [Observation(Span(START + 10), 9e9, later), Observation(Span(START + 40), 7.0, later)]
    then, now = (series_as_of("s", "t", [*figures, *planted], moment) for moment in (seen, later))
    assert then is not None
    assert now is not None
    before = known_fold(then, now, 3)
    assert before is not None
    np.testing.assert_array_equal(before.past.values, np.full(40, 100.0))
    assert before.actual[0] == 7.0
