"""What a family shows in a month beyond its pairs: ranks, shares, and falls that a rise matches."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, TypeVar

from forecasting.months import Span
from forecasting.series import Series
from forecasting.shocks.divergence import Divergence, Floats, changes_to, log_change, parted
from forecasting.shocks.ranks import RankShift, rank_shifts
from forecasting.shocks.share_shifts import ShareShift, share_shifts
from forecasting.shocks.substitution import Substitution, substitutions

Finding = RankShift | ShareShift | Substitution
_F = TypeVar("_F")


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A kind of finding that could not be looked for, and why."""

    kind: Literal["rank", "share", "substitution"]
    reason: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in a family over one span, and what could not be judged; neither says all was usual."""

    found: tuple[Finding, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()


def findings(family: Sequence[Series], span: Span) -> Findings:
    """Substitutions, share shifts and rank shifts of a family over a span, in this order."""
    found: list[Finding] = []
    unjudged: list[Unjudged] = []
    matched, shifted, ranked = (
        substitutions(family, span),
        share_shifts(family, span),
        rank_shifts(family, span),
    )
    if isinstance(matched, str):
        unjudged.append(Unjudged("substitution", matched))
    else:
        found += matched
    if isinstance(shifted, str):
        unjudged.append(Unjudged("share", shifted))
    else:
        found += shifted
    if isinstance(ranked, str):
        unjudged.append(Unjudged("rank", ranked))
    else:
        found += ranked
    return Findings(tuple(found), tuple(unjudged))


MOST_HELD = 5_000
"""Looks that are remembered: a release needs a few a series, a rehearsal goes on from month to month."""


class Families:
    """What families showed of one sibling at a time; each family is looked at once for all of them.

    Families are told apart by their figures, so that what was known at another moment is another family.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, Span, bytes], object] = {}

    def rank_shifts(
        self, series: Series, siblings: Sequence[Series], span: Span
    ) -> tuple[RankShift, ...] | str:
        """The rank of a series where it is rare for it, else none; why where it is not judged."""
        if not math.isfinite(log_change(series, span)):
            return _no_change(series, span)
        found = self._look(rank_shifts, [series, *siblings], span)
        return (
            found if isinstance(found, str) else tuple(each for each in found if each.series_id == series.id)
        )

    def share_shifts(
        self, series: Series, siblings: Sequence[Series], span: Span
    ) -> tuple[ShareShift, ...] | str:
        """The shift of a series' share where it is rare for it, else none; why where it is not judged."""
        if not math.isfinite(log_change(series, span)):
            return _no_change(series, span)
        found = self._look(share_shifts, _of_unit(series, siblings), span)
        return (
            found if isinstance(found, str) else tuple(each for each in found if each.series_id == series.id)
        )

    def substitutions(
        self, series: Series, siblings: Sequence[Series], span: Span
    ) -> tuple[Substitution, ...] | str:
        """Falls that a rise matches, of which the series is one side; why where it is not judged."""
        before = series.over(Span(span.first - 12, span.months))
        if not (math.isfinite(series.over(span)) and before > 0):
            return _no_change(series, span)
        found = self._look(substitutions, _of_unit(series, siblings), span)
        if isinstance(found, str):
            return found
        return tuple(each for each in found if series.id in {each.fell.series_id, each.rose.series_id})

    def divergences(self, series: Series, siblings: Sequence[Series], span: Span) -> tuple[Divergence, ...]:
        """The series beside each sibling whose change on the year is held too, in the siblings' order."""
        own = self._look(_changes, [series], span)
        pairs = (
            parted(series.id, own, each.id, self._look(_changes, [each], span), span) for each in siblings
        )
        return tuple(pair for pair in pairs if pair is not None)

    def _look(self, look: Callable[[Sequence[Series], Span], _F], family: Sequence[Series], span: Span) -> _F:
        in_order = sorted(family, key=lambda each: each.id)
        key = look.__name__, span, _digest(in_order)
        if key not in self._found:
            if len(self._found) >= MOST_HELD:
                self._found.clear()
            self._found[key] = look(in_order, span)
        found: _F = self._found[key]  # type: ignore[assignment]  # what this look found
        return found


def _changes(alone: Sequence[Series], span: Span) -> Floats:
    """Changes on the year to a span of a family of one."""
    (series,) = alone
    return changes_to(series, span)


def _of_unit(series: Series, siblings: Sequence[Series]) -> list[Series]:
    return [series, *(each for each in siblings if each.unit == series.unit)]


def _no_change(series: Series, span: Span) -> str:
    return f"{series.id} has no change on the year in {span.name}: the same month a year before is not held"


def _digest(family: Sequence[Series]) -> bytes:
    """What tells the figures of a family from others."""
    told = blake2b(digest_size=16)
    for each in family:
        told.update(repr((each.id, each.unit, each.start.ordinal, each.totals)).encode())
        told.update(each.values.tobytes())
    return told.digest()
