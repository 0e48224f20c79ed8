"""/v1/alerts/stream: what happens to alerts, as it happens, as server-sent events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection

from services.api.dependencies import TheService
from services.api.problems import ProblemError
from services.api.security import Reader
from services.queries import keys
from services.queries.alert_stream import (
    COME_BACK_SECONDS,
    HEADERS,
    MEDIA_TYPE,
    TooManyStreamsError,
    begin,
    stream_alerts,
)
from services.usecases.callers import Caller

router = APIRouter(prefix="/alerts", tags=["alerts"])

EXAMPLE = (
    'id: 3\nevent: alert.opened\ndata: {"id":3,"alert_id":"0f7e7d0a","series_id":"CN_EXP_REPM_T",'
    '"desk":"rare-earths","kind":"opened","inhibited_by":null,"payload":{"type":"alert.opened"}}\n\n'
)


@router.get(
    "/stream",
    summary="Alerts as they happen",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events without an end, and a comment each 15 s of silence.",
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": EXAMPLE}},
        }
    },
)
async def stream(
    service: TheService,
    caller: Reader,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=2**63 - 1, description="The last id you have; what came since is told.")
    ] = None,
) -> StreamingResponse:
    """Each event of your desk's alerts once, in one order and without a gap, from now or after an id.

    `inhibited_by` is the alert of a parent that speaks for the event, where one does: its desk was sent none.
    A browser's EventSource sends Last-Event-ID by itself when it comes back. A revoked key ends the stream.
    """

    def still(connection: Connection) -> Caller | None:
        if caller.key_id is None or keys.holds(connection, caller.key_id, now=service.now()):
            return caller
        return None

    try:
        position = await run_in_threadpool(begin, service.engine, last_event_id)
    except TooManyStreamsError as error:
        headers = {"Retry-After": str(COME_BACK_SECONDS)}
        raise ProblemError("too-many-streams", str(error), headers=headers) from error
    told = stream_alerts(service.engine, position, still)
    return StreamingResponse(told, media_type=MEDIA_TYPE, headers=HEADERS)
