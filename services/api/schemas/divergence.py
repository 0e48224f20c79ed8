"""Divergence in a family, as it is shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from forecasting.shocks.ranks import RankShift
from forecasting.shocks.share_shifts import ShareShift
from forecasting.shocks.siblings import Finding
from services.api.schemas.common import Shown
from services.queries.divergence import FamilyDivergence

_PAIR: dict[str, Any] = {
    "higher": "CN_EXP_RE_T",
    "lower": "CN_EXP_REPM_T",
    "higher_change": 0.6,
    "lower_change": -0.38,
    "opposite": True,
    "gap": 0.95,
    "score": 12.0,
    "gaps_held": 10,
    "parted": True,
    "reason": "on the year CN_EXP_RE_T +60 % and CN_EXP_REPM_T -38 %, a gap of 0.95 in logs, 12.0 times the "
    "usual spread of 10 earlier gaps",
}
_SUBSTITUTION: dict[str, Any] = {
    "kind": "substitution",
    "fell": {"series_id": "CN_EXP_REPM_T", "value": 3188.0, "expected": 5150.2, "growth": 0.0},
    "rose": {"series_id": "CN_EXP_RE_T", "value": 7742.2, "expected": 5028.4, "growth": 0.0413},
    "unit": "t",
    "lost": 1962.2,
    "gained": 2713.8,
    "share": 1.383,
    "reason": "in June 2025 CN_EXP_REPM_T came to 3,188 t, 1,962 t below the year before with its usual "
    "growth, and CN_EXP_RE_T to 7,742 t, 2,714 t above: 138 % of what the one lost; amounts that match, and "
    "no proof that one took the other's place",
}


class PairShown(Shown):
    """Two siblings and how their changes on the year part."""

    higher: str
    lower: str
    higher_change: float = Field(description="Ratio to the same month a year before, less one.")
    lower_change: float
    opposite: bool
    gap: float = Field(description="Difference of the logarithms of the two ratios.")
    score: float | None = Field(description="Gap less the usual, over its usual spread; null under 6 gaps.")
    gaps_held: int
    parted: bool
    reason: str


class ShareShown(Shown):
    """A series' share in the sum of the family; null where a figure of it is not held."""

    series_id: str
    now: float | None
    year_before: float | None


class RankShown(Shown):
    """A sibling at an end of the ranking by change on the year, where it rarely stands."""

    kind: Literal["rank"]
    series_id: str
    end: Literal["first", "last"]
    rank: int = Field(description="1 for the greatest rise on the year.")
    siblings: int = Field(description="Series ranked.")
    change: float = Field(description="Ratio to the same month a year before, less one.")
    usual: float = Field(description="Median of its earlier ranks.")
    tail: float = Field(
        description="Share of months with a rank as far from it, this one counted in; <= 0.05."
    )
    ranks_held: int = Field(description="Earlier months ranked, 36 or more, of the last ten years.")
    as_far: int = Field(description="Those of them with a rank as far from the median.")
    reason: str


class ShareShiftShown(Shown):
    """A sibling whose share of the sum shifted on the year as it rarely does."""

    kind: Literal["share"]
    series_id: str
    share: float = Field(description="Of the sum of the siblings compared, 0 to 1.")
    year_before: float
    siblings: int = Field(description="Series in the sum: one unit, both months held.")
    shift: float = Field(description="Change on the year of the log of the sibling over the rest of the sum.")
    score: float = Field(description="Shift less the median of earlier ones, over their robust spread.")
    tail: float = Field(description="Share of months with a shift as far out, this one counted in; <= 0.05.")
    shifts_held: int = Field(description="Earlier shifts, 19 or more, of the last ten years.")
    as_far: int = Field(description="Those of them as far from the median.")
    reason: str


class UsualShown(Shown):
    """A figure beside what was usual of it: the year before, times one plus the usual growth."""

    series_id: str
    value: float
    expected: float
    growth: float = Field(description="Median change on the year of 36 months; 0 where under 6 are held.")


class SubstitutionShown(Shown):
    """A fall that a sibling's rise in the same unit and month matches; no proof of a cause."""

    kind: Literal["substitution"]
    fell: UsualShown
    rose: UsualShown
    unit: str
    lost: float = Field(description="Expected less reported of the one that fell, in the unit.")
    gained: float = Field(description="Reported less expected of the one that rose, in the unit.")
    share: float = Field(description="Gained over lost, 0.5 or more.")
    reason: str


FindingShown = Annotated[RankShown | ShareShiftShown | SubstitutionShown, Field(discriminator="kind")]


class UnjudgedShown(Shown):
    """A kind of finding that could not be looked for, and why."""

    kind: Literal["rank", "share", "substitution"]
    reason: str


class DivergenceShown(Shown):
    """A family in one month; ``reason`` says why there is nothing to compare."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "family": "cn-rare-earths",
                    "month": "2025-06",
                    "parted": True,
                    "pairs": [_PAIR],
                    "shares": [{"series_id": "CN_EXP_REPM_T", "now": 0.29, "year_before": 0.52}],
                    "findings": [_SUBSTITUTION],
                    "unjudged": [
                        {
                            "kind": "share",
                            "reason": "10 earlier shifts of the shares are held of the last 120 months; "
                            "19 are needed for a tail of 5 %",
                        },
                        {
                            "kind": "rank",
                            "reason": "2 siblings hold a change on the year in June 2025; a ranking needs 3",
                        },
                    ],
                    "reason": None,
                }
            ]
        }
    )

    family: str
    month: str | None
    parted: bool = Field(description="True where a pair has parted beyond what its history explains.")
    pairs: list[PairShown]
    shares: list[ShareShown]
    findings: list[FindingShown] = Field(
        description="Ends of the ranking and shifts of shares that are rare, and falls that a rise matches."
    )
    unjudged: list[UnjudgedShown] = Field(description="Kinds of finding that could not be looked for.")
    reason: str | None

    @classmethod
    def of(cls, found: FamilyDivergence) -> DivergenceShown:
        """A family's divergence as it is shown."""
        return cls(
            family=found.family,
            month=None if found.span is None else str(found.span),
            parted=any(each.parted for each in found.pairs),
            pairs=[PairShown.model_validate(each) for each in found.pairs],
            shares=[ShareShown.model_validate(each) for each in found.shares],
            findings=[_finding(each) for each in found.beyond.found],
            unjudged=[UnjudgedShown.model_validate(each) for each in found.beyond.unjudged],
            reason=found.reason,
        )


def _finding(found: Finding) -> RankShown | ShareShiftShown | SubstitutionShown:
    shown: dict[str, Any] = {**asdict(found), "reason": found.said()}
    if isinstance(found, RankShift):
        return RankShown(kind="rank", **shown)
    if isinstance(found, ShareShift):
        return ShareShiftShown(kind="share", **shown)
    return SubstitutionShown(kind="substitution", **shown)
