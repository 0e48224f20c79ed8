"""/v1/event-types: what messages can be about, and the JSON Schema of each body."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from alerts import schemas
from alerts.delivery.bodies import body_schema, dataschema
from alerts.events import VERSION, EventType
from services.api.problems import ProblemError
from services.api.schemas.common import Page
from services.api.schemas.event_types import EventTypeShown
from services.api.security import Reader

router = APIRouter(prefix="/event-types", tags=["endpoints"])


@router.get("", summary="Event types")
def listed(_: Reader) -> Page[EventTypeShown]:
    """Every type that an endpoint can subscribe to, with the version of its body."""
    items = [
        EventTypeShown(
            type=each,
            version=VERSION,
            about=schemas.ABOUT[each],
            body_schema=body_schema(each, VERSION),
            dataschema=dataschema(each, VERSION),
        )
        for each in EventType
    ]
    return Page(items=items)


@router.get(
    "/{event_type}",
    summary="The schema of a body",
    responses={200: {"content": {"application/json": {"example": schemas.schema(EventType.ENDPOINT_PING)}}}},
)
def one(
    _: Reader,
    event_type: Annotated[EventType, Path(description="Such as alert.opened.")],
    version: Annotated[int, Query(ge=1, le=1_000_000, description="Version of the body.")] = VERSION,
    part: Annotated[
        Literal["body", "data"],
        Query(description="The whole body of a webhook, or its data alone, which a CloudEvent carries."),
    ] = "body",
) -> dict[str, Any]:
    """JSON Schema (2020-12) of what an endpoint receives of this type, field by field."""
    if version != VERSION:
        raise ProblemError("not-found", f"{event_type} has no version {version}; there is version {VERSION}.")
    return schemas.data_schema(event_type) if part == "data" else schemas.schema(event_type)
