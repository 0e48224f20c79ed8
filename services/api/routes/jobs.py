"""/v1/jobs: what the workers have to do, and what came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from services.api.dependencies import TheService
from services.api.problems import ProblemError
from services.api.schemas.common import Limit, Moment, Page
from services.api.schemas.jobs import JobShown, Standing
from services.api.security import Reader
from services.storage import jobs

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("", summary="Jobs, the newest first")
def listed(
    *,
    service: TheService,
    caller: Reader,
    status: Literal["pending", "done", "failed"] | None = None,
    series_id: Annotated[str | None, Query(description="Only those about a series.")] = None,
    before: Annotated[int | None, Query(ge=1, description="The cursor ``next`` of the page before.")] = None,
    limit: Limit = 100,
) -> Page[JobShown]:
    """Refits, asked for by figures that arrived or by a model that was asked for."""
    with service.engine.begin() as connection:
        found = jobs.listed(
            connection,
            status=status,
            series_id=series_id,
            desk=caller.desk,
            before=before,
            limit=limit + 1,
        )
    items = [JobShown.model_validate(job) for job in found[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(found) > limit else None)


@router.get("/progress", summary="How far the work has come")
def progress(
    *,
    service: TheService,
    caller: Reader,
    since: Annotated[
        Moment | None, Query(description="Only of jobs made from this moment on, such as an upload's.")
    ] = None,
) -> Page[Standing]:
    """Counts of jobs by kind: what waits, what runs, what is done and what has failed."""
    with service.engine.begin() as connection:
        found = jobs.standings(connection, desk=caller.desk, since=since, now=service.now())
    return Page(items=[Standing.model_validate(each) for each in found])


@router.get("/{job_id}", summary="One job")
def one(
    service: TheService,
    caller: Reader,
    job_id: Annotated[int, Path(ge=1, le=2**63 - 1, description="Its id, as a 202 names it.")],
) -> JobShown:
    """A job as it stands: ``runs`` counts how often a worker has begun it."""
    with service.engine.begin() as connection:
        found = jobs.by_id(connection, job_id, desk=caller.desk)
    if found is None:
        raise ProblemError("not-found", f"There is no job {job_id}.")
    return JobShown.model_validate(found)
