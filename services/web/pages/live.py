"""What pages that are open hear: alerts as they happen, for as long as the session may hear of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection

from services.bootstrap import Service
from services.queries.alert_stream import (
    COME_BACK_SECONDS,
    HEADERS,
    MEDIA_TYPE,
    TooManyStreamsError,
    begin,
    stream_alerts,
)
from services.queries.keys import open_to_anybody
from services.usecases.callers import Caller
from services.usecases.sign_in import signed_in
from services.web.sessions import Looking, session_of

router = APIRouter()


@router.get("/live")
async def live(
    request: Request,
    looking: Looking,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**63 - 1)] = None,
) -> Response:
    """Each event of the desk's alerts once, from now or after the last that was heard."""
    service: Service = request.app.state.service
    session = session_of(request)

    def still(connection: Connection) -> Caller | None:
        if not looking.signed_in:
            still_open = open_to_anybody(connection, environment=service.settings.environment)
            return looking.caller if still_open else None
        return None if session is None else signed_in(connection, session, now=service.now())

    try:
        position = await run_in_threadpool(begin, service.engine, last_event_id)
    except TooManyStreamsError as error:
        return Response(str(error), 503, {"Retry-After": str(COME_BACK_SECONDS)})
    told = stream_alerts(service.engine, position, still)
    return StreamingResponse(told, media_type=MEDIA_TYPE, headers=HEADERS)
