"""/v1/sources: where figures come from by themselves, and how each source has been doing."""

from __future__ import annotations

from fastapi import APIRouter

from services.api.dependencies import TheService
from services.api.schemas.common import Page
from services.api.schemas.sources import SourceShown
from services.api.security import reads
from services.ingestion.sources.registry import SOURCES
from services.storage import sources
from services.storage.sources import Health

router = APIRouter(prefix="/sources", tags=["sources"], dependencies=[reads])


@router.get("", summary="Sources and their health")
def listed(service: TheService) -> Page[SourceShown]:
    """Every source that the service knows; `fault` and `reason` are of its last poll."""
    with service.engine.begin() as connection:
        counts, health = sources.counts(connection), sources.health(connection)
    now = service.now()
    return Page(
        items=[
            SourceShown.of(source, health.get(name, Health(name)), counts.get(name, 0), now)
            for name, source in SOURCES.items()
        ]
    )
