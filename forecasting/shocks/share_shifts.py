"""A sibling's share of its family's sum, moved on the year by more than its own history explains."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.months import Span
from forecasting.series import Series
from forecasting.shocks.divergence import SMALLEST_SPREAD, log_change, share
from forecasting.shocks.rarity import BACK, RARE, REACHED, empirical_tail

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ShareShift:
    """A sibling whose share of the sum of the siblings compared shifted on the year, rarely for it.

    Attributes
    ----------
    share, year_before
        Share of the sum over the span and over the same span a year before, 0 to 1.
    siblings
        Series in the sum: those of one unit that hold both spans. Where one is part of another, so is its
        share.
    shift
        Change on the year of the log of the sibling over the rest of the sum (its log-ratio).
    score
        The shift less the median of earlier shifts, over their spread (median absolute deviation, scaled to
        the normal).
    tail
        Share of months, this one counted in, with a shift at least as far from that median; at most 0.05.
    shifts_held, as_far
        Earlier shifts held, and those of them that lay as far out.
    """

    series_id: str
    span: Span
    share: float
    year_before: float
    siblings: int
    shift: float
    score: float
    tail: float
    shifts_held: int
    as_far: int

    def said(self, names: Mapping[str, str] | None = None) -> str:
        """The same in plain words, with the names given in place of identifiers."""
        name = (names or {}).get(self.series_id, self.series_id)
        return (
            f"{name} was {100 * self.share:.1f} % of the sum of {self.siblings} siblings in {self.span.name} "
            f"and {100 * self.year_before:.1f} % a year before: the shift lies {abs(self.score):.1f} usual "
            f"spreads {'above' if self.score > 0 else 'below'} the median of "
            f"{self.shifts_held} earlier ones, {self.as_far} of which were as far from it"
        )


def share_shifts(family: Sequence[Series], span: Span) -> tuple[ShareShift, ...] | str:
    """Siblings whose share shifted rarely, the rarest first; else why none is judged.

    Compared are the siblings of one unit that hold the span and the same span a year before, each unit by
    itself, beside the months of the ten years before in which all of them did. A share judged is at most 1 in
    20 by its empirical tail, which needs 19 earlier shifts.
    """
    units = {each.unit for each in family}
    compared = [
        [each for each in family if each.unit == unit and math.isfinite(log_change(each, span))]
        for unit in sorted(units)
    ]
    compared = [each for each in compared if len(each) > 1]
    if not compared:
        return f"no two siblings of one unit hold {span.name} and the same month a year before"
    found: list[ShareShift] = []
    longest = 0
    for siblings in compared:
        shifts = _shifts(siblings, span)
        longest = max(longest, shifts.shape[1] - 1)
        if shifts.shape[1] > REACHED:
            judged = [_judged(each, siblings, span, row) for each, row in zip(siblings, shifts, strict=True)]
            found += [each for each in judged if each is not None]
    if longest < REACHED:
        return (
            f"{longest} earlier shifts of the shares are held of the last {BACK} months; "
            f"{REACHED} are needed for a tail of {100 * RARE:.0f} %"
        )
    return tuple(sorted(found, key=lambda each: (each.tail, -abs(each.score))))


def _shifts(siblings: Sequence[Series], span: Span) -> Floats:
    """Shifts (siblings, months) of the span and of the months before it that all hold, newest first."""
    values = np.array([each.overs(span, BACK + 12) for each in siblings])
    values[:, ~(values > 0).all(axis=0)] = np.nan
    ratio = np.log(values / (values.sum(axis=0) - values))
    shifts: Floats = ratio[:, : BACK + 1] - ratio[:, 12:]
    return shifts[:, np.isfinite(shifts).all(axis=0)]


def _judged(series: Series, siblings: Sequence[Series], span: Span, shifts: Floats) -> ShareShift | None:
    """The newest shift of a sibling, the first of ``shifts``; None where it is not rare."""
    now, earlier = float(shifts[0]), shifts[1:]
    tail = empirical_tail(now, earlier)
    held = share(series, siblings, span), share(series, siblings, Span(span.first - 12, span.months))
    if tail > RARE or held[0] is None or held[1] is None:
        return None
    middle = float(np.median(earlier))
    spread = max(1.4826 * float(np.median(np.abs(earlier - middle))), SMALLEST_SPREAD)
    return ShareShift(
        series_id=series.id,
        span=span,
        share=held[0],
        year_before=held[1],
        siblings=len(siblings),
        shift=now,
        score=(now - middle) / spread,
        tail=tail,
        shifts_held=len(earlier),
        as_far=int(np.count_nonzero(np.abs(earlier - middle) >= abs(now - middle))),
    )
