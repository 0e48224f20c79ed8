"""Jobs: work that must be done, as rows with a due time and a lease; a Celery task is only a nudge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services import telemetry, tracing
from services.storage.restrictions import shown_to
from services.storage.tables import jobs

AWAITED, BACKGROUND = 0, 1
"""Priorities: what a release or a person waits for, and what fills an archive; the first goes before."""

MOST_RUNS = 4
"""Runs after which a job that never ends well is failed for good and shown."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work; ``key`` names what it is about, and a second job of the same key is not made."""

    kind: str
    key: str
    arguments: dict[str, Any]
    series_id: str | None = None
    id: int | None = None
    runs: int = 0
    status: str = "pending"
    error: str | None = None
    note: str | None = None
    request_id: str | None = None
    trace: str | None = None
    priority: int = AWAITED


def add(connection: Connection, wanted: Iterable[Job], *, now: dt.datetime) -> list[int]:
    """Add jobs, due now; the ids of those that were not there yet."""
    rows = [
        {
            "kind": job.kind,
            "key": job.key,
            "series_id": job.series_id,
            "arguments": job.arguments,
            "request_id": telemetry.request_id(),
            "trace": tracing.carried(),
            "priority": job.priority,
            "status": "pending",
            "due_at": now,
            "created_at": now,
        }
        for job in wanted
    ]
    if not rows:
        return []
    statement = insert(jobs).on_conflict_do_nothing().returning(jobs.c.id)
    return list(connection.execute(statement, rows).scalars())


def claim(
    connection: Connection,
    kind: str,
    *,
    now: dt.datetime,
    lease: dt.timedelta,
    limit: int,
    untried: bool = False,
) -> list[Job]:
    """Take up to ``limit`` due jobs for the time of a lease; other workers pass over them.

    What is AWAITED goes before what is not, and then what is due longest. A job whose lease ended was lost
    with its worker and is due again, up to MOST_RUNS runs. ``untried`` takes
    those alone that no worker has begun.
    """
    due = (
        select(jobs.c.id)
        .where(*_due(kind, now), *([jobs.c.runs == 0] if untried else []))
        .order_by(jobs.c.priority, jobs.c.due_at, jobs.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(jobs)
        .where(jobs.c.id.in_(due.scalar_subquery()))
        .values(lease_until=now + lease, runs=jobs.c.runs + 1)
        .returning(
            jobs.c.id,
            jobs.c.kind,
            jobs.c.key,
            jobs.c.arguments,
            jobs.c.series_id,
            jobs.c.runs,
            jobs.c.request_id,
            jobs.c.trace,
            jobs.c.priority,
        )
    )
    claimed = [
        Job(
            row.kind,
            row.key,
            row.arguments,
            row.series_id,
            row.id,
            row.runs,
            request_id=row.request_id,
            trace=row.trace,
            priority=row.priority,
        )
        for row in connection.execute(statement)
    ]
    lost = [job.id for job in claimed if job.runs > MOST_RUNS and job.id is not None]
    if lost:
        finish(connection, lost, now=now, error=f"no run of {MOST_RUNS} came to its end")
    return sorted((job for job in claimed if job.id not in lost), key=lambda job: (job.priority, job.id or 0))


def finish(
    connection: Connection,
    ids: Collection[int],
    *,
    now: dt.datetime,
    error: str | None = None,
    note: str | None = None,
) -> None:
    """Settle jobs: done, with a note on what came of it, or failed for good with the error.

    What is done stays done, whatever a worker that lost its lease says of it later.
    """
    unsettled = jobs.c.status != "done" if error is None else jobs.c.status == "pending"
    connection.execute(
        update(jobs)
        .where(jobs.c.id.in_(ids), unsettled)
        .values(
            status="done" if error is None else "failed",
            error=error,
            note=note,
            finished_at=now,
            lease_until=None,
        )
    )


def release(connection: Connection, ids: Collection[int]) -> None:
    """Give claimed jobs back: they are due as they were, and count as tried."""
    connection.execute(update(jobs).where(jobs.c.id.in_(ids)).values(lease_until=None))


def retry(connection: Connection, job: Job, *, due_at: dt.datetime, error: str) -> None:
    """Make a job due again later, with what went wrong; after MOST_RUNS it is failed for good.

    Nothing is changed where the job is settled, or another worker has begun it in the meantime.
    """
    failed = job.runs >= MOST_RUNS
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.status == "pending", jobs.c.runs == job.runs)
        .values(
            status="failed" if failed else "pending",
            error=error,
            due_at=due_at,
            lease_until=None,
        )
    )


