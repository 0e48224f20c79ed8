"""The application: every route under /v1, its bounds, and its errors as problems."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette_compress import CompressMiddleware

from services import bootstrap, tracing
from services.api import handlers
from services.api.caching import ConditionalGet
from services.api.limits import BodyLimit, fit_address
from services.api.routes import (
    alert_stream,
    alerts,
    audit,
    backtests,
    deliveries,
    desks,
    divergence,
    endpoints,
    episodes,
    event_types,
    families,
    forecasters,
    forecasts,
    health,
    imports,
    jobs,
    keys,
    measures,
    messages,
    observations,
    problems,
    records,
    reference,
    releases,
    rules,
    scoreboard,
    series,
    silences,
    sources,
    verdicts,
)
from services.api.schemas.problems import RESPONSES
from services.api.timing import Timing
from services.bootstrap import Service
from services.middleware.answer_headers import AnswerHeaders
from services.middleware.request_ids import RequestIds
from services.telemetry import configure, tell_prometheus

RESOURCES = (
    series,
    families,
    observations,
    imports,
    forecasts,
    forecasters,
    scoreboard,
    backtests,
    verdicts,
    records,
    episodes,
    divergence,
    measures,
    releases,
    rules,
    alert_stream,  # before alerts, or it would be the alert named stream
    alerts,
    silences,
    desks,
    endpoints,
    event_types,
    deliveries,
    messages,
    jobs,
    sources,
    keys,
    audit,
)

DESCRIPTION = """Monthly export volumes: figures in, verdicts and forecasts out, alerts on their way.

Months are YYYY-MM, times are ISO 8601 in UTC, volumes are in the unit of their series. `as_of` answers with
exactly what was known at that moment. A parameter or key that is not known is refused, never ignored. Every
error is a problem of RFC 9457 whose `type` is the address of its explanation.
"""

DATA_ONLY = "default-src 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of answers that are data: nothing in them may load or run anything."""


@asynccontextmanager
async def _telling(app: FastAPI) -> AsyncIterator[None]:
    """Serve the API's numbers on their own port while it runs."""
    tell_prometheus(app.state.service.settings.metrics_port)
    yield


def create_app(service: Service | None = None) -> FastAPI:
    """The API on a service, by default the one that the environment describes; nothing is connected yet."""
    service = service or bootstrap.service()
    configure(production=service.settings.environment == "production")
    tracing.configure(service.settings.traces_url)
    app = FastAPI(
        lifespan=_telling,
        title="Tonnage",
        version=service.settings.code_version,
        description=DESCRIPTION,
        responses=RESPONSES,
        docs_url=None,  # FastAPI's load their scripts from elsewhere; ours is routes/reference
        redoc_url=None,
        dependencies=[Depends(fit_address)],
    )
    app.state.service = service
    handlers.install(app)
    app.add_middleware(ConditionalGet, prefix="/v1")
    app.add_middleware(RequestIds)
    app.add_middleware(
        BodyLimit,
        limit=service.settings.upload_limit_bytes,
        seconds=service.settings.body_timeout_seconds,
    )
    # zstd comes before gzip where a caller takes both: it makes less of figures, in less time
    app.add_middleware(CompressMiddleware, minimum_size=2_000, brotli=False, zstd_level=3, gzip_level=3)
    if service.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(service.settings.cors_origins),
            allow_methods=["GET", "POST", "PUT"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "If-Match",
                "If-None-Match",
                "Last-Event-ID",
                "Prefer",
            ],
            expose_headers=[
                "Deprecation",
                "ETag",
                "Link",
                "Location",
                "Preference-Applied",
                "RateLimit",
                "RateLimit-Policy",
                "Retry-After",
                "Sunset",
                "X-Next-Cursor",
                "X-Request-ID",
            ],
        )
    app.add_middleware(
        AnswerHeaders,
        production=service.settings.environment == "production",
        policies={"/v1": DATA_ONLY, "/problems": DATA_ONLY},
    )
    app.add_middleware(Timing)
    for resource in RESOURCES:  # not by a router between: each level looks through all its routes twice
        app.include_router(resource.router, prefix="/v1")
    app.include_router(health.router)
    app.include_router(problems.router)
    app.include_router(reference.router)
    return app
