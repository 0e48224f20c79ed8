"""Each request has an id, the caller's own where it sends one: it is in logs, rows and the answer.

Where traces are sent, it is a span too, under the caller's traceparent where it sends one.
"""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from services import tracing

HEADER = "x-request-id"
_SAFE = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class RequestIds:
    """Binds the id for the time of a request, so that logs and rows that it causes carry it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(HEADER, "")
        request_id = given if _SAFE.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id  # for what fails beyond this block

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with (
            bound_contextvars(request_id=request_id),
            tracing.span(
                f"{scope['method']} {scope['path']}",
                parent=headers.get(tracing.HEADER),
                server=True,
                request_id=request_id,
            ),
        ):
            await self.app(scope, receive, answered)
