"""Verdicts as they are shown, beside the figure that each is on."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from forecasting.shocks.records import Extreme
from services.api.schemas.common import Moment, Shown
from services.queries.verdicts import JudgedFigure


class RecordShown(Shown):
    """Since when a figure, or its change, was not so low or high, out of how many months held."""

    of: str = Field(description="figure, change_month or change_year.")
    direction: str
    since: str | None
    first_held: str
    months_held: int
    months_in_totals: int = Field(description="Of these, held only in a pair, whose mean stood for them.")
    months_needed: int
    years_claimed: int | None
    tied: bool

    @classmethod
    def of_record(cls, record: Extreme) -> RecordShown:
        """A record as it is shown."""
        return cls(
            of=record.of,
            direction=record.direction,
            since=None if record.since is None else str(record.since),
            first_held=str(record.first_held),
            months_held=record.months_held,
            months_in_totals=record.months_in_totals,
            months_needed=record.months_needed,
            years_claimed=record.years_claimed,
            tied=record.tied,
        )


class RankShown(Shown):
    """Place among the same calendar months held, itself included; 1 is the lowest."""

    rank: int
    held: int
    tied: int = Field(description="Others of them that hold the same figure.")


class VerdictShown(Shown):
    """What the forecast published before a figure was known makes of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "observation_id": 41,
                    "month": "2025-05",
                    "value": 1238.0,
                    "known_from": "2025-06-20T02:00:00Z",
                    "verdict": "shock_down",
                    "reason": "the figure lies below all but 1 in 200 of what was forecast",
                    "probability": 0.004,
                    "tail_probability": 0.004,
                    "surprise": 2.6,
                    "threshold": 0.004,
                    "expected": 4480.2,
                    "interval_80": [3020.5, 5721.9],
                    "interval_95": [2210.0, 6490.3],
                    "revision_of": None,
                    "change_month": -0.53,
                    "change_year": -0.74,
                    "records": [],
                    "change_records": [],
                    "rank_in_month": {"rank": 1, "held": 7, "tied": 0},
                    "forecast_id": 55,
                    "judged_at": "2025-06-20T02:00:01Z",
                }
            ]
        }
    )

    observation_id: int
    month: str
    value: float | None
    known_from: Moment
    verdict: str
    reason: str
    probability: float | None = Field(description="Chance of a figure at or below this one.")
    tail_probability: float | None = Field(description="Chance of a figure so far out on its side.")
    surprise: float | None
    threshold: float = Field(description="Tail probability at or below which a figure is a shock.")
    expected: float | None
    interval_80: tuple[float, float] | None
    interval_95: tuple[float, float] | None
    revision_of: float | None = Field(description="The value that this figure replaced.")
    change_month: float | None = Field(description="Ratio to the month before, less one.")
    change_year: float | None = Field(description="Ratio to the same month a year before, less one.")
    records: list[RecordShown]
    change_records: list[RecordShown] = Field(description="Of the changes on the year and on the month.")
    rank_in_month: RankShown | None
    forecast_id: int | None
    judged_at: Moment

    @classmethod
    def of(cls, judged: JudgedFigure) -> VerdictShown:
        """A stored verdict as it is shown."""
        verdict, found = judged.verdict, judged.verdict.detection
        return cls(
            observation_id=verdict.observation_id,
            month=str(judged.span),
            value=judged.value,
            known_from=judged.known_from,
            verdict=str(found.verdict),
            reason=found.reason,
            probability=found.probability,
            tail_probability=found.tail_probability,
            surprise=found.surprise,
            threshold=found.threshold,
            expected=found.expected,
            interval_80=_interval(found.lower_80, found.upper_80),
            interval_95=_interval(found.lower_95, found.upper_95),
            revision_of=verdict.revision_of,
            change_month=verdict.change_month,
            change_year=verdict.change_year,
            records=[RecordShown.of_record(each) for each in verdict.records],
            change_records=[RecordShown.of_record(each) for each in verdict.change_records],
            rank_in_month=None
            if verdict.rank_in_month is None
            else RankShown.model_validate(verdict.rank_in_month),
            forecast_id=verdict.forecast_id,
            judged_at=verdict.judged_at,
        )

    def row(self) -> dict[str, Any]:
        """The verdict as one row of a table: bounds in columns of their own, records left out."""
        plain = self.model_dump(mode="json")
        rank = plain["rank_in_month"] or {}
        plain |= {"rank_in_month": rank.get("rank"), "same_months_held": rank.get("held")}
        for level in ("80", "95"):
            lower, upper = plain[f"interval_{level}"] or (None, None)
            plain |= {f"lower_{level}": lower, f"upper_{level}": upper}
        return plain


_APART = {"interval_80", "interval_95", "records", "change_records"}

VERDICT_COLUMNS = [
    *(name for name in VerdictShown.model_fields if name not in _APART),
    *("same_months_held", "lower_80", "upper_80", "lower_95", "upper_95"),
]


def _interval(lower: float | None, upper: float | None) -> tuple[float, float] | None:
    return None if lower is None or upper is None else (lower, upper)
