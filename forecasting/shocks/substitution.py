"""One sibling's fall beside another's rise in the same month: how much of what was lost came in there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from forecasting.months import Span
from forecasting.series import Series
from forecasting.shocks.divergence import FEWEST, LARGE, log_changes

MATCHED = 0.5
"""Share of what one sibling lost that another must have gained before the two are named together."""
QUARTER = math.exp(LARGE)
"""Ratio from which a rise counts; its inverse is that of a fall."""
GROWTH_BACK = 36
"""Months before the span whose changes on the year say how much growth is usual."""


@dataclass(frozen=True, slots=True)
class Usual:
    """A sibling's figure over a span beside what was usual of it, in the series' unit.

    ``expected`` is the figure of the same span a year before, times one plus ``growth``: the median change on
    the year of the 36 months before, 0 where fewer than six of them are held.
    """

    series_id: str
    value: float
    expected: float
    growth: float


@dataclass(frozen=True, slots=True)
class Substitution:
    """A fall of one sibling that a rise of another matches, in amount and month; no proof of a cause.

    Attributes
    ----------
    fell, rose
        The two siblings; one at least a fifth below what was expected of it, the other a quarter above.
    lost, gained
        Expected less reported of the one, reported less expected of the other, in ``unit``.
    share
        Gained over lost, 0.5 or more; above 1 where more was gained than lost.
    """

    fell: Usual
    rose: Usual
    span: Span
    unit: str
    lost: float
    gained: float
    share: float

    def said(self, names: Mapping[str, str] | None = None) -> str:
        """The same in plain words, with the names given in place of identifiers."""
        fell, rose = ((names or {}).get(each.series_id, each.series_id) for each in (self.fell, self.rose))
        unit = self.unit
        return (
            f"in {self.span.name} {fell} came to {_said(self.fell.value)} {unit}, {_said(self.lost)} {unit} "
            f"below the year before with its usual growth, and {rose} to {_said(self.rose.value)} {unit}, "
            f"{_said(self.gained)} {unit} above: {100 * self.share:.0f} % of what the one lost; "
            "amounts that match, and no proof that one took the other's place"
        )


def substitutions(family: Sequence[Series], span: Span) -> tuple[Substitution, ...] | str:
    """Falls that a sibling's rise in the same unit matches, the largest loss first; else why none is judged.

    A fall counts from a fifth below what was expected and a rise from a quarter above it (as for opposite
    changes without a history): less cannot be told from noise where the one that rose is far larger.
    """
    usual = {each.id: one for each in family if (one := _usual(each, span)) is not None}
    held = [each for each in family if each.id in usual]
    if len(held) < 2:
        return f"{len(held)} siblings hold {span.name} and the same month a year before; two are needed"
    if len({each.unit for each in held}) == len(held):
        return f"units differ ({', '.join(sorted({each.unit for each in held}))}): no amounts can be set off"
    found: list[Substitution] = []
    for down, up in permutations(held, 2):
        fell, rose = usual[down.id], usual[up.id]
        lost, gained = fell.expected - fell.value, rose.value - rose.expected
        large = fell.value <= fell.expected / QUARTER and rose.value >= rose.expected * QUARTER
        if down.unit == up.unit and large and gained >= MATCHED * lost:
            found.append(Substitution(fell, rose, span, down.unit, lost, gained, gained / lost))
    return tuple(sorted(found, key=lambda each: (-each.lost, -each.gained)))


def _usual(series: Series, span: Span) -> Usual | None:
    value, before = series.over(span), series.over(Span(span.first - 12, span.months))
    if not (math.isfinite(value) and value >= 0 and before > 0):
        return None
    changes = log_changes(series, span, GROWTH_BACK)[1:]
    changes = changes[np.isfinite(changes)]
    growth = math.expm1(float(np.median(changes))) if len(changes) >= FEWEST else 0.0
    return Usual(series.id, value, before * (1 + growth), growth)


def _said(amount: float) -> str:
    """An amount in whole units, and to three digits where there are few of them."""
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"
