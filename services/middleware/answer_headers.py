"""What every answer says beside its body: how browsers treat it, what is left of its rate, what is to go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ENCRYPTED = "max-age=31536000; includeSubDomains"


class AnswerHeaders:
    """Adds the headers; in production also that the host is to be asked over TLS alone.

    ``policies`` holds a Content-Security-Policy by the beginning of the paths that it is for; the first that
    fits is given.
    """

    def __init__(self, app: ASGIApp, *, production: bool, policies: Mapping[str, str]) -> None:
        self.app = app
        self.production = production
        self.policies = policies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        policy = next((each for path, each in self.policies.items() if scope["path"].startswith(path)), None)

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (SAFE | _of_request(state)).items():
                    headers.setdefault(name, value)
                if policy is not None:
                    headers.setdefault("Content-Security-Policy", policy)
                if self.production:
                    headers.setdefault("Strict-Transport-Security", ENCRYPTED)
            await send(message)

        await self.app(scope, receive, answered)


def _of_request(state: Mapping[str, Any]) -> dict[str, str]:
    """What a request's key and its route have to say in the headers of its answer."""
    return {**state.get("rate_headers", {}), **state.get("deprecation_headers", {})}
