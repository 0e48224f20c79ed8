"""/v1/jobs: what the workers have to do, and what came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from services.api.dependencies import TheService
from services.api.schemas.common import Limit, Page
from services.api.schemas.jobs import JobShown
from services.api.security import reads
from services.storage import jobs

router = APIRouter(prefix="/jobs", tags=["jobs"], dependencies=[reads])


@router.get("", summary="Jobs, the newest first")
def listed(
    service: TheService,
    status: Literal["pending", "done", "failed"] | None = None,
    series_id: Annotated[str | None, Query(description="Only those about a series.")] = None,
    before: Annotated[int | None, Query(ge=1, description="The cursor ``next`` of the page before.")] = None,
    limit: Limit = 100,
) -> Page[JobShown]:
    """Refits, asked for by figures that arrived or by a model that was asked for."""
    with service.engine.begin() as connection:
        found = jobs.listed(connection, status=status, series_id=series_id, before=before, limit=limit + 1)
    items = [JobShown.model_validate(job) for job in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)
