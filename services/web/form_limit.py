"""Bound on what a form may bring: pages take words and numbers, never files."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 200_000


class FormLimit:
    """Refuses a body of more than MOST_BYTES, declared or streamed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        received = int(declared[:20]) if declared.isdecimal() else 0
        streamed = 0

        async def bounded() -> Message:
            nonlocal streamed
            message = await receive()
            streamed += len(message.get("body", b""))
            if max(received, streamed) > MOST_BYTES:
                raise HTTPException(413, f"A form may hold {MOST_BYTES:,} bytes; nothing was changed.")
            return message

        await self.app(scope, bounded, send)
