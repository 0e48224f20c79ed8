"""A figure against what forecasters had said of it, by how far off each has been on the series before."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest

from forecasting.months import Span
from forecasting.prints import PrintArrays, micros, moment
from forecasting.submitted_forecasts import Forecaster, Submitted, stood

FEWEST_ERRORS = 8
"""Past errors below which nothing is said of a forecaster's usual one: under three quarters of a year."""

MOST_ERRORS = 60
"""Past errors that count, those known last: five years of months; who forecasts may then be another."""


@dataclass(frozen=True, slots=True)
class Against:
    """A figure against what one forecaster had said of it before.

    Attributes
    ----------
    desk
        The one desk that may hear of it; None for every desk.
    expected, low, high, difference
        In the series' unit; ``difference`` is figure less expected. ``bounds`` says what the two ends are.
    percent
        ``difference`` in per cent of what was expected; None where that is zero or less.
    surprise
        ``percent`` over the root mean square of the forecaster's past errors on this series, in per cent too;
        None with fewer than FEWEST_ERRORS of them, or where all were zero.
    errors
        How many past errors those are.
    largest
        True where its miss is larger than each of them, and they are FEWEST_ERRORS or more.
    """

    forecaster: str
    name: str
    desk: str | None
    expected: float
    bounds: str | None
    low: float | None
    high: float | None
    count: int | None
    submitted: dt.datetime
    difference: float
    percent: float | None
    surprise: float | None
    errors: int
    largest: bool


class SubmittedForecasts:
    """What forecasters said of one series, and the first print of each span that they forecast."""

    def __init__(
        self,
        forecasters: Mapping[str, Forecaster],
        said: Sequence[Submitted],
        held: PrintArrays | None = None,
    ) -> None:
        self._forecasters = forecasters
        self._said: dict[str, dict[Span, list[Submitted]]] = defaultdict(lambda: defaultdict(list))
        for each in said:
            self._said[each.forecaster][each.span].append(each)
        self._spans = {each.span for each in said}
        self._first: dict[Span, tuple[int, float]] = {}
        if held is not None:
            named = {(each.first.ordinal, each.months): each for each in self._spans}
            columns = (held.first, held.months, held.values, held.known)
            for first, months, value, known in zip(*(each.tolist() for each in columns), strict=True):
                if (span := named.get((first, months))) is not None:
                    self._keep(span, value, known)

    def tell(self, span: Span, value: float | None, known_from: dt.datetime) -> None:
        """One more print of the series; None is a withdrawal."""
        self._keep(span, math.nan if value is None else value, micros(known_from))

    def against(self, span: Span, value: float | None, known_from: dt.datetime) -> tuple[Against, ...]:
        """A figure against each forecaster that had foretold it, by id; nothing for a withdrawal.

        A revision is set against what stood before the first print, and past errors are those of first prints
        known before ``known_from``.
        """
        if value is None or span not in self._spans:
            return ()
        now = micros(known_from)
        first = min(now, self._first[span][0]) if span in self._first else now
        found = []
        for forecaster_id in sorted(self._said):
            used = self._stood(forecaster_id, span, first)
            if used is not None:
                forecaster = self._forecasters[forecaster_id]
                found.append(_against(forecaster, used, value, self._errors(forecaster_id, span, now)))
        return tuple(found)

    def _errors(self, forecaster_id: str, but: Span, now: int) -> list[float]:
        """Errors (actual less expected over expected) on the MOST_ERRORS spans known last before a moment."""
        past = []
        for span in self._said[forecaster_id]:
            known, value = self._first.get(span, (now, math.nan))
            if span == but or known >= now:
                continue
            if (used := self._stood(forecaster_id, span, known)) is not None:
                past.append((known, span.first.ordinal, span.months, used.expected, value))
        shares = (_share(expected, value) for *_, expected, value in nlargest(MOST_ERRORS, past))
        return [share for share in shares if share is not None and not math.isnan(share)]

    def _stood(self, forecaster_id: str, span: Span, first: int) -> Submitted | None:
        said = self._said[forecaster_id].get(span, ())
        return stood(said, span, moment(first))

    def _keep(self, span: Span, value: float, known: int) -> None:
        if span in self._spans and (span not in self._first or known < self._first[span][0]):
            self._first[span] = known, value


def _share(expected: float, actual: float) -> float | None:
    return (actual - expected) / expected if expected > 0 else None


def _against(forecaster: Forecaster, used: Submitted, value: float, errors: Sequence[float]) -> Against:
    expected, bounds = used.expected, used.bounds
    share = _share(expected, value)
    enough = len(errors) >= FEWEST_ERRORS and share is not None
    usual = math.sqrt(sum(each**2 for each in errors) / len(errors)) if errors else 0.0
    return Against(
        forecaster=forecaster.id,
        name=forecaster.name,
        desk=forecaster.desk,
        expected=expected,
        bounds=None if bounds is None else bounds[0],
        low=None if bounds is None else bounds[1],
        high=None if bounds is None else bounds[2],
        count=used.count,
        submitted=used.known_from,
        difference=value - expected,
        percent=None if share is None else 100 * share,
        surprise=share / usual if enough and share is not None and usual > 0 else None,
        errors=len(errors),
        largest=enough and share is not None and abs(share) > max(map(abs, errors)),
    )
