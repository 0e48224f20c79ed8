"""Since when a figure was not so low or high: records, with the months held beside the months needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecasting.months import Month, Span
from forecasting.series import Series

Direction = Literal["lowest", "highest"]

CLAIM_PERCENT = 90
"""Per cent of a window's months that must be held before a record over it is claimed."""


@dataclass(frozen=True, slots=True)
class Record:
    """A figure that is the lowest or highest since some month.

    Like is compared with like: a single month with months held on their own, a longer span with the same
    calendar months of earlier years, and counts are then of those months only.

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
    """

    direction: Direction
    since: Month | None
    first_held: Month
    months_held: int
    months_needed: int
    years_claimed: int | None
    tied: bool


FEWEST = 12
"""Figures held, the judged one included, from which a record is worth a sentence without a claim of years."""


def record(series: Series, span: Span, value: float, direction: Direction) -> Record | None:
    """Record that a figure of ``span`` sets in a direction against what was held before it.

    None where nothing comparable is held before the span, or where the last comparable figure is already at
    least as extreme. Figures of the span itself and after it are not looked at.
    """
    step = 1 if span.months == 1 else 12
    figures = _earlier(series, span, step)
    held = np.isfinite(figures)
    if not held.any():
        return None
    sign = 1.0 if direction == "lowest" else -1.0
    as_extreme = np.flatnonzero(held & (sign * np.nan_to_num(figures) <= sign * value))
    oldest = int(np.flatnonzero(held)[-1])
    window = int(as_extreme[0]) if as_extreme.size else oldest + 1
    count = int(np.count_nonzero(held[:window]))
    if count == 0:
        return None
    return Record(
        direction=direction,
        since=span.first - step * (window + 1) if as_extreme.size else None,
        first_held=span.first - step * (oldest + 1),
        months_held=span.months * (count + 1),
        months_needed=span.months * (window + 1),
        years_claimed=_years(held, bounded=window if as_extreme.size else None, a_year=12 // step),
        tied=bool(as_extreme.size and figures[window] == value),
    )


def records(series: Series, span: Span, value: float) -> tuple[Record, ...]:
    """Records worth a sentence: those that stand against FEWEST held figures, or claim a year or more."""
    found = (record(series, span, value, direction) for direction in ("lowest", "highest"))
    return tuple(
        each
        for each in found
        if each is not None and (each.months_held >= FEWEST or each.years_claimed is not None)
    )


def rank_in_month(series: Series, span: Span, value: float) -> tuple[int, int] | None:
    """Rank of a figure from the lowest among the same calendar months held, itself included, and their count.

    Ties share the lower rank. None where no such month of an earlier year is held.
    """
    figures = _earlier(series, span, 12)
    held = figures[np.isfinite(figures)]
    if held.size == 0:
        return None
    return int(np.count_nonzero(held < value)) + 1, int(held.size) + 1


def _earlier(series: Series, span: Span, step: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Figures of the like spans before one, latest first, NaN where not held; back to the series' start."""
    count = max(span.first.since(series.start), 0) // step
    if span.months == 1:
        missing = np.full(max(span.first.since(series.start) - len(series.values), 0), np.nan)
        upto = np.concatenate([series.values, missing])[: span.first.since(series.start)]
        return upto[::-1][step - 1 :: step] if count else np.empty(0)
    return np.array(
        [
            series.over(Span(earlier, span.months))
            for earlier in (span.first - step * (back + 1) for back in range(count))
        ],
        dtype=np.float64,
    )


def _years(
    held: np.ndarray[tuple[int], np.dtype[np.bool_]], *, bounded: int | None, a_year: int
) -> int | None:
    """Largest N of which CLAIM_PERCENT is held; ``bounded`` counts spans since one as extreme."""
    reach = (len(held) if bounded is None else bounded) + 1
    longest = reach // a_year if bounded is not None else reach * 100 // CLAIM_PERCENT // a_year
    upto = np.concatenate(([1], 1 + np.cumsum(held)))
    for years in range(longest, 0, -1):
        needed = years * a_year
        if upto[min(needed, len(upto)) - 1] * 100 >= CLAIM_PERCENT * needed:
            return years
    return None
