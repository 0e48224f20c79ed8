"""How long each answer takes to begin, as Prometheus reads it: by route, never by address."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.telemetry import REQUEST_SECONDS


class Timing:
    """Measures every request to the first line of its answer, so that a stream is not counted to its end."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        measured = False

        def measure(status: int) -> None:
            nonlocal measured
            measured = True
            REQUEST_SECONDS.labels(_route(scope), f"{status // 100}xx").observe(time.perf_counter() - began)

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                measure(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, answered)
        finally:
            if not measured:  # what escapes from here is answered as an error of ours, further out
                measure(500)


def _route(scope: Scope) -> str:
    """The path of the route that a request came to; a router knows its own without the prefix of the API."""
    path = str(getattr(scope.get("route"), "path", "none"))
    within = scope["path"].startswith("/v1/") and path != "none" and not path.startswith("/v1/")
    return f"/v1{path}" if within else path
