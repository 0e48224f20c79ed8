"""What a server serves: the API and the dashboard as one application, each behind its own middleware.

The API has ``/v1`` with its descriptions, its health and its problems; every other address is a page's.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from services import bootstrap
from services.api.app import create_app as create_api
from services.bootstrap import Service
from services.ingestion.calendars import shipped
from services.web.app import create_web
from services.web.rendering import compile_templates

API = ("/v1", "/healthz", "/readyz", "/problems", "/docs", "/openapi.json")
"""Where the addresses of the API begin."""


class Composed:
    """Hands a request to the API or to the dashboard by its path; their start and end are the API's."""

    def __init__(self, api: ASGIApp, web: ASGIApp) -> None:
        self.api = api
        self.web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        page = scope["type"] == "http" and not _is_api(scope["path"])
        await (self.web if page else self.api)(scope, receive, send)


def _is_api(path: str) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in API)


def create_app(service: Service | None = None) -> Composed:
    """The API and the dashboard on one service, by default the one that the environment describes.

    That one is made for visitors: what a first page and a first figure would wait for is made before.
    """
    if service is None:
        service = bootstrap.service()
        compile_templates()
        shipped()
    return Composed(create_api(service), create_web(service))
