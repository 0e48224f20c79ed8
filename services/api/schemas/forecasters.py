"""Forecasters and their forecasts as they are given and shown."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from services.api.schemas.common import Given, Moment, Shown, Text
from services.queries.forecasters import Forecaster, SubmittedRecord

EXAMPLE: dict[str, Any] = {"name": "Consensus of analysts", "desk": None}
SUBMISSION_EXAMPLE: dict[str, Any] = {
    "forecasts": [
        {
            "series_id": "CN_EXP_REPM_T",
            "month": "2025-09",
            "unit": "t",
            "point": 4900,
            "low": 4500,
            "high": 5400,
            "count": 12,
        }
    ]
}
CSV_EXAMPLE = "series_id,month,unit,q0.1,q0.5,q0.9\nCN_EXP_REPM_T,2025-10,t,4300,4900,5600\n"
_NUMBERS: dict[str, Any] = {"type": "array", "items": {"type": "number"}}
SUBMISSION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["forecasts"],
    "properties": {
        "forecasts": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["series_id", "month", "unit"],
                "properties": {
                    "series_id": {"type": "string"},
                    "month": {"type": "string", "description": "YYYY-MM, or YYYY-MM..YYYY-MM for one total."},
                    "unit": {"type": "string", "description": "That of the series."},
                    "point": {"type": "number", "description": "What is expected."},
                    "levels": {**_NUMBERS, "description": "Rising, within 0 to 1."},
                    "quantiles": {**_NUMBERS, "description": "One for each level; they never fall."},
                    "low": {"type": "number", "description": "The lowest answer of a poll."},
                    "high": {"type": "number", "description": "The highest."},
                    "count": {"type": "integer", "minimum": 1, "description": "How many answered."},
                    "known_from": {
                        "type": "string",
                        "format": "date-time",
                        "description": "When it was made, by your word: it is kept as claimed and counts for "
                        "nothing. Leave it out, and the moment of submission counts.",
                    },
                },
            },
        },
    },
}


class ForecasterGiven(Given):
    """A forecaster; whose it is cannot be changed afterwards."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Text
    desk: Text | None = Field(
        default=None,
        description="Whose it is, and who alone sees it; null is every desk. A key of one desk puts its own.",
    )


class ForecasterShown(Shown):
    """A named source of forecasts."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "consensus", **EXAMPLE}]})

    id: str
    name: str
    desk: str | None = Field(description="Whose it is, and who alone sees it; null is every desk.")

    @classmethod
    def of(cls, forecaster: Forecaster) -> ForecasterShown:
        """A forecaster as it is shown."""
        return cls(id=forecaster.id, name=forecaster.name, desk=forecaster.desk)


class SubmissionShown(Shown):
    """What became of a batch."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "forecaster": "consensus",
                    "submitted": 1,
                    "claimed": 0,
                    "unchanged": 0,
                    "known_from": "2025-08-01T12:00:00Z",
                    "refits": 0,
                }
            ]
        }
    )

    forecaster: str
    submitted: int = Field(description="Stored, and counted from now on.")
    claimed: int = Field(description="Stored as made earlier by your word; shown, and never counted.")
    unchanged: int = Field(description="Held already as they are.")
    known_from: Moment = Field(description="The moment of submission, by the service's clock.")
    refits: int = Field(
        description="Forecasts of ours that are made anew, since the forecaster has earned a weight in them."
    )


class SubmittedShown(Shown):
    """One forecast as it was submitted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 7,
                    **SUBMISSION_EXAMPLE["forecasts"][0],
                    "expected": 4900.0,
                    "levels": [],
                    "quantiles": [],
                    "known_from": "2025-08-01T12:00:00Z",
                    "claimed_from": None,
                    "replayed": False,
                    "superseded": False,
                }
            ]
        }
    )

    id: int
    series_id: str
    month: str = Field(description="YYYY-MM, or YYYY-MM..YYYY-MM for one total.")
    unit: str
    expected: float = Field(
        description="The point; without one the median of the quantiles; without these the range's middle."
    )
    point: float | None
    levels: list[float]
    quantiles: list[float]
    low: float | None
    high: float | None
    count: int | None
    known_from: Moment = Field(
        description="From when it counts: when it was submitted, by the service's clock."
    )
    replayed: bool = Field(description="True where an admin's replay of the past gave known_from.")
    superseded: bool = Field(description="True where a later forecast of its month stood then.")
    claimed_from: Moment | None = Field(
        description="When it was made, by its sender's word; such a forecast counts for nothing."
    )

    @classmethod
    def of(cls, record: SubmittedRecord) -> SubmittedShown:
        """A submitted forecast as it is shown."""
        said = record.said
        return cls(
            id=record.id or 0,
            series_id=record.series_id,
            month=str(said.span),
            unit=record.unit,
            expected=said.expected,
            point=said.point,
            levels=list(said.levels),
            quantiles=list(said.quantiles),
            low=said.low,
            high=said.high,
            count=said.count,
            known_from=said.known_from,
            replayed=record.replayed,
            superseded=record.superseded,
            claimed_from=record.claimed_from,
        )
