"""Figures as they arrive, what became of them, and figures as they are held."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from services.api.schemas.common import Moment, Shown
from services.queries.observations import ObservationRecord

UPLOAD_EXAMPLE: dict[str, Any] = {
    "source": "GACC",
    "observations": [
        {
            "series_id": "CN_EXP_REPM_T",
            "month": "2025-05",
            "value": 1238.0,
            "unit": "t",
            "known_from": "2025-06-20T10:00:00+08:00",
            "known_basis": "printed",
        }
    ],
}

UPLOAD_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["observations"],
    "properties": {
        "source": {"type": "string", "description": "Who says so; each figure may name its own."},
        "observations": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["series_id", "month", "value", "unit"],
                "properties": {
                    "series_id": {"type": "string"},
                    "month": {"type": "string", "description": "YYYY-MM, or YYYY-MM..YYYY-MM for one total."},
                    "value": {"type": ["number", "string"], "description": "Zero or above, or withdrawn."},
                    "unit": {"type": "string"},
                    "known_from": {"type": "string", "format": "date-time", "description": "Now by default."},
                    "known_basis": {"enum": ["first_seen", "printed", "calendar"]},
                    "stage": {"type": "string"},
                    "source": {"type": "string"},
                    "source_url": {"type": "string"},
                    "claim": {"type": "string", "description": "The source's own words about the figure."},
                },
            },
        },
    },
}

CSV_EXAMPLE = (
    "series_id,month,value,unit,known_from\nCN_EXP_REPM_T,2025-05,1238,t,2025-06-20T10:00:00+08:00\n"
)


class FigureReport(Shown):
    """What became of one row: ``recorded``, ``revised`` or ``unchanged``, with its verdict and reason."""

    row: int
    series_id: str
    month: str
    outcome: str
    verdict: str | None
    reason: str | None
    discovery: bool | None = Field(
        default=None,
        description="True where it is among figures of the upload of which at most one in ten is no shock "
        "(Benjamini and Hochberg); its verdict keeps the alert budget of its series. Null where not judged.",
    )


class UploadReport(Shown):
    """What became of a batch; the same upload again gets the same report, or says that nothing changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "release_id": 7,
                    "recorded": 1,
                    "revised": 0,
                    "unchanged": 0,
                    "alerts": {"opened": 1},
                    "left_to_parents": {},
                    "silenced": {},
                    "figures": [
                        {
                            "row": 1,
                            "series_id": "CN_EXP_REPM_T",
                            "month": "2025-05",
                            "outcome": "recorded",
                            "verdict": "shock_down",
                            "reason": "the figure lies below all but 1 in 200 of what was forecast",
                            "discovery": True,
                        }
                    ],
                }
            ]
        }
    )

    release_id: int
    recorded: int
    revised: int
    unchanged: int
    alerts: dict[str, int] = Field(description="Count of what happened to alerts, by kind.")
    left_to_parents: dict[str, int] = Field(
        default_factory=dict, description="Those of `alerts` that were left to the alert of a parent."
    )
    silenced: dict[str, int] = Field(
        default_factory=dict, description="Those of `alerts` that a silence kept from their desk."
    )
    figures: list[FigureReport]


class FigureShown(Shown):
    """One figure as it became known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 41,
                    "month": "2025-05",
                    "value": 1238.0,
                    "unit": "t",
                    "stage": "final",
                    "known_from": "2025-06-20T02:00:00Z",
                    "known_basis": "printed",
                    "source": "GACC",
                    "source_url": None,
                    "claim": None,
                }
            ]
        }
    )

    id: int
    month: str = Field(description="YYYY-MM, or YYYY-MM..YYYY-MM for one total.")
    value: float | None = Field(description="Total over the month or months; null where it was withdrawn.")
    unit: str
    stage: str
    known_from: Moment
    known_basis: str
    source: str | None
    source_url: str | None
    claim: str | None

    @classmethod
    def of(cls, record: ObservationRecord, unit: str) -> FigureShown:
        """A stored figure as it is shown."""
        observation = record.observation
        return cls(
            id=record.id or 0,
            month=str(observation.span),
            value=observation.value,
            unit=unit,
            stage=observation.stage,
            known_from=observation.known_from,
            known_basis=record.known_basis,
            source=record.source,
            source_url=record.source_url,
            claim=record.claim,
        )
