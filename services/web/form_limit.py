"""Bound on what a form may bring: words and numbers, and a whole file on the one page that takes files."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 200_000


class FormLimit:
    """Refuses a body of more than MOST_BYTES, declared or streamed; ``larger`` bounds single addresses."""

    def __init__(self, app: ASGIApp, larger: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.larger = dict(larger or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.larger.get(scope["path"], MOST_BYTES)
        declared = Headers(scope=scope).get("content-length", "")
        received = int(declared[:20]) if declared.isdecimal() else 0
        streamed = 0

        async def bounded() -> Message:
            nonlocal streamed
            message = await receive()
            streamed += len(message.get("body", b""))
            if max(received, streamed) > most:
                raise HTTPException(413, f"A form may hold {most:,} bytes; nothing was changed.")
            return message

        await self.app(scope, bounded, send)
