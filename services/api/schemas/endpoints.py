"""Endpoints as they are given and shown; a secret is shown once, when it is made."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from alerts.delivery.bodies import Kind
from alerts.delivery.signing import Signature
from alerts.events import EventType
from services.api.schemas.common import Given, LongText, Moment, Shown, Text

EXAMPLE: dict[str, Any] = {
    "id": "ep_4be0c3a0f2d94c3f8f4f6c1f0a5d7e21",
    "desk": "rare-earths",
    "url": "https://desk.example.com/tonnage",
    "kind": "webhook",
    "event_types": ["alert.opened", "alert.resolved"],
    "public_key": None,
    "status": "enabled",
    "disabled_reason": None,
    "failing_since": None,
    "paused_until": None,
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
    url: LongText = Field(
        description="https, with a public address unless the operator allows its network; for the kind "
        "``apprise`` a URL of Apprise, such as mailtos://… or tgram://…."
    )
    kind: Annotated[Kind, Field(strict=False)] = Field(
        Kind.WEBHOOK, description="Format of the bodies; the last three are channels that people read."
    )
    signature: Annotated[Signature, Field(strict=False)] = Field(
        Signature.HMAC, description="v1 is HMAC with a shared secret, v1a ed25519 with a public key."
    )
    event_types: list[Annotated[EventType, Field(strict=False)]] | None = Field(
        None, min_length=1, description="All by default."
    )


class ReasonGiven(Given):
    """Why an endpoint is disabled; its desk's other endpoints are told so."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "moved to another host"}]})

    reason: LongText


class EndpointShown(Shown):
    """An endpoint and how it has been doing."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: str
    desk: str
    url: str = Field(description="Of a channel only the service and host: the rest is a secret.")
    kind: str
    event_types: list[str] | None
    public_key: str | None = Field(description="What v1a signatures verify with; null where HMAC signs.")
    status: str
    disabled_reason: str | None
    failing_since: Moment | None
    paused_until: Moment | None = Field(description="Nothing is sent before: it failed, or asked for a rest.")
    sequence: int = Field(description="Number of the last delivery made for it.")
    created_at: Moment


class EndpointMade(EndpointShown):
    """A new endpoint with the secret that its messages are signed with; it is not shown again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE, "secret": SECRET}]})

    secret: str


class EndpointEnabled(EndpointShown):
    """An endpoint that was enabled, and what became of what waited for it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**EXAMPLE, "waited": 2, "waited_in_words": "The 2 messages that waited for it go out now."}
            ]
        }
    )

    waited: int = Field(description="Messages made for it that were not settled when it was enabled.")
    waited_in_words: str


class SecretMade(Shown):
    """A new signing secret; the old one signs beside it for 24 hours."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"secret": SECRET}]})

    secret: str


class MessageMade(Shown):
    """A message that is on its way."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"message_id": "msg_0f7e7d0a5d9c5a0e"}]})

    message_id: str
