"""Working days and Lunar New Year of a country: month by month, as regressors for what a calendar moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import UnknownCalendarError
from forecasting.months import Month

FIRST_YEAR, LAST_YEAR = 2000, 2040
"""Years over which regressors are known and centred: 41, so that the long-run mean of each month is near."""
HOLIDAY_DAYS = 7
"""Days of the holiday, from its eve on: the official week of China."""
DAYS_BEFORE = 20
DAYS_AFTER = 20
"""Days of slowing down before the eve and of starting up after the week."""
LUNAR = frozenset({"CN", "HK", "KR", "MO", "MY", "SG", "TW", "VN"})
"""Countries that rest at Lunar New Year."""
REGRESSORS = ("working_days", "lunar_before", "lunar_holiday", "lunar_after")

_NEW_YEARS = (
    (2, 5), (1, 24), (2, 12), (2, 1), (1, 22), (2, 9), (1, 29), (2, 18), (2, 7), (1, 26),
    (2, 14), (2, 3), (1, 23), (2, 10), (1, 31), (2, 19), (2, 8), (1, 28), (2, 16), (2, 5),
    (1, 25), (2, 12), (2, 1), (1, 22), (2, 10), (1, 29), (2, 17), (2, 6), (1, 26), (2, 13),
    (2, 3), (1, 23), (2, 11), (1, 31), (2, 19), (2, 8), (1, 28), (2, 15), (2, 4), (1, 24), (2, 12),
)  # fmt: skip
"""Month and day of each year from FIRST_YEAR, by the clock of Beijing (tests hold an independent source)."""
_OTHER_CLOCKS = {
    ("VN", 2007): (2, 17),
    ("VN", 2030): (2, 2),
    ("KR", 2027): (2, 7),
    ("KR", 2028): (1, 27),
}
"""Where the new moon falls on another day by the clock of Hanoi or Seoul."""


def lunar_new_year(year: int, country: str = "CN") -> dt.date:
    """First day of the lunar year; UnknownCalendarError outside FIRST_YEAR to LAST_YEAR."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise UnknownCalendarError(f"Lunar New Year of {year}", f"years {FIRST_YEAR} to {LAST_YEAR}")
    return dt.date(year, *_OTHER_CLOCKS.get((country, year), _NEW_YEARS[year - FIRST_YEAR]))


def lunar_shares(month: Month, country: str = "CN") -> tuple[float, float, float]:
    """Shares, 0 to 1, of the days before, of the holiday and of the days after that fall in a month.

    Over the months of a year each of the three adds up to 1. The form is that of X-13ARIMA-SEATS' genhol.
    """
    if month.number > 4:
        return 0.0, 0.0, 0.0
    eve = lunar_new_year(month.year, country) - dt.timedelta(days=1)
    end = eve + dt.timedelta(days=HOLIDAY_DAYS)
    return (
        _share(month, eve - dt.timedelta(days=DAYS_BEFORE), DAYS_BEFORE),
        _share(month, eve, HOLIDAY_DAYS),
        _share(month, end, DAYS_AFTER),
    )


def _share(month: Month, first: dt.date, days: int) -> float:
    after = first + dt.timedelta(days=days)
    inside = min(after, (month + 1).first_day) - max(first, month.first_day)
    return max(inside.days, 0) / days


@cache
def _holidays(country: str) -> frozenset[dt.date]:
    import holidays  # noqa: PLC0415  # a large package that only a known country needs

    try:
        days = holidays.country_holidays(country, years=range(FIRST_YEAR, LAST_YEAR + 1))
    except NotImplementedError:
        known = "two-letter country codes of the package holidays"
        raise UnknownCalendarError(f"the calendar {country!r}", known) from None
    return frozenset(days)


def working_days(month: Month, country: str) -> int:
    """Weekdays of a month less the public holidays of the whole country that fall on one.

    Weekend days worked in exchange for a bridge day are not counted. UnknownCalendarError for a country
    without a calendar.
    """
    days = (month.first_day + dt.timedelta(days=step) for step in range(month.last_day.day))
    return sum(working_day(day, country) for day in days)


def working_day(day: dt.date, country: str) -> bool:
    """True for a weekday that is no public holiday of the whole country; see ``working_days``."""
    return day.weekday() < 5 and day not in _holidays(country)


@cache
def _table(country: str) -> NDArray[np.float64]:
    """Regressors (years, 12, 4) less the mean of their calendar month over all years."""
    first = Month.of(FIRST_YEAR, 1)
    months = [first + step for step in range(12 * (LAST_YEAR - FIRST_YEAR + 1))]
    lunar = country in LUNAR
    rows = [
        (working_days(month, country), *(lunar_shares(month, country) if lunar else (0.0, 0.0, 0.0)))
        for month in months
    ]
    table = np.array(rows, dtype=np.float64).reshape(-1, 12, len(REGRESSORS))
    return np.asarray(table - table.mean(axis=0))


def regressors(first: Month, months: int, country: str) -> NDArray[np.float64]:
    """Regressors (months, 4) in the order of REGRESSORS, from ``first`` on.

    Each is less its long-run mean of the calendar month, so that what it explains is no season: working days
    in days, the others in shares. 0 outside FIRST_YEAR to LAST_YEAR, where nothing is known, and for the
    lunar ones of a country that is not in LUNAR.
    """
    table = _table(country).reshape(-1, len(REGRESSORS))
    steps = np.arange(months) + first.since(Month.of(FIRST_YEAR, 1))
    known = (steps >= 0) & (steps < len(table))
    found = np.zeros((months, len(REGRESSORS)))
    found[known] = table[steps[known]]
    return found


def columns(names: Sequence[str]) -> list[int]:
    """Places of regressors by name."""
    return [REGRESSORS.index(name) for name in names]
