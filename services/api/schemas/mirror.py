"""The mirror gap, as it is shown."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from services.api.schemas.common import Shown
from services.queries.mirror import Mirrored


class LeftOutShown(Shown):
    """A series that would have counted a partner twice."""

    series_id: str
    reason: str


class MirrorShown(Shown):
    """Reported exports beside partners' reported imports one month later; null where it cannot be judged."""

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
                    "0.7 times the usual spread of 24 earlier months",
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
            reason=found.reason,
        )
