"""Submitted forecasts: what a forecaster says of a figure, and which of them stood before it was known."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from forecasting.months import Span

FORECASTER = "forecaster:"
"""What stands before the id of a forecaster, where a line or a member names the model."""

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
