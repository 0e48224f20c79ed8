"""Event types and the schemas of their bodies, as desks read them."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from services.api.schemas.common import Shown

EXAMPLE: dict[str, Any] = {
    "type": "alert.opened",
    "version": 1,
    "about": "A rule was broken by a figure: an alert is open on its series.",
    "body_schema": "/v1/event-types/alert.opened?version=1",
    "dataschema": "/v1/event-types/alert.opened?version=1&part=data",
}


class EventTypeShown(Shown):
    """What a message can be about, and where the schema of its body stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    type: str = Field(description="What an endpoint subscribes to.")
    version: int = Field(description="Of the body; fields are added within it, never taken away.")
    about: str
    body_schema: str = Field(description="Path of the JSON Schema of a webhook's whole body.")
    dataschema: str = Field(description="Path of that of its data alone, as CloudEvents carry it.")
