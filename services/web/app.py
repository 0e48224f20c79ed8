"""The dashboard: every page, what it may load, and its errors as pages that say what to do."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from starlette_compress import CompressMiddleware

from services.bootstrap import Service
from services.middleware.answer_headers import AnswerHeaders
from services.middleware.request_ids import RequestIds
from services.web import error_pages, statics
from services.web.form_limit import FormLimit
from services.web.pages import (
    alerts,
    deliveries,
    endpoints,
    episodes,
    every_series,
    family,
    imports,
    live,
    now,
    operations,
    releases,
    rules,
    series,
    sign_in,
    silences,
    track_record,
)

PAGES = (
    now,
    every_series,
    series,
    family,
    releases,
    episodes,
    track_record,
    alerts,
    silences,
    rules,
    deliveries,
    endpoints,
    imports,
    operations,
    sign_in,
    live,
)

OWN_ONLY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of pages: nothing is loaded from anywhere else, and no script stands in a page."""


def create_web(service: Service) -> FastAPI:
    """The dashboard on a service; nothing is connected yet."""
    app = FastAPI(
        title="Tonnage",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(error_pages.known_parameters)],
    )
    app.state.service = service
    error_pages.install(app)
    app.add_middleware(RequestIds)
    app.add_middleware(FormLimit, larger={imports.ADDRESS: imports.most_bytes(service.settings)})
    app.add_middleware(CompressMiddleware, minimum_size=1_000, brotli=False, zstd_level=3, gzip_level=5)
    app.add_middleware(
        AnswerHeaders, production=service.settings.environment == "production", policies={"/": OWN_ONLY}
    )
    app.include_router(statics.router)
    for page in PAGES:
        app.include_router(page.router)
    return app
