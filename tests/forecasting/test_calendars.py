"""Calendars: Lunar New Year by two sources, shares that add up, working days as people count them."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import holidays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.calendars import (
    FIRST_YEAR,
    LAST_YEAR,
    REGRESSORS,
    lunar_new_year,
    lunar_shares,
    regressors,
    working_days,
)
from forecasting.errors import UnknownCalendarError
from forecasting.months import Month

REFERENCE = Path(__file__).parent / "reference" / "lunar_new_year.csv"


def test_lunar_new_year_is_the_new_moon_of_each_year() -> None:
    """Each year's day is the one that astronomy gives by the clocks of Beijing, Hanoi and Seoul."""
    rows = list(csv.DictReader(REFERENCE.read_text().splitlines()))
    assert [int(row["year"]) for row in rows] == list(range(FIRST_YEAR, LAST_YEAR + 1))
    for row in rows:
        found = [lunar_new_year(int(row["year"]), country) for country in ("CN", "VN", "KR")]
        assert [str(day) for day in found] == [row["china"], row["vietnam"], row["korea"]]


@pytest.mark.parametrize("year", range(2010, 2036))
def test_holidays_package_has_the_same_day_off(year: int) -> None:
    """A second source agrees: the day is a public holiday of Singapore, 2010 to 2035."""
    day = lunar_new_year(year)
    off = holidays.country_holidays("SG", years=[year])
    assert day in off
    assert "New Year" in off[day]


@given(st.integers(2010, 2035), st.sampled_from(["CN", "VN", "KR", "TW"]))
def test_shares_of_a_year_add_up_to_one(year: int, country: str) -> None:
    """The days before, the holiday and the days after are each shared out once over January to April."""
    shares = np.array([lunar_shares(Month.of(year, month), country) for month in range(1, 13)])
    np.testing.assert_allclose(shares.sum(axis=0), 1.0)
    assert (shares >= 0).all()


def test_shares_of_2024_by_hand() -> None:
    """With its eve on 9 February 2024, 12 of the 20 days before lie in January; the week is February's."""
    before, holiday, after = lunar_shares(Month.of(2024, 1))
    assert (before, holiday, after) == (pytest.approx(12 / 20), 0.0, 0.0)
    before, holiday, after = lunar_shares(Month.of(2024, 2))
    assert (before, holiday, after) == (pytest.approx(8 / 20), 1.0, pytest.approx(14 / 20))
    assert lunar_shares(Month.of(2024, 3)) == (0.0, 0.0, pytest.approx(6 / 20))


def test_working_days_are_counted_as_people_do() -> None:
    """Known months: December 2024 in Britain has 20 working days, February 2024 in Germany 21."""
    assert working_days(Month.of(2024, 12), "GB") == 20
    assert working_days(Month.of(2024, 2), "DE") == 21
    assert working_days(Month.of(2025, 10), "CN") == 17


def test_regressors_hold_no_season() -> None:
    """Over the years that centre them, each calendar month's mean is zero; beyond them nothing is claimed."""
    months = 12 * (LAST_YEAR - FIRST_YEAR + 1)
    table = regressors(Month.of(FIRST_YEAR, 1), months, "CN")
    np.testing.assert_allclose(table.reshape(-1, 12, len(REGRESSORS)).mean(axis=0), 0.0, atol=1e-12)
    assert not regressors(Month.of(LAST_YEAR + 1, 1), 12, "CN").any()
    assert not regressors(Month.of(FIRST_YEAR - 1, 1), 12, "CN").any()
    assert not regressors(Month.of(2020, 1), 12, "US")[:, 1:].any()


def test_unknown_country_is_refused() -> None:
    """A code that no calendar covers raises with what is known."""
    with pytest.raises(UnknownCalendarError, match="XX"):
        working_days(Month.of(2024, 1), "XX")
    with pytest.raises(UnknownCalendarError, match="1990"):
        lunar_new_year(1990)
    assert dt.date(2035, 2, 8) == lunar_new_year(2035)
