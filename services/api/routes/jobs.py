"""/v1/jobs: what the workers have to do, and what came of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection

from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.problems import ProblemError
from services.api.schemas.common import Limit, Moment, Page
from services.api.schemas.jobs import JobInFull, JobShown, Standing
from services.api.security import Reader, Writer
from services.bootstrap import (
    POLL_SOURCES,
    RECORD_UPLOADS,
    REFRESH_FORECASTS,
    RUN_BACKTESTS,
    SCORE_FORECASTS,
    TRAIN_MODELS,
)
from services.queries import jobs
from services.queries.backtests import BACKTEST
from services.queries.jobs import UPLOAD
from services.usecases.callers import Caller
from services.usecases.order_polls import POLL
from services.usecases.order_refits import REFRESH
from services.usecases.order_scoring import SCORE
from services.usecases.order_training import TRAIN
from services.usecases.retry_job import retry_job

router = APIRouter(prefix="/jobs", tags=["jobs"])

JobId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Its id, as a 202 names it.")]
TASKS = {
    REFRESH: REFRESH_FORECASTS,
    SCORE: SCORE_FORECASTS,
    TRAIN: TRAIN_MODELS,
    BACKTEST: RUN_BACKTESTS,
    POLL: POLL_SOURCES,
    UPLOAD: RECORD_UPLOADS,
}
"""The task that does the work of a kind, so that a job asked for again need not wait for the sweep."""


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
            limit=limit,
        )
        items = JobShown.each(connection, found.rows)
    return Page(items=items, next=str(items[-1].id) if found.more else None)


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
        found = jobs.progress(connection, desk=caller.desk, since=since, now=service.now())
    return Page(items=[Standing.model_validate(each) for each in found])


@router.get("/{job_id}", summary="One job")
def one(service: TheService, caller: Reader, job_id: JobId) -> JobInFull:
    """A job as it stands: ``runs`` counts how often a worker has begun it; of an upload how far it is."""
    with service.engine.begin() as connection:
        return _existing(connection, caller, job_id)


@router.post("/{job_id}/retry", summary="Ask again for a job that failed")
def retry(service: TheService, caller: Writer, audit: Audit, job_id: JobId) -> JobInFull:
    """A job that failed for good is due now, with fresh runs; one that waits, or is done, stays as it is."""
    with service.engine.begin() as connection:
        before = _existing(connection, caller, job_id)
        if not retry_job(connection, job_id, now=service.now()):
            return before
        after = _existing(connection, caller, job_id)
        audit.note(connection, "job.retried", str(job_id), before=before, after=after)
    if after.kind in TASKS:
        service.nudge(TASKS[after.kind])
    return after


def _existing(connection: Connection, caller: Caller, job_id: int) -> JobInFull:
    found = jobs.one(connection, job_id, desk=caller.desk)
    if found is None:
        raise ProblemError("not-found", f"There is no job {job_id}.")
    return JobInFull.told(connection, found)
