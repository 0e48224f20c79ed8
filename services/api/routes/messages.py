"""/v1/messages: what happened, whole, as the messages to each endpoint tell it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from services.api.dependencies import TheService
from services.api.problems import ProblemError
from services.api.security import Reader
from services.queries import messages

router = APIRouter(prefix="/messages", tags=["deliveries"])

EXAMPLE: dict[str, Any] = {
    "type": "endpoint.ping",
    "version": 1,
    "timestamp": "2025-06-20T02:00:00Z",
    "data": {"sentence": "This is a test message: the endpoint is reachable and nothing has happened."},
}


@router.get(
    "/{message_id}",
    summary="One message",
    responses={200: {"content": {"application/json": {"example": EXAMPLE}}}},
)
def one(
    service: TheService,
    caller: Reader,
    message_id: Annotated[str, Path(min_length=1, max_length=200, description="The webhook-id.")],
) -> dict[str, Any]:
    """The event of a message, whole: one that is too long for a body is sent short, and read here.

    It has no ``sequence``: that is the number of its delivery to one endpoint.
    """
    with service.engine.begin() as connection:
        found = messages.event(connection, message_id, desk=caller.desk)
    if found is None:
        raise ProblemError("not-found", f"There is no message {message_id!r}.")
    return found
