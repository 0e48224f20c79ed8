"""Detection: tails of stored quantiles, verdicts, budgets, false discovery control."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from forecasting.errors import InvalidBudgetError, InvalidSeriesError
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.shocks.detection import Verdict, discoveries, judge, judge_many, threshold
from forecasting.shocks.tails import tails

ORIGIN = Month.of(2025, 3)


def forecast(*rows: np.ndarray, unit: str = "t") -> Forecast:
    return Forecast("magnets", unit, ORIGIN, None, LEVELS, np.array(rows), "test")


def normal(mean: float, sd: float) -> np.ndarray:
    return mean + sd * norm.ppf(LEVELS)


def test_a_published_quantile_has_its_level() -> None:
    """A figure on a published quantile has that quantile's level as its probability."""
    grid = np.tile(normal(-50.0, 10.0), (len(LEVELS), 1))
    found = tails(grid[0], grid, LEVELS)
    assert found.lower == pytest.approx(LEVELS)
    assert found.upper == pytest.approx(1 - np.array(LEVELS))
    assert found.surprise == pytest.approx(norm.ppf(LEVELS))


def test_beyond_the_published_levels_the_tail_is_exponential() -> None:
    """The distance that divides the tail by the ratio of the last two levels is the distance between them."""
    row = normal(0.0, 1.0)
    further = row[0] - (row[1] - row[0])
    found = tails([further], row[None, :], LEVELS)
    assert found.lower[0] == pytest.approx(LEVELS[0] * LEVELS[0] / LEVELS[1])


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=len(LEVELS), max_size=len(LEVELS)),
    st.floats(-2e6, 2e6),
    st.floats(0, 1e6),
)
def test_probability_rises_with_the_figure(row: list[float], figure: float, more: float) -> None:
    """A higher figure is never less probable to be undercut, and the two tails never sum below one."""
    grid = np.sort([row, row], axis=1)
    found = tails([figure, figure + more], grid, LEVELS)
    assert found.lower[0] <= found.lower[1] + 1e-9
    assert found.upper[0] >= found.upper[1] - 1e-9
    assert (found.lower + found.upper >= 1 - 1e-6).all()


def test_a_month_of_nothing_is_a_shock_where_every_quantile_is_far_from_it() -> None:
    """A zero where q0.01 is half the median is a shock down; where a tenth is zero it is ordinary."""
    positive = np.exp(normal(3.0, 0.3))
    assert judge(0.0, Span(ORIGIN + 1), forecast(positive)).verdict is Verdict.SHOCK_DOWN
    clipped = np.where(np.array(LEVELS) <= 0.1, 0.0, positive)
    found = judge(0.0, Span(ORIGIN + 1), forecast(clipped))
    assert found.verdict is Verdict.ORDINARY
    assert found.tail_probability == pytest.approx(0.1)


def test_a_month_of_nothing_is_no_surprise_where_the_lowest_quantile_is_near_it() -> None:
    """The probability of a zero rises without a jump to the lowest level as that quantile falls to zero."""
    row = np.exp(normal(3.0, 0.3))
    found = []
    for lowest in (5.0, 1.0, 0.1, 1e-3, 1e-9, 0.0):
        spread = np.concatenate([[lowest], np.linspace(max(lowest, 1.0), row[8], 8)[:-1], row[8:]])
        found.append(float(tails([0.0], np.sort(spread)[None, :], LEVELS).lower[0]))
    assert found == sorted(found)
    assert found[-3:] == pytest.approx([LEVELS[0]] * 3, rel=0.02)
    assert found[2] > 0.2 * LEVELS[0]
    assert found[0] < 1e-6


def test_a_constant_series_is_judged() -> None:
    """Where all quantiles are one figure, that figure is ordinary and any other a shock."""
    constant = forecast(np.full(len(LEVELS), 7.0))
    verdicts = [judge(figure, Span(ORIGIN + 1), constant).verdict for figure in (7.0, 6.0, 8.0)]
    assert verdicts == [Verdict.ORDINARY, Verdict.SHOCK_DOWN, Verdict.SHOCK_UP]


def test_a_pair_is_judged_as_a_pair() -> None:
    """The figure of two months is judged against the total of the two."""
    both = forecast(normal(100.0, 5.0), normal(80.0, 5.0))
    found = judge(180.0, Span(ORIGIN + 1, 2), both)
    assert found.expected == pytest.approx(180.0)
    assert found.verdict is Verdict.ORDINARY
    assert judge(100.0, Span(ORIGIN + 1, 2), both).verdict is Verdict.SHOCK_DOWN


def test_what_cannot_be_judged_says_why() -> None:
    """Without a forecast, or beyond its horizon, the verdict is not_judged with its reason."""
    none = judge(1.0, Span(ORIGIN + 1), None)
    beyond = judge(1.0, Span(ORIGIN + 2), forecast(normal(1.0, 1.0)))
    assert {none.verdict, beyond.verdict} == {Verdict.NOT_JUDGED}
    assert none.reason == "no forecast was published before this figure was known"
    assert "2025-04 to 2025-04, not to 2025-05" in beyond.reason
    assert none.tail_probability is None


def test_a_release_gives_the_same_verdicts_as_its_figures() -> None:
    """judge_many returns, in order, what judge returns for each figure."""
    some = forecast(normal(100.0, 5.0), normal(80.0, 5.0))
    coarse = Forecast("other", "t", ORIGIN, None, (0.1, 0.5, 0.9), np.array([[1.0, 2.0, 3.0]]), "test")
    asked = [(90.0, Span(ORIGIN + 1), some), (5.0, Span(ORIGIN + 1), coarse), (1.0, Span(ORIGIN + 1), None)]
    together = judge_many(*map(list, zip(*asked, strict=True)))
    assert together == tuple(judge(*each) for each in asked)


@pytest.mark.parametrize("budget", [0.02, 0.1, 1.0])
def test_the_budget_is_kept_where_the_forecast_is_right(budget: float) -> None:
    """Figures drawn from a log-normal forecast raise the alarms that the budget allows, within a tenth."""
    draws = np.exp(3 + 0.4 * np.random.default_rng(1).standard_normal(400_000))
    row = np.exp(normal(3.0, 0.4))
    found = tails(draws, np.broadcast_to(row, (len(draws), len(row))), LEVELS)
    a_year = 12 * float((found.probability < threshold(budget)).mean())
    assert a_year == pytest.approx(budget, rel=0.5 if budget < 0.1 else 0.25)


@pytest.mark.parametrize("budget", [0.0, -1.0, 13.0, float("nan")])
def test_a_budget_outside_its_range_is_refused(budget: float) -> None:
    """A budget that is not above 0 and at most 12 is refused."""
    with pytest.raises(InvalidBudgetError):
        threshold(budget)


def test_a_figure_that_is_no_number_is_refused() -> None:
    """A missing figure is an error and not a verdict."""
    with pytest.raises(InvalidSeriesError):
        judge(float("nan"), Span(ORIGIN + 1), forecast(normal(1.0, 1.0)))


def test_discoveries_follow_benjamini_and_hochberg() -> None:
    """The example of the 1995 paper (15 ordered p-values, rate 0.05) gives its four discoveries."""
    p = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459,
        0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
    ]  # fmt: skip
    found = discoveries([*(each / 2 for each in p), float("nan")], rate=0.05)
    assert np.flatnonzero(found).tolist() == [0, 1, 2, 3]
