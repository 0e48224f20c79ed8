"""Deliveries and attempts as they are shown."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from services.api.schemas.common import Given, Moment, Shown
from services.queries.deliveries import AttemptRecord, DeliveryRecord

EXAMPLE: dict[str, Any] = {
    "id": 9,
    "message_id": "msg_0f7e7d0a5d9c5a0e",
    "endpoint_id": "ep_4be0c3a0f2d94c3f8f4f6c1f0a5d7e21",
    "event_type": "alert.opened",
    "sequence": 1,
    "status": "delivered",
    "attempts": 1,
    "due_at": "2025-06-20T02:00:01Z",
    "settled_at": "2025-06-20T02:00:01Z",
    "created_at": "2025-06-20T02:00:01Z",
    "body": {"type": "alert.opened", "sequence": 1, "data": {}},
}


Status = Literal["pending", "delivered", "exhausted", "cancelled"]
"""Where a delivery can stand."""


class DeliveryShown(Shown):
    """One message to one endpoint; ``body`` is what every attempt sends, byte for byte."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: int
    message_id: str
    endpoint_id: str
    event_type: str
    sequence: int = Field(description="Counts this endpoint's deliveries without a gap.")
    status: str = Field(description="pending, delivered, exhausted or cancelled.")
    attempts: int
    due_at: Moment
    settled_at: Moment | None
    created_at: Moment
    body: dict[str, Any]

    @classmethod
    def of(cls, record: DeliveryRecord) -> DeliveryShown:
        """A stored delivery as it is shown."""
        rest = {name: getattr(record, name) for name in cls.model_fields if name != "body"}
        return cls(**rest, body=json.loads(record.body))


class ReplayGiven(Given):
    """Which deliveries of an endpoint to send again: a range of its sequence, those since a time, or both."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"first": 12, "last": 15}]})

    first: int | None = Field(None, ge=1, le=2**63 - 1, description="Sequence number of the first.")
    last: int | None = Field(
        None, ge=1, le=2**63 - 1, description="Of the last, included; the newest if null."
    )
    since: Moment | None = Field(None, description="Those whose message was made at this moment or later.")
    status: list[Status] | None = Field(
        None, min_length=1, description="Those that stand so; all by default."
    )

    @model_validator(mode="after")
    def _bounded(self) -> ReplayGiven:
        if self.first is None and self.since is None:
            raise ValueError(
                "give `first` or `since`: everything that was ever sent is not sent again by default"
            )
        return self


class Replayed(Shown):
    """What is on its way again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"replayed": 4}]})

    replayed: int = Field(description="Deliveries that are due now, with the ids that they had.")


class AttemptShown(Shown):
    """One attempt: what came back, how long it took, and what followed."""

    number: int
    started_at: Moment
    seconds: float
    status_code: int | None
    outcome: str
    reason: str
    response: str = Field(description="The first of the answer.")

    @classmethod
    def of(cls, record: AttemptRecord) -> AttemptShown:
        """A stored attempt as it is shown."""
        rest = {name: getattr(record, name) for name in cls.model_fields if name != "response"}
        return cls(**rest, response=record.response.decode(errors="replace"))


class DeliveryStory(DeliveryShown):
    """A delivery with its attempts, the first first. A number that is missing was lost with its worker."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **EXAMPLE,
                    "tried": [
                        {
                            "number": 1,
                            "started_at": "2025-06-20T02:00:01Z",
                            "seconds": 0.02,
                            "status_code": 204,
                            "outcome": "answered",
                            "reason": "the endpoint answered 204",
                            "response": "",
                        }
                    ],
                }
            ]
        }
    )

    tried: list[AttemptShown]
