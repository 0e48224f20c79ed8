"""Divergence in a family, as it is shown."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from services.api.schemas.common import Shown
from services.queries.divergence import FamilyDivergence

_PAIR: dict[str, Any] = {
    "higher": "CN_EXP_RE_T",
    "lower": "CN_EXP_REPM_T",
    "higher_change": 0.6,
    "lower_change": -0.38,
    "opposite": True,
    "gap": 0.95,
    "score": 4.1,
    "gaps_held": 30,
    "parted": True,
    "reason": "on the year CN_EXP_RE_T +60% and CN_EXP_REPM_T -38%, a gap of 0.95 in logs, 4.1 times the "
    "usual spread of 30 earlier gaps",
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
                    "shares": [{"series_id": "CN_EXP_REPM_T", "now": 0.29, "year_before": 0.51}],
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
            reason=found.reason,
        )
