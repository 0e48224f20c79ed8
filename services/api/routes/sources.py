"""/v1/sources: where figures come from by themselves, and how each source has been doing."""

from __future__ import annotations

from fastapi import APIRouter

from services.api.dependencies import TheService
from services.api.schemas.common import Page
from services.api.schemas.sources import SourceShown
from services.api.security import reads
from services.queries import sources

router = APIRouter(prefix="/sources", tags=["sources"], dependencies=[reads])


@router.get("", summary="Sources and their health")
def listed(service: TheService) -> Page[SourceShown]:
    """Every source that the service knows; `fault` and `reason` are of its last poll."""
    with service.engine.begin() as connection:
        found = sources.polled(connection)
    now = service.now()
    return Page(items=[SourceShown.of(each, now) for each in found])
