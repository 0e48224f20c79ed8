"""Series of one family that part ways: changes on the year apart by more than their history explains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from forecasting.months import Month, Span
from forecasting.series import Series

Floats = NDArray[np.float64]

PARTED = 3.0
"""Robust scores of the gap from which two siblings have parted."""
FEWEST = 6
"""Earlier gaps below which the history cannot judge, and only opposite large changes count."""
LARGE = math.log(1.25)
"""Change, in logs, that is large on its own: a quarter up, or a fifth down."""
SMALLEST_SPREAD = 0.05
"""Spread of gaps, in logs, below which no history is believed: rounding and working days make that much."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """Two siblings over one span, and how their changes on the year part.

    Attributes
    ----------
    higher, lower
        Identifiers of the series that changed more and less.
    higher_change, lower_change
        Ratios to the same span a year before, less one.
    opposite
        True where one rose and the other fell.
    gap
        Difference of the logarithms of the two ratios.
    score
        Gap less the median of earlier gaps, over their spread (median absolute deviation, scaled to the
        normal); None where fewer than six earlier gaps are held.
    gaps_held
        Count of earlier gaps.
    parted
        True where the score is 3 or more, or, without a score, where both changes are large and opposite.
    reason
        The same in plain words.
    """

    higher: str
    lower: str
    span: Span
    higher_change: float
    lower_change: float
    opposite: bool
    gap: float
    score: float | None
    gaps_held: int
    parted: bool
    reason: str


def divergences(family: Sequence[Series], span: Span) -> tuple[Divergence, ...]:
    """Each pair of a family whose changes on the year over a span are both held, widest gap first."""
    changes = [(each.id, changes_to(each, span)) for each in family]
    found = (parted(*one, *other, span) for one, other in combinations(changes, 2))
    return tuple(sorted((each for each in found if each is not None), key=lambda each: -each.gap))


def divergence(first: Series, second: Series, span: Span) -> Divergence | None:
    """How two siblings part over a span; None where a change on the year is not held for both."""
    return parted(first.id, changes_to(first, span), second.id, changes_to(second, span), span)


def changes_to(series: Series, span: Span) -> Floats:
    """Log changes on the year of a span and of as many months from each month before, the newest first."""
    return log_changes(series, span, max(span.first.since(series.start), 0))


def parted(first: str, one: Floats, second: str, other: Floats, span: Span) -> Divergence | None:
    """How two siblings part over a span by their ids and ``changes_to`` it; None as in ``divergence``."""
    if not (math.isfinite(one[0]) and math.isfinite(other[0])):
        return None
    (higher, ups), (lower, downs) = sorted(((first, one), (second, other)), key=lambda each: -each[1][0])
    up, down = float(ups[0]), float(downs[0])
    gap = up - down
    both = min(len(ups), len(downs))
    gaps = ups[1:both] - downs[1:both]
    earlier = gaps[np.isfinite(gaps)]
    score, has_parted = _judged(up, down, earlier)
    opposite = up > 0 > down
    against = (
        f"{score:.1f} times the usual spread of {len(earlier)} earlier gaps"
        if score is not None
        else f"{len(earlier)} earlier gaps held, too few for a usual spread"
    )
    reason = (
        f"on the year {higher} {100 * math.expm1(up):+.0f} % and {lower} "
        f"{100 * math.expm1(down):+.0f} %, "
        f"a gap of {gap:.2f} in logs, {against}"
    )
    return Divergence(
        higher=higher,
        lower=lower,
        span=span,
        higher_change=math.expm1(up),
        lower_change=math.expm1(down),
        opposite=opposite,
        gap=gap,
        score=score,
        gaps_held=len(earlier),
        parted=has_parted,
        reason=reason,
    )


def last_parted(family: Sequence[Series], first: Month, last: Month) -> Month | None:
    """The last month from ``first`` to ``last`` in which two of a family parted; None where none did.

    Each month is judged as ``divergence`` judges it, by gaps that are earlier than the month.
    """
    pairs = list(combinations([(each.start, _changes(each, last)) for each in family], 2))
    for back in range(last.since(first) + 1):
        month = last - back
        if any(_parted_in(one, other, month) for one, other in pairs):
            return month
    return None


Changes = tuple[Month, Floats]


def _changes(series: Series, last: Month) -> Floats:
    """Log changes on the year of each month from a series' start on."""
    months = max(last.since(series.start) + 1, 0)
    return log_changes(series, Span(last), months - 1)[::-1] if months else np.empty(0)


def _parted_in(one: Changes, other: Changes, month: Month) -> bool:
    start = max(one[0], other[0])
    held = month.since(start) + 1
    if held < 1:
        return False
    first, second = (changes[start.since(begun) :][:held] for begun, changes in (one, other))
    gaps = first - second
    if not math.isfinite(gaps[-1]):
        return False
    earlier = gaps[:-1][np.isfinite(gaps[:-1])]
    up, down = max(first[-1], second[-1]), min(first[-1], second[-1])
    turned = 1.0 if first[-1] >= second[-1] else -1.0
    return _judged(float(up), float(down), turned * earlier)[1]


def _judged(up: float, down: float, earlier: Floats) -> tuple[float | None, bool]:
    """The score of a gap against earlier ones, and whether it parts two siblings."""
    if len(earlier) < FEWEST:
        return None, up > 0 > down and up >= LARGE and -down >= LARGE
    middle = float(np.median(earlier))
    spread = max(1.4826 * float(np.median(np.abs(earlier - middle))), SMALLEST_SPREAD)
    score = (up - down - middle) / spread
    return score, score >= PARTED


def log_change(series: Series, span: Span) -> float:
    """Log ratio to the same span a year before; NaN where one is not held or not above zero."""
    now, before = series.over(span), series.over(Span(span.first - 12, span.months))
    return math.log(now / before) if now > 0 and before > 0 else math.nan


def log_changes(series: Series, span: Span, back: int) -> Floats:
    """``log_change`` (back + 1,) of a span, and of as many months from each month before, newest first."""
    totals = series.overs(span, back + 12)
    now, before = totals[: back + 1], totals[12:]
    held = (now > 0) & (before > 0)
    return np.log(now / before, where=held, out=np.full(back + 1, np.nan))


def share(part: Series, whole: Sequence[Series], span: Span) -> float | None:
    """Share of one series in the sum of a family over a span, 0 to 1.

    None where one is not held, all are zero, or units differ.
    """
    if len({series.unit for series in whole}) > 1:
        return None
    total = sum(series.over(span) for series in whole)
    value = part.over(span)
    return value / total if math.isfinite(total) and total > 0 and math.isfinite(value) else None
