"""Operations: what ops looks at at 3 a.m.: what is wrong and what to do, queues, workers, jobs, sources."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from services.bootstrap import Service
from services.doctor import examine
from services.queries import jobs, operations, snapshots, sources
from services.queries.jobs import Job
from services.queries.slices import Slice
from services.web.exports import SLICE, Column, every_row
from services.web.rendering import NotFoundError, page
from services.web.sessions import Looking
from services.workers import BrokerAwayError, workers

router = APIRouter()

MOST = 20
"""Jobs on the page; the file has all."""

JOB_COLUMNS: tuple[Column[Job], ...] = (
    Column("job", lambda job: job.id),
    Column("kind", lambda job: job.kind),
    Column("key", lambda job: job.key),
    Column("series", lambda job: job.series_id),
    Column("status", lambda job: job.status),
    Column("created_at", lambda job: job.created_at),
    Column("started_at", lambda job: job.started_at),
    Column("finished_at", lambda job: job.finished_at),
    Column("seconds", lambda job: job.seconds),
    Column("runs", lambda job: job.runs),
    Column("error", lambda job: job.error),
    Column("note", lambda job: job.note),
)


@router.get("/operations")
def asked_for(
    request: Request,
    looking: Looking,
    status: Annotated[Literal["pending", "done", "failed", "all"], Query()] = "all",
    format: Literal["html", "csv"] = "html",  # noqa: A002 - the name in the address
) -> Response:
    """The state of the installation at this moment; workers are asked apart, since that takes a second."""
    service: Service = request.app.state.service
    now = service.now()

    def read(connection: Connection, before: int | None, limit: int) -> Slice[Job]:
        wanted = None if status == "all" else status
        return jobs.listed(connection, status=wanted, desk=looking.caller.desk, before=before, limit=limit)

    if format == "csv":
        return every_row(
            service.engine,
            "jobs",
            JOB_COLUMNS,
            lambda connection, last: read(connection, None if last is None else last.id, SLICE),
        )
    with service.engine.begin() as connection:
        found = read(connection, None, MOST)
        state = operations.state(connection, now=now)
        polled = sources.polled(connection, desk=looking.caller.desk)
    return page(
        request,
        looking,
        "operations.html",
        findings=examine(service.settings, service.engine, now=now),
        vitals=state,
        jobs=found.rows,
        more=found.more,
        standing=status,
        sources=polled,
        settings=service.settings,
        now=now,
    )


@router.get("/operations/snapshots/{snapshot_id}")
def evidence(
    request: Request, looking: Looking, snapshot_id: Annotated[int, Path(ge=1, le=2**63 - 1)]
) -> Response:
    """The body of a source's answer as a file, never as a page of ours."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        found = snapshots.one(connection, snapshot_id, desk=looking.caller.desk)
    if found is None:
        raise NotFoundError(f"There is no snapshot {snapshot_id} that your key may see.", "/operations")
    return Response(found.body, headers=snapshots.as_attachment(found))


@router.get("/operations/workers")
def asked(request: Request, looking: Looking) -> Response:
    """The workers that answer, as a part of the page."""
    service: Service = request.app.state.service
    try:
        found, refusal = workers(service.settings.redis_url), ""
    except BrokerAwayError as error:
        found, refusal = [], str(error)
    return page(request, looking, "workers.html", workers=found, refusal=refusal)
