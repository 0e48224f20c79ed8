"""Forecasts of others: what a forecaster said before a figure was known, and how far off it has been."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from forecasting.months import Span
from forecasting.prints import PrintArrays, micros, moment

FEWEST_ERRORS = 8
"""Past errors below which nothing is said of a forecaster's usual one: under three quarters of a year."""

RANGE, INTERVAL_80 = "range", "interval_80"
"""What the two ends of a forecast are: the answers of a poll, or its own 10 % and 90 % quantiles."""


@dataclass(frozen=True, slots=True)
class Forecaster:
    """A named source of forecasts; ``desk`` is whose it is and who alone sees it, None for all desks."""

    id: str
    name: str
    desk: str | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a forecaster said of the total over a span, in the series' unit.

    Attributes
    ----------
    known_from
        When it was submitted, by our clock (time zone required).
    point
        The one value expected, where one was given.
    levels, quantiles
        (q,) each, or empty: levels rise within 0 to 1, quantiles never fall.
    low, high, count
        The lowest and highest answer of a poll, and how many answered.
    claimed
        True where the sender says that it was made before it was submitted: shown, and never counted.
    """

    forecaster: str
    span: Span
    known_from: dt.datetime
    point: float | None = None
    levels: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    count: int | None = None
    claimed: bool = False

    @property
    def expected(self) -> float:
        """The point; without one the median of the quantiles; without these the middle of the range."""
        if self.point is not None:
            return self.point
        if self.quantiles:
            return float(np.interp(0.5, self.levels, self.quantiles))
        if self.low is None or self.high is None:
            return math.nan
        return (self.low + self.high) / 2

    @property
    def bounds(self) -> tuple[str, float, float] | None:
        """RANGE or INTERVAL_80 with its two ends; None where neither is given."""
        if self.low is not None and self.high is not None:
            return RANGE, self.low, self.high
        if self.levels and self.levels[0] <= 0.1 and self.levels[-1] >= 0.9:
            low, high = np.interp((0.1, 0.9), self.levels, self.quantiles).tolist()
            return INTERVAL_80, low, high
        return None


def contradiction(said: Submitted) -> str | None:
    """Why no forecaster can mean what is said, in words; None where one can."""
    return next(chain(_no_numbers(said), _no_quantiles(said), _no_range(said), _no_middle(said)), None)


def _no_numbers(said: Submitted) -> Iterator[str]:
    ends = [each for each in (said.point, said.low, said.high) if each is not None]
    if not all(math.isfinite(each) for each in (*ends, *said.levels, *said.quantiles)):
        yield "a number in it is not finite"


def _no_quantiles(said: Submitted) -> Iterator[str]:
    if len(said.levels) != len(said.quantiles):
        yield f"there are {len(said.levels)} levels and {len(said.quantiles)} quantiles; give one for each"
    if any(not 0 < each < 1 for each in said.levels):
        yield "a level does not lie between 0 and 1"
    if any(later <= earlier for earlier, later in pairwise(said.levels)):
        yield "its levels do not rise"
    for (level, lower), (higher, upper) in pairwise(zip(said.levels, said.quantiles, strict=False)):
        if upper < lower:
            yield f"its quantiles cross: that of {level:g} is {lower:g} and that of {higher:g} is {upper:g}"


def _no_range(said: Submitted) -> Iterator[str]:
    low, high = said.low, said.high
    if (low is None) != (high is None):
        yield "a range has two ends; give both low and high"
    if low is not None and high is not None:
        if low > high:
            yield f"low is {low:g}, above high, which is {high:g}"
        if said.point is not None and not low <= said.point <= high:
            yield f"the point {said.point:g} lies outside its own range, {low:g} to {high:g}"
    if said.count is not None and said.count < 1:
        yield f"count is {said.count}, and at least one must have answered"


def _no_middle(said: Submitted) -> Iterator[str]:
    if said.point is None and said.levels and not said.levels[0] <= 0.5 <= said.levels[-1]:
        yield "its quantiles lie on one side of 0.5; give a point too, or quantiles on both sides"
    if said.point is None and not said.levels and said.low is None:
        yield "nothing is forecast in it; give a point, quantiles, or low and high"


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


def stood(said: Iterable[Submitted], span: Span, first_known: dt.datetime) -> Submitted | None:
    """The forecast of a span that stood when the span was first known; None where none did.

    The newest submitted before; of two from one moment the later given. What was submitted at that moment or
    after it, and what is only claimed to be older, is no forecast of the figure.
    """
    found: Submitted | None = None
    for each in said:
        if each.span != span or each.claimed or each.known_from >= first_known:
            continue
        if found is None or each.known_from >= found.known_from:
            found = each
    return found


class Others:
    """What others said of one series, and the first print of each span that they forecast."""

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
        """Errors (actual less expected over expected) on the spans first known before a moment."""
        shares = []
        for span in self._said[forecaster_id]:
            known, value = self._first.get(span, (now, math.nan))
            if span == but or known >= now or math.isnan(value):
                continue
            used = self._stood(forecaster_id, span, known)
            share = None if used is None else _share(used.expected, value)
            if share is not None:
                shares.append(share)
        return shares

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
