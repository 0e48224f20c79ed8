"""What a model sees: one series in one unit, monthly, with what is missing said and not filled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import InvalidSeriesError
from forecasting.months import Month, Span


@dataclass(frozen=True, slots=True)
class Observation:
    """One published figure for one reference span, as it became known.

    ``value`` is the total over the span, in the series' unit; None is a withdrawal of what was known before.
    ``known_from`` is the moment (time zone required) from which the figure was public.
    """

    span: Span
    value: float | None
    known_from: dt.datetime
    stage: str = "final"

    def __post_init__(self) -> None:
        if self.known_from.tzinfo is None:
            raise InvalidSeriesError("?", f"known_from of {self.span} has no time zone")
        if self.value is not None and not np.isfinite(self.value):
            raise InvalidSeriesError("?", f"the value of {self.span} is {self.value}, not a finite number")


@dataclass(frozen=True, slots=True)
class Total:
    """A figure for two or more months together that no source splits; ``value`` is their sum."""

    span: Span
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A monthly series as of one moment.

    Attributes
    ----------
    id, unit
        The series' identifier, and the unit of every value (t, kg, USD …).
    start
        Month of ``values[0]``.
    values
        Float array (n,), the total of each month; NaN where the month is not held on its own. Read-only.
    totals
        Figures for spans of two or more months, ordered by their first month. A month inside one is NaN in
        ``values``; a total whose every month is also held alone is left out.
    """

    id: str
    unit: str
    start: Month
    values: NDArray[np.float64]
    totals: tuple[Total, ...] = field(default=())

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        if values.ndim != 1 or values.size == 0:
            raise InvalidSeriesError(
                self.id, f"values have shape {values.shape}; one or more months are needed"
            )
        if np.isinf(values).any():
            raise InvalidSeriesError(self.id, "a value is infinite")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @property
    def end(self) -> Month:
        """Month of the last value: the forecast origin."""
        return self.start + (len(self.values) - 1)

    @property
    def held(self) -> int:
        """Count of months held on their own."""
        return int(np.count_nonzero(np.isfinite(self.values)))

    @property
    def non_negative(self) -> bool:
        """True where no figure is below zero: neither a held month nor a total."""
        below = bool((self.values[np.isfinite(self.values)] < 0).any())
        return not below and all(total.value >= 0 for total in self.totals)

    def at(self, month: Month) -> float:
        """Value of a month in the series' unit; NaN where it is not held."""
        step = month.since(self.start)
        return float(self.values[step]) if 0 <= step < len(self.values) else float("nan")

    def over(self, span: Span) -> float:
        """Total over a span: as published for it, else the sum of the figures that part it.

        Months held alone stand before totals; NaN where a month is in no figure, or only in overlapping ones.
        """
        for total in self.totals:
            if total.span == span:
                return total.value
        alone = float(sum(self.at(month) for month in span))
        return self._parted(span.first, span.last) if np.isnan(alone) and self.totals else alone

    def overs(self, span: Span, back: int) -> NDArray[np.float64]:
        """Totals (back + 1,) as ``over`` has them: of a span, and of as many months from each month before.

        The span's own comes first. All at once, since what looks at the past of every pair of a family asks
        for millions.
        """
        first = span.first - back
        held = np.full(back + span.months, np.nan)
        ahead = first.since(self.start)
        begins, ends = max(ahead, 0), min(ahead + held.size, len(self.values))
        if begins < ends:
            held[begins - ahead : ends - ahead] = self.values[begins:ends]
        sums = np.lib.stride_tricks.sliding_window_view(held, span.months).sum(axis=1)
        for total in self.totals:
            wider = span.months - total.span.months
            for earlier in range(wider + 1):  # spans that hold the total; shorter ones have no part in it
                place = total.span.first.since(first) - earlier
                if 0 <= place <= back and (wider == 0 or np.isnan(sums[place])):
                    sums[place] = self.over(Span(first + place, span.months))
        return np.asarray(sums[::-1])

    def _parted(self, month: Month, last: Month) -> float:
        """Sum of figures that follow on one another from a month to the last; NaN where none do."""
        if month > last:
            return 0.0
        heads = [(month, self.at(month))]
        heads += [(one.span.last, one.value) for one in self.totals if one.span.first == month]
        sums = (value + self._parted(end + 1, last) for end, value in heads if end <= last)
        return next((each for each in sums if np.isfinite(each)), float("nan"))

    def until(self, last: Month) -> Series:
        """The same series cut after ``last``; totals that end later are dropped.

        InvalidSeriesError where nothing is left.
        """
        months = min(last.since(self.start) + 1, len(self.values))
        totals = tuple(total for total in self.totals if total.span.last <= last)
        return Series(self.id, self.unit, self.start, self.values[: max(months, 0)], totals)


def monthly(series_id: str, unit: str, figures: Iterable[tuple[Span, float]]) -> Series:
    """Series of the figures given, one a span; InvalidSeriesError where there is none or one comes twice."""
    by_span: dict[Span, float] = {}
    for span, value in figures:
        if span in by_span:
            raise InvalidSeriesError(series_id, f"{span} is given twice")
        by_span[span] = value
    if not by_span:
        raise InvalidSeriesError(series_id, "no figure is held")
    start = min(span.first for span in by_span)
    end = max(span.last for span in by_span)
    values = np.full(end.since(start) + 1, np.nan)
    for span, value in by_span.items():
        if span.months == 1:
            values[span.first.since(start)] = value
    totals = tuple(
        Total(span, value)
        for span, value in sorted(by_span.items())
        if span.months > 1 and np.isnan(values[span.first.since(start) : span.last.since(start) + 1]).any()
    )
    return Series(series_id, unit, start, values, totals)