def ask_again(
    connection: Connection, job_id: int, *, now: dt.datetime, failed_before: dt.datetime | None = None
) -> bool:
    """Make a job that failed for good due now, with fresh runs; True where it had. Any other stays.

    ``failed_before`` leaves one alone that failed, or would have been tried next, after that moment.
    """
    conditions = [jobs.c.id == job_id, jobs.c.status == "failed"]
    if failed_before is not None:
        conditions.append(func.coalesce(jobs.c.finished_at, jobs.c.due_at) <= failed_before)
    statement = (
        update(jobs)
        .where(*conditions)
        .values(
            status="pending",
            runs=0,
            error=None,
            due_at=now,
            finished_at=None,
            lease_until=None,
            priority=AWAITED,
            request_id=telemetry.request_id(),
            trace=tracing.carried(),
        )
        .returning(jobs.c.id)
    )
    return connection.execute(statement).first() is not None


def due(connection: Connection, kind: str, *, now: dt.datetime) -> int:
    """Count of the jobs of a kind that a worker could claim."""
    query = select(func.count()).where(*_due(kind, now))
    return int(connection.execute(query).scalar_one())


def unfinished(connection: Connection, kind: str) -> int:
    """Count of the jobs of a kind that are still to be done."""
    query = select(func.count()).where(jobs.c.kind == kind, jobs.c.status == "pending")
    return int(connection.execute(query).scalar_one())


def get(connection: Connection, kind: str, key: str) -> Job | None:
    """The job of a kind that is about a key."""
    row = connection.execute(select(jobs).where(jobs.c.kind == kind, jobs.c.key == key)).first()
    return None if row is None else _job(row)


def listed(
    connection: Connection,
    *,
    status: str | None = None,
    series_id: str | None = None,
    desk: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Job]:
    """The newest jobs, with an id below ``before`` where given; with ``desk`` only on series it may see."""
    query = select(jobs).where(shown_to(desk, jobs.c.series_id)).order_by(jobs.c.id.desc()).limit(limit)
    if status is not None:
        query = query.where(jobs.c.status == status)
    if series_id is not None:
        query = query.where(jobs.c.series_id == series_id)
    if before is not None:
        query = query.where(jobs.c.id < before)
    return [_job(row) for row in connection.execute(query)]


def by_id(connection: Connection, job_id: int, *, desk: str | None = None) -> Job | None:
    """One job; with ``desk`` only on a series that it may see."""
    row = connection.execute(
        select(jobs).where(jobs.c.id == job_id, shown_to(desk, jobs.c.series_id))
    ).first()
    return None if row is None else _job(row)


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts of the jobs of one kind; ``running`` are those that a worker holds the lease of."""

    kind: str
    waiting: int
    running: int
    done: int
    failed: int


def standings(
    connection: Connection, *, now: dt.datetime, desk: str | None = None, since: dt.datetime | None = None
) -> list[Standing]:
    """Counts by kind of the jobs made from ``since`` on; with ``desk`` only on series that it may see."""
    held = and_(jobs.c.status == "pending", jobs.c.lease_until > now)
    counts = {
        "waiting": and_(
            jobs.c.status == "pending", or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)
        ),
        "running": held,
        "done": jobs.c.status == "done",
        "failed": jobs.c.status == "failed",
    }
    columns = [func.count().filter(condition).label(name) for name, condition in counts.items()]
    query = select(jobs.c.kind, *columns).where(shown_to(desk, jobs.c.series_id))
    if since is not None:
        query = query.where(jobs.c.created_at >= since)
    rows = connection.execute(query.group_by(jobs.c.kind).order_by(jobs.c.kind))
    return [Standing(**row._asdict()) for row in rows]


def _job(row: Any) -> Job:
    return Job(
        row.kind,
        row.key,
        row.arguments,
        row.series_id,
        row.id,
        row.runs,
        row.status,
        row.error,
        row.note,
        row.request_id,
    )


def _due(kind: str, now: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        jobs.c.kind == kind,
        jobs.c.status == "pending",
        jobs.c.due_at <= now,
        or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now),
    )
