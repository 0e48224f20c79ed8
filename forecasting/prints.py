"""Every print of a series, read forward in time: what stands at a moment costs no look back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import InvalidSeriesError
from forecasting.months import LONGEST_SPAN, Month, Span
from forecasting.series import Observation, Series, Total

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class PrintArrays:
    """Prints (n,) in the order in which they became known, of two from one moment the later given last.

    Attributes
    ----------
    first, months
        ``Month.ordinal`` of each span's first month, and its count of months.
    values
        Total over the span in the series' unit; NaN is a withdrawal.
    known
        ``known_from`` in whole microseconds since 1970 UTC.
    """

    first: NDArray[np.int64]
    months: NDArray[np.int64]
    values: NDArray[np.float64]
    known: NDArray[np.int64]

    @classmethod
    def of(cls, observations: Iterable[Observation]) -> PrintArrays:
        """The same prints as arrays, sorted by when they became known."""
        rows = sorted(observations, key=lambda each: each.known_from)
        return cls(
            np.array([each.span.first.ordinal for each in rows], dtype=np.int64),
            np.array([each.span.months for each in rows], dtype=np.int64),
            np.array([np.nan if each.value is None else each.value for each in rows], dtype=np.float64),
            np.array([micros(each.known_from) for each in rows], dtype=np.int64),
        )


def micros(moment: dt.datetime) -> int:
    """Whole microseconds from 1970 UTC to a moment (time zone required)."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(count: int) -> dt.datetime:
    """The moment in UTC that so many microseconds from 1970 are."""
    return _EPOCH + int(count) * _MICROSECOND


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands for a span; ``value`` is None where it is withdrawn. ``fresh`` is True from this moment."""

    value: float | None
    fresh: bool


class Prints:
    """One series on its way through time: ``advance`` to a moment, then ask what stands.

    It holds what ``forecasting.vintages.known`` and ``series_as_of`` would give at that moment; a test shows
    that they agree. Time moves forward only: InvalidSeriesError where it is asked to go back.
    """

    def __init__(self, series_id: str, unit: str, held: PrintArrays | None = None) -> None:
        held = held or PrintArrays.of([])
        self.id = series_id
        self.unit = unit
        self._held = held
        self._next = 0
        self._moment = _NEVER
        low = int(held.first.min()) if held.first.size else 0
        high = int((held.first + held.months).max()) if held.first.size else 0
        self._low = low
        room = high - low + LONGEST_SPAN if held.first.size else 0
        self._values = np.full(room, np.nan)
        self._known = np.full(room, _NEVER, dtype=np.int64)
        self._totals: dict[Span, tuple[float, int]] = {}
        self._series: Series | None = None
        self._stale = True

    def advance(self, moment: dt.datetime) -> None:
        """Take in all that was known at a moment."""
        now = micros(moment)
        if now < self._moment:
            raise InvalidSeriesError(self.id, f"prints are read forward, and {moment} is past")
        self._moment = now
        end = int(np.searchsorted(self._held.known, now, side="right"))
        if end == self._next:
            return
        part = slice(self._next, end)
        first, months = self._held.first[part], self._held.months[part]
        values, known = self._held.values[part], self._held.known[part]
        alone = months == 1
        places = first[alone] - self._low
        self._values[places] = values[alone]
        self._known[places] = known[alone]
        for place in np.flatnonzero(~alone).tolist():
            span = Span(Month(int(first[place])), int(months[place]))
            self._totals[span] = float(values[place]), int(known[place])
        self._next = end
        self._stale = True

    def tell(self, span: Span, value: float | None) -> None:
        """One more print, known from the moment that was advanced to; None is a withdrawal."""
        figure = np.nan if value is None else value
        self._stale = True
        if span.months > 1:
            self._totals[span] = figure, self._moment
            return
        self._reach(span.first.ordinal)
        place = span.first.ordinal - self._low
        self._values[place], self._known[place] = figure, self._moment

    def standing(self, span: Span) -> Standing | None:
        """What stands for a span; None where nothing was ever printed for it."""
        if span.months > 1:
            value, known = self._totals.get(span, (np.nan, _NEVER))
        else:
            place = span.first.ordinal - self._low
            inside = 0 <= place < len(self._values)
            value = float(self._values[place]) if inside else np.nan
            known = int(self._known[place]) if inside else _NEVER
        if known == _NEVER:
            return None
        return Standing(None if np.isnan(value) else value, known == self._moment)

    def series(self) -> Series | None:
        """The series as it stands; None where nothing does."""
        if self._stale:
            self._series = self._made(self._values, self._totals)
            self._stale = False
        return self._series

    def months(self, first: Month, last: Month) -> NDArray[np.float64] | None:
        """Figures (n,) of the months between two, NaN where none stands; None where a total meets them."""
        if any(span.first <= last and first <= span.last for span in self._totals):
            return None
        found = np.full(last.since(first) + 1, np.nan)
        start, end = first.ordinal - self._low, last.ordinal - self._low + 1
        within = self._values[max(start, 0) : max(end, 0)]
        found[max(-start, 0) : max(-start, 0) + len(within)] = within
        return found

    def figures(self, first: Month, last: Month) -> dict[Span, float]:
        """Figures that stand for the spans that lie between two months, both included, withdrawn ones not."""
        start = max(first.ordinal - self._low, 0)
        within = self._values[start : max(last.ordinal - self._low + 1, 0)]
        found = {
            Span(Month(self._low + start + place)): float(within[place])
            for place in np.flatnonzero(np.isfinite(within)).tolist()
        }
        for span, (value, _) in self._totals.items():
            if first <= span.first and span.last <= last and np.isfinite(value):
                found[span] = value
        return found

    def _reach(self, ordinal: int) -> None:
        """Make room for a month, and for some that will follow."""
        if not self._values.size:
            self._low = ordinal
        before = max(self._low - ordinal, 0)
        after = max(ordinal + 1 - self._low - len(self._values), 0)
        if not before and not after:
            return
        room = (before, after + LONGEST_SPAN)
        self._low -= before
        self._values = np.pad(self._values, room, constant_values=np.nan)
        self._known = np.pad(self._known, room, constant_values=_NEVER)

    def _made(self, values: NDArray[np.float64], totals: dict[Span, tuple[float, int]]) -> Series | None:
        held = np.flatnonzero(np.isfinite(values))
        kept = {span: value for span, (value, _) in totals.items() if np.isfinite(value)}
        edges = [self._low + int(held[0]), self._low + int(held[-1])] if held.size else []
        edges += [each.ordinal for span in kept for each in (span.first, span.last)]
        if not edges:
            return None
        start, end = min(edges), max(edges)
        filled = np.full(end - start + 1, np.nan)
        if held.size:
            filled[held + (self._low - start)] = values[held]
        parted = tuple(
            Total(span, value)
            for span, value in sorted(kept.items())
            if np.isnan(filled[span.first.ordinal - start : span.last.ordinal - start + 1]).any()
        )
        return Series(self.id, self.unit, Month(start), filled, parted)
