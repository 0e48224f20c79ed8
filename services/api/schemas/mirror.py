"""The mirror gap, as it is shown."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from services.api.schemas.common import Shown
from services.queries.mirror import Mirrored


class LeftOutShown(Shown):
    """A series that would have counted a partner twice."""

    series_id: str
    reason: str


class LagShown(Shown):
    """How many months after the exports a partner's imports are counted, and why."""

    series_id: str
    months: int = Field(description="0 to 3.")
    learned: bool = Field(description="False where the default of one month stands in.")
    correlation: float | None = Field(
        description="Greatest correlation of log changes on the month over the lags; null under 36 months."
    )
    shared: int = Field(description="Months with changes of both, before the month judged.")
    reason: str


class MirrorShown(Shown):
    """Reported exports beside partners' imports after their shipping lags; null where it cannot be judged."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "series_id": "CN_EXP_REPM_T",
                    "partners": ["US_IMP_REPM_T", "DE_IMP_REPM_T"],
                    "left_out": [
                        {
                            "series_id": "DE_IMP_REPM_UN",
                            "reason": "DEU is taken from Eurostat Comext, of which 36 months are held "
                            "and of UN Comtrade 12",
                        }
                    ],
                    "month": "2025-05",
                    "exports": 1238.0,
                    "imports": 940.0,
                    "coverage": 0.81,
                    "gap": -0.06,
                    "score": -0.7,
                    "parted": False,
                    "reason": "partners report 940 t for 1,238 t sent in May 2025, 76% where 81% is usual, "
                    "0.7 times the usual spread of 24 earlier months; imports are counted 1 to 2 months "
                    "after (1 of 2 lags learned, the others by default)",
                    "lags": [
                        {
                            "series_id": "US_IMP_REPM_T",
                            "months": 2,
                            "learned": True,
                            "correlation": 0.71,
                            "shared": 48,
                            "reason": "changes correlate by 0.71 over 48 months, most of all 2 months after",
                        },
                        {
                            "series_id": "DE_IMP_REPM_T",
                            "months": 1,
                            "learned": False,
                            "correlation": None,
                            "shared": 20,
                            "reason": "20 months of changes are shared and 36 needed; "
                            "1 month after by default",
                        },
                    ],
                }
            ]
        }
    )

    series_id: str
    partners: list[str] = Field(
        description="Series summed: each partner by one source, the EU or its members."
    )
    left_out: list[LeftOutShown]
    month: str | None
    exports: float | None
    imports: float | None
    coverage: float | None = Field(description="Imports over exports in the median of the 24 months before.")
    gap: float | None = Field(description="Log of imports over exports, less its usual value.")
    score: float | None = Field(description="Gap over its usual spread.")
    parted: bool | None
    lags: list[LagShown] = Field(description="One a partner; empty where the gap cannot be judged.")
    reason: str

    @classmethod
    def of(cls, found: Mirrored) -> MirrorShown:
        """A mirror gap as it is shown."""
        gap = found.gap
        return cls(
            series_id=found.series.id,
            partners=[each.id for each in found.partners],
            left_out=[LeftOutShown(series_id=each.series.id, reason=each.reason) for each in found.left_out],
            month=None if gap is None else str(gap.span),
            exports=None if gap is None else gap.exports,
            imports=None if gap is None else gap.imports,
            coverage=None if gap is None else gap.coverage,
            gap=None if gap is None else gap.gap,
            score=None if gap is None else gap.score,
            parted=None if gap is None else gap.parted,
            lags=[] if gap is None else [LagShown.model_validate(each) for each in gap.lags],
            reason=found.reason,
        )
