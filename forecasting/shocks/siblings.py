"""What a family shows in a month beyond its pairs: ranks, shares, and falls that a rise matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from forecasting.months import Span
from forecasting.series import Series
from forecasting.shocks.ranks import RankShift, rank_shifts
from forecasting.shocks.share_shifts import ShareShift, share_shifts
from forecasting.shocks.substitution import Substitution, substitutions

Finding = RankShift | ShareShift | Substitution


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
