"""Two forecasters on the same figures: the test of Diebold and Mariano, and where it says nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.months import Month
from forecasting.paired_losses import FEWEST_MONTHS, Comparison, PairedLosses

REFERENCE = Path(__file__).parent / "reference" / "diebold_mariano.csv"
FIRST = Month.of(2020, 1)


def compared(differences: list[float], *, ahead: int = 1) -> Comparison:
    """The test over one figure a month."""
    losses = PairedLosses()
    for number, each in enumerate(differences):
        losses.add(FIRST + number, 1.0 + each, 1.0, ahead=ahead)
    found = losses.compared()
    assert found is not None
    return found


@pytest.mark.parametrize(
    "case", list(csv.DictReader(REFERENCE.read_text().splitlines())), ids=lambda case: case["statistic"]
)
def test_it_is_what_another_library_says(case: dict[str, str]) -> None:
    """Statistic and p-value are those of reference/diebold_mariano.py, by statsmodels."""
    found = compared([float(each) for each in case["differences"].split()], ahead=int(case["ahead"]))
    assert found.statistic == pytest.approx(float(case["statistic"]), rel=1e-6)
    assert found.p_value == pytest.approx(float(case["p_value"]), rel=1e-6)


losses = st.lists(st.floats(-5, 5).map(lambda drawn: round(drawn, 3)), min_size=1, max_size=40)


@given(losses, st.integers(1, 12))
def test_the_other_way_round_it_says_the_opposite(differences: list[float], ahead: int) -> None:
    """Difference and statistic change their sign and the p-value stays, a share between 0 and 1."""
    one, other = (compared(each, ahead=ahead) for each in (differences, [-d for d in differences]))
    assert other.difference == pytest.approx(-one.difference, abs=1e-9)
    if one.statistic is None or other.statistic is None:
        assert one.p_value is None
        return
    assert other.statistic == pytest.approx(-one.statistic, rel=1e-6, abs=1e-9)
    assert other.p_value == pytest.approx(one.p_value, rel=1e-6, abs=1e-9)
    assert 0 <= (one.p_value or 0.0) <= 1


def test_figures_of_one_month_count_as_one() -> None:
    """A hundred series in a month are no hundred months: their mean is one difference."""
    losses = PairedLosses()
    for number in range(10):
        for series in range(100):
            losses.add(FIRST + number, 1.0 + number + series / 100, 1.0, ahead=1)
    found = losses.compared()
    assert found is not None
    one_each = compared([number + 0.495 for number in range(10)])
    assert found.months == one_each.months == 10
    assert found.difference == pytest.approx(one_each.difference)
    assert found.p_value == pytest.approx(one_each.p_value)


def test_a_month_that_is_missing_parts_those_around_it() -> None:
    """Two months apart do not overlap where forecasts reach two months ahead, whatever stands between."""
    losses = PairedLosses()
    for number in range(FEWEST_MONTHS):
        losses.add(FIRST + 2 * number, 1.0 + number % 3, 1.0, ahead=2)
    apart = losses.compared()
    assert apart is not None
    assert apart.statistic is not None
    alone = compared([float(number % 3) for number in range(FEWEST_MONTHS)], ahead=1)
    months = FEWEST_MONTHS
    assert alone.statistic is not None
    narrower = ((months + 1 - 4 + 2 / months) / (months - 1)) ** 0.5  # the correction for few months alone
    assert apart.statistic == pytest.approx(alone.statistic * narrower)


def test_too_little_is_no_test() -> None:
    """Seven months, or as few as twice those ahead, or all of one difference: it is said, and no chance."""
    few = compared([0.1 * number for number in range(FEWEST_MONTHS - 1)])
    assert (few.months, few.statistic, few.p_value) == (7, None, None)
    assert compared([0.1 * number for number in range(19)], ahead=10).p_value is None
    same = compared([0.25] * 20)
    assert (same.difference, same.statistic, same.p_value) == (pytest.approx(0.25), None, None)
    assert PairedLosses().compared() is None
