"""Since when a figure was not so low or high: records, with the months held beside the months needed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks import changes

Floats = NDArray[np.float64]
Direction = Literal["lowest", "highest"]
Measured = Literal["figure", "change_month", "change_year"]

LONGEST_SHARED = 2
"""Months of a total whose mean stands for each of them: of a longer one too little is known of its months."""

CLAIM_PERCENT = 90
"""Per cent of a window's months that must be held before a record over it is claimed."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """A figure that is the lowest or highest since some month.

    Like is compared with like: a single month with months, a longer span with the same calendar months of
    earlier years, and counts are then of those months only. Months held only inside a pair stand by its mean
    month (for a change on the year: by the total's change). One of them is at least as extreme as that mean,
    so no record is claimed past it; that the other is not more so is not known, and ``months_in_totals``
    says of how many months this holds.

    Attributes
    ----------
    direction
        lowest or highest.
    since
        Last held month (first month, for a longer span) whose figure is at least as extreme; None where the
        figure is the extreme of everything held.
    first_held
        The earliest held month before the judged one.
    months_held
        Months held after ``since`` (or from ``first_held``) up to and with the judged span.
    months_needed
        Months in that window, held or not.
    years_claimed
        Largest whole N such that the figure is the extreme of the last N years and at least 90 % of their
        months are held; None where there is none.
    tied
        True where the figure of ``since`` is the same figure.
    of
        What is the record: the figure itself, or its change on the month or on the year.
    months_in_totals
        How many of ``months_held`` are held only inside a total, and stood by its mean month.
    """

    direction: Direction
    since: Month | None
    first_held: Month
    months_held: int
    months_needed: int
    years_claimed: int | None
    tied: bool
    of: Measured = "figure"
    months_in_totals: int = 0


FEWEST = 12
"""Figures held, the judged one included, from which a record is worth a sentence without a claim of years."""


class Before:
    """What was held of a series before a span: the like spans, each kept once however many ask for them.

    Like spans are the months before a month, and for a longer span the same calendar months of earlier years.
    """

    def __init__(self, series: Series, span: Span) -> None:
        self.series = series
        self.span = span
        self.step = 1 if span.months == 1 else 12
        self._held = max(span.first.since(series.start), 0)
        self._months = self._latest_first() if span.months == 1 else None

    def like(self, shift: int = 0, step: int | None = None) -> Floats:
        """Figures of the like spans, each moved up to a year of months back, latest first; NaN if not held.

        As many as lie between the series' start and the span, whatever the shift; ``step`` is the months from
        one to the next where it is not that of the like spans.
        """
        step = step or self.step
        count = self._held // step
        if self._months is not None:
            return self._months[shift + step - 1 :: step][:count]
        first, months = self.span.first - shift, self.span.months
        return np.array(
            [self.series.over(Span(first - step * back, months)) for back in range(1, count + 1)],
            dtype=np.float64,
        )

    def changes(self, back: int) -> Floats:
        """Changes of the like spans, as ratios to what stood ``back`` months before each."""
        before = self.like(back)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(before > 0, self.like() / before, np.nan)

    def _latest_first(self) -> Floats:
        """The months before a month, as far as a year before the series' start."""
        values = self.series.values
        found = np.full(self._held + 12, np.nan)
        skipped = max(self._held - len(values), 0)
        reached = values[: self._held][::-1]
        found[skipped : skipped + len(reached)] = reached
        return found


def record(before: Before, value: float, direction: Direction, of: Measured = "figure") -> Extreme | None:
    """Record that a span's figure, or its change, sets in a direction against what was held before it.

    None where nothing comparable is held before the span, where the last comparable figure is already at
    least as extreme, or where the figure has no such change. Figures of the span itself and after it are not
    looked at.
    """
    return _set(_Compared.made(before, value, of), before.span, direction)


@dataclass(frozen=True, slots=True)
class _Compared:
    """A figure, or a change of it, beside the like ones before it, latest first; NaN where one is not held.

    ``step`` is the months from one to the next; ``in_totals`` says where a mean month of a total stands.
    """

    of: Measured
    own: float
    figures: Floats
    in_totals: NDArray[np.bool_] | None
    step: int

    @classmethod
    def made(cls, before: Before, value: float, of: Measured) -> _Compared:
        series, span = before.series, before.span
        own, in_totals = value, None
        if of == "figure":
            figures = before.like()
        else:
            back = span.months if of == "change_month" else 12
            own = _ratio(value, changes.before(series, span, back))
            figures = before.changes(back)
        if before.step == 1 and of != "change_month" and series.totals:
            shared = _shared(series, span, of)
            in_totals = np.isnan(figures) & np.isfinite(shared)
            figures = np.where(in_totals, shared, figures)
        return cls(of, own, figures, in_totals, before.step)


def _set(compared: _Compared, span: Span, direction: Direction) -> Extreme | None:
    """The record in one direction; None as in ``record``."""
    figures, own, step = compared.figures, compared.own, compared.step
    held = np.isfinite(figures)
    if not math.isfinite(own) or not held.any():
        return None
    as_extreme = figures <= own if direction == "lowest" else figures >= own  # NaN is neither
    newest = int(as_extreme.argmax())
    bounded = bool(as_extreme[newest])
    oldest = len(held) - 1 - int(held[::-1].argmax())
    window = newest if bounded else oldest + 1
    count = int(np.count_nonzero(held[:window]))
    if count == 0:
        return None
    return Extreme(
        direction=direction,
        since=span.first - step * (window + 1) if bounded else None,
        first_held=span.first - step * (oldest + 1),
        months_held=span.months * (count + 1),
        months_needed=span.months * (window + 1),
        years_claimed=_years(held, bounded=window if bounded else None, a_year=12 // step),
        tied=bounded and bool(figures[window] == own),
        of=compared.of,
        months_in_totals=0
        if compared.in_totals is None
        else int(np.count_nonzero(compared.in_totals[:window])),
    )


def records(before: Before, value: float) -> tuple[Extreme, ...]:
    """Records worth a sentence: those that stand against FEWEST held figures, or claim a year or more."""
    return _worth(before, value, ("figure",))


def change_records(before: Before, value: float) -> tuple[Extreme, ...]:
    """Records of the figure's changes on the year, then on the month, that are worth as much."""
    return _worth(before, value, ("change_year", "change_month"))


def _worth(before: Before, value: float, wanted: tuple[Measured, ...]) -> tuple[Extreme, ...]:
    directions: tuple[Direction, ...] = ("lowest", "highest")
    compared = (_Compared.made(before, value, of) for of in wanted)
    found = (_set(each, before.span, direction) for each in compared for direction in directions)
    return tuple(
        each
        for each in found
        if each is not None and (each.months_held >= FEWEST or each.years_claimed is not None)
    )


@dataclass(frozen=True, slots=True)
class Rank:
    """Place of a figure among the same calendar months held, itself included; 1 is the lowest.

    ``tied`` counts the others that hold the same figure, which share the rank; ``held`` counts all.
    """

    rank: int
    held: int
    tied: int


def rank_in_month(before: Before, value: float) -> Rank | None:
    """Rank among the same calendar months up to the span; None where none of an earlier year is held."""
    figures = before.like(step=12)
    held = figures[np.isfinite(figures)]
    if held.size == 0:
        return None
    below, same = np.count_nonzero(held < value), np.count_nonzero(held == value)
    return Rank(int(below) + 1, int(held.size) + 1, int(same))


def _shared(series: Series, span: Span, of: Measured) -> Floats:
    """What each month before one stands for as part of a total, latest first; NaN where it is in none.

    The mean month of what the total leaves beside its held months, the shortest total first; for a change on
    the year the ratio of the whole total to the same months a year before.
    """
    found = np.full(max(span.first.since(series.start), 0), np.nan)
    pairs = [each for each in series.totals if each.span.months <= LONGEST_SHARED]
    for total in sorted(pairs, key=lambda each: -each.span.months):
        places = span.first.since(total.span.first) - 1 - np.arange(total.span.months)
        if places.min() < 0 or places.max() >= len(found):
            continue
        alone = [series.at(month) for month in total.span]
        missing = np.isnan(alone)
        if of == "change_year":
            found[places] = _ratio(total.value, series.over(Span(total.span.first - 12, total.span.months)))
        elif missing.any():
            found[places] = (total.value - np.nansum(alone)) / np.count_nonzero(missing)
    return found


def _ratio(value: float, before: float) -> float:
    return value / before if before > 0 else math.nan


def _years(held: NDArray[np.bool_], *, bounded: int | None, a_year: int) -> int | None:
    """Largest N of which CLAIM_PERCENT is held; ``bounded`` counts spans since one as extreme."""
    reach = (len(held) if bounded is None else bounded) + 1
    longest = reach // a_year if bounded is not None else reach * 100 // CLAIM_PERCENT // a_year
    if longest == 0:
        return None
    upto = np.concatenate(([1], 1 + held.cumsum()))
    for years in range(longest, 0, -1):
        needed = years * a_year
        if upto[min(needed, len(upto)) - 1] * 100 >= CLAIM_PERCENT * needed:
            return years
    return None
