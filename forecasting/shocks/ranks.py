"""A sibling at an end of its family's ranking by change on the year, where it does not usually stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from forecasting.months import Span
from forecasting.series import Series
from forecasting.shocks.divergence import log_change, log_changes
from forecasting.shocks.rarity import BACK, RARE, empirical_tail

Floats = NDArray[np.float64]

FEWEST_RANKS = 36
"""Earlier rankings of the same siblings below which a rank is not judged: three years."""
FEWEST_SIBLINGS = 3
"""Siblings below which there is no ranking: of two each stands at an end, and ``divergence`` judges them."""


@dataclass(frozen=True, slots=True)
class RankShift:
    """A sibling at an end of the ranking, further from its usual rank than its history explains.

    Attributes
    ----------
    rank, siblings
        Place by log change on the year, 1 for the greatest rise, and how many siblings were ranked.
    change
        Ratio to the same span a year before, less one.
    usual
        Median of its earlier ranks.
    tail
        Share of months, this one counted in, with a rank at least as far from ``usual``; at most 0.05.
    ranks_held, as_far
        Earlier months in which the same siblings were ranked, and those of them that lay as far out.
    """

    series_id: str
    span: Span
    end: Literal["first", "last"]
    rank: int
    siblings: int
    change: float
    usual: float
    tail: float
    ranks_held: int
    as_far: int

    def said(self, names: Mapping[str, str] | None = None) -> str:
        """The same in plain words, with the names given in place of identifiers."""
        name = (names or {}).get(self.series_id, self.series_id)
        return (
            f"{name} stands {self.end} of {self.siblings} by its change on the year in {self.span.name} "
            f"({100 * self.change:+.0f} %), where its median rank is {self.usual:g}: as far from it in "
            f"{self.as_far} of {self.ranks_held} earlier months"
        )


def rank_shifts(family: Sequence[Series], span: Span) -> tuple[RankShift, ...] | str:
    """Siblings at an end of the ranking that is rare for them, the rarest first; else why none is judged.

    Ranked are the siblings that hold a change on the year over the span, beside the months of the ten years
    before in which all of them did. A shared end is no end. The statistic is the difference between the rank
    and the median of its earlier ranks; the test is its empirical tail, of both sides.
    """
    ranked = [each for each in family if np.isfinite(log_change(each, span))]
    if len(ranked) < FEWEST_SIBLINGS:
        return (
            f"{len(ranked)} siblings hold a change on the year in {span.name}; "
            f"a ranking needs {FEWEST_SIBLINGS}"
        )
    changes = np.array([log_changes(each, span, BACK) for each in ranked])
    changes = changes[:, np.isfinite(changes).all(axis=0)]
    ranks: Floats = rankdata(-changes, axis=0)
    held = ranks.shape[1] - 1
    if held < FEWEST_RANKS:
        return (
            f"the {len(ranked)} siblings of {span.name} were ranked in {held} earlier months of the last "
            f"{BACK}; {FEWEST_RANKS} are needed"
        )
    found = [
        _shift(each, span, row, len(ranked), float(np.expm1(change)))
        for each, row, change in zip(ranked, ranks, changes[:, 0], strict=True)
    ]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.tail))


def _shift(series: Series, span: Span, ranks: Floats, siblings: int, change: float) -> RankShift | None:
    """The newest rank of a sibling, the first of ``ranks``; None where it is no end, or not rare."""
    now, earlier = float(ranks[0]), ranks[1:]
    tail = empirical_tail(now, earlier)
    if now not in {1.0, float(siblings)} or tail > RARE:
        return None
    usual = float(np.median(earlier))
    return RankShift(
        series_id=series.id,
        span=span,
        end="first" if now == 1 else "last",
        rank=int(now),
        siblings=siblings,
        change=change,
        usual=usual,
        tail=tail,
        ranks_held=len(earlier),
        as_far=int(np.count_nonzero(np.abs(earlier - usual) >= abs(now - usual))),
    )
