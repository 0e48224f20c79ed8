"""Families: derived figures are what they say, and forecasts of sums add up."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.errors import InvalidFamilyError
from forecasting.forecast import Forecast
from forecasting.hierarchy import Derived, derive, leaves, reconciled, shrunk_correlation
from forecasting.months import Month, Span
from forecasting.series import Series, Total

START = Month.of(2020, 1)
LEVELS = (0.1, 0.5, 0.9)
RNG = np.random.default_rng(3)
HELD = {name: Series(name, "t", START, 50 + 10 * RNG.random(60)) for name in "abc"}
FAMILY = [Derived("ab", "sum", ("a", "b")), Derived("abc", "sum", ("ab", "c"))]


def forecast(name: str, median: float, spread: float) -> Forecast:
    values = np.tile([median - spread, median, median + spread], (4, 1))
    return Forecast(name, "t", START + 59, None, LEVELS, values, "test")


def all_held() -> dict[str, Series]:
    ab = derive(FAMILY[0], HELD)
    return {**HELD, "ab": ab, "abc": derive(FAMILY[1], {**HELD, "ab": ab})}


def test_medians_of_two_levels_add_up_and_the_surest_moves_least() -> None:
    """A sum that disagrees with its parts is met between them, nearer to what was narrow."""
    spreads = {"a": 1.0, "b": 4.0, "c": 4.0, "ab": 4.0, "abc": 4.0}
    medians = {"a": 50.0, "b": 50.0, "c": 50.0, "ab": 110.0, "abc": 160.0}
    made = reconciled(
        {name: forecast(name, medians[name], spreads[name]) for name in medians}, all_held(), FAMILY
    )
    np.testing.assert_allclose(made["a"].median + made["b"].median, made["ab"].median)
    np.testing.assert_allclose(made["ab"].median + made["c"].median, made["abc"].median)
    moved = {name: abs(made[name].median[0] - medians[name]) for name in medians}
    assert moved["a"] < moved["b"]
    assert 150 < made["abc"].median[0] < 160


def test_forecasts_that_add_up_stay_as_they_are() -> None:
    """Reconciling what is coherent changes nothing, quantiles included."""
    medians = {"a": 50.0, "b": 60.0, "c": 70.0, "ab": 110.0, "abc": 180.0}
    given = {name: forecast(name, median, 3.0) for name, median in medians.items()}
    made = reconciled(given, all_held(), FAMILY)
    for name, each in given.items():
        np.testing.assert_allclose(made[name].values, each.values, rtol=1e-9)


def test_no_quantile_of_what_never_was_below_zero_is_below() -> None:
    """Where the floor takes a leaf's median to 0 its quantiles stop there too, and the sum still adds up.

    A leaf that was below zero keeps its quantiles there.
    """
    sunk = Series("b", "t", START, HELD["b"].values - 55)
    for below, least in ((HELD["b"], 0.0), (sunk, -np.inf)):
        held = {"a": HELD["a"], "b": below, "ab": derive(FAMILY[0], {"a": HELD["a"], "b": below})}
        values = {"a": [0, 0.5, 4, 30, 60], "b": [0, 0.5, 4, 30, 60], "ab": [-9, -6, -3, 0, 3]}
        levels = (0.01, 0.1, 0.5, 0.9, 0.99)
        given = {
            name: Forecast(name, "t", START + 59, None, levels, np.array([each], dtype=float), "test")
            for name, each in values.items()
        }
        made = reconciled(given, held, FAMILY[:1])
        assert made["a"].median[0] == 0
        assert made["a"].values.min() == 0
        assert made["a"].values.max() == 56
        np.testing.assert_allclose(made["a"].median + made["b"].median, made["ab"].median)
        for name in ("b", "ab"):
            assert (made[name].values.min() >= 0) == (least == 0)


def test_derived_figures_are_what_their_kind_says() -> None:
    """Sum, difference, ratio and share of a month; missing where a part is missing or the divisor is zero."""
    one = Series("one", "t", START, np.array([6.0, 2.0, np.nan, 4.0]))
    two = Series("two", "t", START, np.array([3.0, 0.0, 5.0, 8.0]))
    held = {"one": one, "two": two}
    expected = {
        "sum": [9.0, 2.0, np.nan, 12.0],
        "difference": [3.0, 2.0, np.nan, -4.0],
        "ratio": [2.0, np.nan, np.nan, 0.5],
        "share": [200.0, np.nan, np.nan, 50.0],
    }
    for kind, values in expected.items():
        made = derive(Derived("made", kind, ("one", "two")), held)  # type: ignore[arg-type]  # the four kinds
        np.testing.assert_array_equal(made.values, values)


def test_totals_of_two_months_are_added() -> None:
    """A pair known of one part, with both months known of the other, is a pair of the sum."""
    pair = Series("p", "t", START, np.array([np.nan, np.nan, 5.0]), (Total(Span(START, 2), 9.0),))
    months = Series("m", "t", START, np.array([1.0, 2.0, 3.0]))
    made = derive(Derived("s", "sum", ("p", "m")), {"p": pair, "m": months})
    assert made.totals == (Total(Span(START, 2), 12.0),)
    assert made.values[2] == 8.0


def test_what_cannot_be_a_family_is_refused() -> None:
    """A sum of itself, an unknown kind, a missing part: each is named."""
    with pytest.raises(InvalidFamilyError, match="part of itself"):
        leaves([Derived("x", "sum", ("y", "a")), Derived("y", "sum", ("x", "b"))])
    with pytest.raises(InvalidFamilyError, match="none of sum"):
        Derived("x", "product", ("a", "b"))  # type: ignore[arg-type]  # what a file may hold
    with pytest.raises(InvalidFamilyError, match="no series z"):
        derive(Derived("x", "sum", ("a", "z")), HELD)


def test_correlation_is_shrunk_more_where_it_is_less_certain() -> None:
    """The same dependence from 30 rows is believed less than from 3,000; its diagonal stays 1."""
    draws = np.random.default_rng(1).multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 3000)
    few, many = shrunk_correlation(draws[:30]), shrunk_correlation(draws)
    assert abs(many[0, 1] - 0.6) < 0.05
    assert few[0, 1] / np.corrcoef(draws[:30].T)[0, 1] < many[0, 1] / np.corrcoef(draws.T)[0, 1]
    np.testing.assert_array_equal(np.diag(few), [1, 1])
