"""The only month arithmetic: a calendar month, and a span of one or more of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from forecasting.errors import InvalidMonthError, InvalidSpanError

_TEXT = re.compile(r"(\d{4})-(\d{2})\Z", re.ASCII)

LONGEST_SPAN = 12
"""Months in the longest span accepted as one observation: a calendar year."""


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A calendar month, ordered and hashable; ``ordinal`` counts months from January of the year 0."""

    ordinal: int

    def __post_init__(self) -> None:
        if not 12 <= self.ordinal < 12 * 10_000:
            raise InvalidMonthError(str(self.ordinal))

    @classmethod
    def of(cls, year: int, month: int) -> Self:
        """Month of a year (1 to 9999) and a month number (1 to 12); else InvalidMonthError."""
        if not 1 <= month <= 12:
            raise InvalidMonthError(f"{year}-{month}")
        return cls(12 * year + month - 1)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Month written as YYYY-MM; else InvalidMonthError."""
        match = _TEXT.match(text)
        if match is None:
            raise InvalidMonthError(text)
        year, month = int(match[1]), int(match[2])
        if year == 0 or not 1 <= month <= 12:
            raise InvalidMonthError(text)
        return cls.of(year, month)

    @classmethod
    def from_date(cls, day: dt.date) -> Self:
        """Month that a day lies in."""
        return cls.of(day.year, day.month)

    @property
    def year(self) -> int:
        """Calendar year, 1 to 9999."""
        return self.ordinal // 12

    @property
    def number(self) -> int:
        """Month of the year, 1 to 12."""
        return self.ordinal % 12 + 1

    @property
    def first_day(self) -> dt.date:
        """First day of the month."""
        return dt.date(self.year, self.number, 1)

    @property
    def last_day(self) -> dt.date:
        """Last day of the month."""
        return (self + 1).first_day - dt.timedelta(days=1)

    @property
    def name(self) -> str:
        """English name with its year, as a trader says it: May 2025."""
        return f"{_NAMES[self.number - 1]} {self.year}"

    def __add__(self, months: int) -> Month:
        return Month(self.ordinal + months)

    def __sub__(self, months: int) -> Month:
        return Month(self.ordinal - months)

    def since(self, earlier: Month) -> int:
        """Whole months from ``earlier`` to this one; negative where this one comes first."""
        return self.ordinal - earlier.ordinal

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """The reference period of one observation: ``months`` consecutive months from ``first`` (1 to 12)."""

    first: Month
    months: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.months <= LONGEST_SPAN:
            raise InvalidSpanError(self.months, LONGEST_SPAN)

    @classmethod
    def between(cls, first: Month, last: Month) -> Self:
        """Span from ``first`` to ``last``, both included; InvalidSpanError where last comes before first."""
        return cls(first, last.since(first) + 1)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Span written as YYYY-MM or YYYY-MM..YYYY-MM; else InvalidMonthError or InvalidSpanError."""
        first, dots, last = text.partition("..")
        month = Month.parse(first)
        return cls.between(month, Month.parse(last)) if dots else cls(month)

    @property
    def last(self) -> Month:
        """Last month of the span."""
        return self.first + (self.months - 1)

    @property
    def name(self) -> str:
        """As a trader says it: May 2025, or January to February 2025."""
        if self.months == 1:
            return self.first.name
        first = self.first.name if self.first.year != self.last.year else _NAMES[self.first.number - 1]
        return f"{first} to {self.last.name}"

    def __iter__(self) -> Iterator[Month]:
        return (self.first + step for step in range(self.months))

    def __contains__(self, month: Month) -> bool:
        return self.first <= month <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.months == 1 else f"{self.first}..{self.last}"
