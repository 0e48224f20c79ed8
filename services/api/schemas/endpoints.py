"""Endpoints as they are given and shown; a secret is shown once, when it is made."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from alerts.events import EventType
from services.api.schemas.common import Given, LongText, Moment, Shown, Text

EXAMPLE: dict[str, Any] = {
    "id": "ep_4be0c3a0f2d94c3f8f4f6c1f0a5d7e21",
    "desk": "rare-earths",
    "url": "https://desk.example.com/tonnage",
    "event_types": ["alert.opened", "alert.resolved"],
    "status": "enabled",
    "disabled_reason": None,
    "failing_since": None,
    "sequence": 0,
    "created_at": "2025-06-01T00:00:00Z",
}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the example of the Standard Webhooks text


class EndpointGiven(Given):
    """Where a desk wants its messages, and which."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{key: EXAMPLE[key] for key in ("desk", "url", "event_types")}]}
    )

    desk: Text
    url: LongText = Field(description="https, with a public address unless the operator allows its network.")
    event_types: list[Annotated[EventType, Field(strict=False)]] | None = Field(
        None, min_length=1, description="All by default."
    )


class EndpointShown(Shown):
    """An endpoint and how it has been doing."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: str
    desk: str
    url: str
    event_types: list[str] | None
    status: str
    disabled_reason: str | None
    failing_since: Moment | None
    sequence: int = Field(description="Number of the last delivery made for it.")
    created_at: Moment


class EndpointMade(EndpointShown):
    """A new endpoint with the secret that its messages are signed with; it is not shown again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE, "secret": SECRET}]})

    secret: str


class SecretMade(Shown):
    """A new signing secret; the old one signs beside it for 24 hours."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"secret": SECRET}]})

    secret: str


class MessageMade(Shown):
    """A message that is on its way."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"message_id": "msg_0f7e7d0a5d9c5a0e"}]})

    message_id: str
