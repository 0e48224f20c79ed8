"""The application: every route under /v1, its bounds, and its errors as problems."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI

from services import bootstrap
from services.api import handlers
from services.api.caching import ConditionalGet
from services.api.limits import BodyLimit, known_parameters, plain_text
from services.api.routes import (
    alerts,
    deliveries,
    endpoints,
    forecasts,
    health,
    jobs,
    keys,
    observations,
    problems,
    rules,
    series,
    silences,
    verdicts,
)
from services.api.schemas.problems import RESPONSES
from services.bootstrap import Service
from services.telemetry import configure

RESOURCES = (
    series,
    observations,
    forecasts,
    verdicts,
    rules,
    alerts,
    silences,
    endpoints,
    deliveries,
    jobs,
    keys,
)

DESCRIPTION = """Monthly export volumes: figures in, verdicts and forecasts out, alerts on their way.

Months are YYYY-MM, times are ISO 8601 in UTC, volumes are in the unit of their series. `as_of` answers with
exactly what was known at that moment. A parameter or key that is not known is refused, never ignored. Every
error is a problem of RFC 9457 whose `type` is the address of its explanation.
"""


def create_app(service: Service | None = None) -> FastAPI:
    """The API on a service, by default the one that the environment describes; nothing is connected yet."""
    service = service or bootstrap.service()
    configure(production=service.settings.environment == "production")
    app = FastAPI(
        title="Tonnage",
        version=service.settings.code_version,
        description=DESCRIPTION,
        responses=RESPONSES,
        dependencies=[Depends(known_parameters), Depends(plain_text)],
    )
    app.state.service = service
    handlers.install(app)
    app.add_middleware(ConditionalGet, prefix="/v1")
    app.add_middleware(BodyLimit, limit=service.settings.upload_limit_bytes)
    v1 = APIRouter(prefix="/v1")
    for resource in RESOURCES:
        v1.include_router(resource.router)
    app.include_router(v1)
    app.include_router(health.router)
    app.include_router(problems.router)
    return app
