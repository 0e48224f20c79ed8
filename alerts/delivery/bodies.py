"""The bytes that an endpoint of each kind is sent: the event in its own words, or in the format of others."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, Final

from alerts.events import Body, numbered


class Kind(StrEnum):
    """What stands behind an endpoint's URL, and so the format of its bodies.

    The URL of a channel is a secret of its own: whoever knows it may write to the channel.
    """

    WEBHOOK = "webhook"
    CLOUDEVENTS = "cloudevents"
    SLACK = "slack"
    TEAMS = "teams"
    APPRISE = "apprise"

    @property
    def is_channel(self) -> bool:
        """Whether people read it: it gets sentences, unsigned, and its URL is never shown."""
        return self in {Kind.SLACK, Kind.TEAMS, Kind.APPRISE}


CONTENT_TYPES: Final[dict[Kind, str]] = {Kind.CLOUDEVENTS: "application/cloudevents+json"}
"""Where it is not plain JSON."""


def body(kind: Kind, event: Body, *, message_id: str, sequence: int) -> bytes:
    """UTF-8 JSON of an event for an endpoint; ``sequence`` counts that endpoint's deliveries from 1."""
    content: Body = numbered(event, sequence)
    said = str(event["data"].get("sentence", event["type"]))
    match kind:
        case Kind.CLOUDEVENTS:
            content = cloud_event(event, message_id=message_id, sequence=sequence)
        case Kind.SLACK:
            content = {"text": _slack_text(said)}
        case Kind.TEAMS:
            content = _teams_card(said)
        case Kind.APPRISE:
            content = {"title": f"Tonnage: {event['type']}", "body": said}
        case Kind.WEBHOOK:
            pass
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def cloud_event(event: Body, *, message_id: str, sequence: int) -> dict[str, Any]:
    """CloudEvents 1.0 in structured JSON; the number stands in ``sequence``, a text as that extension wants.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/sequence.md
    """
    return {
        "specversion": "1.0",
        "id": message_id,
        "source": "/tonnage",
        "type": f"tonnage.{event['type']}.v{event['version']}",
        "time": event["timestamp"],
        "datacontenttype": "application/json",
        "dataschema": dataschema(event["type"], event["version"]),
        "sequence": str(sequence),
        "data": event["data"],
    }


def body_schema(event_type: str, version: int) -> str:
    """Where the API shows the JSON Schema of a webhook's whole body: another version has another address."""
    return f"/v1/event-types/{event_type}?version={version}"


def dataschema(event_type: str, version: int) -> str:
    """Where it shows the schema of ``data`` alone, which CloudEvents wrap in an envelope of their own."""
    return f"{body_schema(event_type, version)}&part=data"


def _slack_text(said: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text: three signs are Slack's own."""
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams_card(said: str) -> dict[str, Any]:
    """What the Workflows template "post to a channel when a webhook request is received" expects."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": said, "wrap": True}],
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}
