"""Dated measures: from which month one can show in the figures, and which shock may answer to which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from forecasting.months import Month, Span

LINKED = 3
"""Months after a measure took effect within which a shock may answer to it; a judgement, not learned."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A policy measure: announced on a day, in force from a day, and known to us from a moment."""

    id: str
    title: str
    announced: dt.date
    effective: dt.date
    known_from: dt.datetime
    url: str = ""

    @property
    def first_month(self) -> Month:
        """The first month whose figure can show it."""
        return Month.from_date(self.effective)

    def ahead_of(self, span: Span) -> bool:
        """True where it had been announced by the end of a span and was to take effect after it."""
        return self.announced <= span.last.last_day and self.first_month > span.last


@dataclass(frozen=True, slots=True)
class Link:
    """A measure and the shock that may answer to it: a date beside a date, and no proof of a cause.

    ``lag`` is the months from the first month that can show the measure to the onset; below zero for a rush
    before it.
    """

    measure: Measure
    lag: int


def linked(measures: Iterable[Measure], onset: Span, side: str, *, as_of: dt.datetime) -> Link | None:
    """The measure that a shock may answer to, of those known by ``as_of``; None where there is none.

    The one that took effect last, at most LINKED months before the onset's end; for an upward shock without
    one, the next that had been announced and was not yet in force.
    """
    known = [each for each in measures if each.known_from <= as_of]
    past = [each for each in known if 0 <= onset.last.since(each.first_month) <= LINKED]
    if past:
        last = max(past, key=lambda each: (each.effective, each.announced, each.id))
        return Link(last, onset.last.since(last.first_month))
    coming = [each for each in known if side == "up" and each.ahead_of(onset)]
    if not coming:
        return None
    first = min(coming, key=lambda each: (each.effective, each.announced, each.id))
    return Link(first, onset.last.since(first.first_month))
