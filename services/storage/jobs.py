"""Jobs: work that must be done, as rows with a due time and a lease; a Celery task is only a nudge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.storage.tables import jobs

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


def add(connection: Connection, wanted: Iterable[Job], *, now: dt.datetime) -> list[int]:
    """Add jobs, due now; the ids of those that were not there yet."""
    rows = [
        {
            "kind": job.kind,
            "key": job.key,
            "series_id": job.series_id,
            "arguments": job.arguments,
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

    A job whose lease ended was lost with its worker and is due again, up to MOST_RUNS runs. ``untried`` takes
    those alone that no worker has begun.
    """
    due = (
        select(jobs.c.id)
        .where(*_due(kind, now), *([jobs.c.runs == 0] if untried else []))
        .order_by(jobs.c.due_at, jobs.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(jobs)
        .where(jobs.c.id.in_(due.scalar_subquery()))
        .values(lease_until=now + lease, runs=jobs.c.runs + 1)
        .returning(jobs.c.id, jobs.c.kind, jobs.c.key, jobs.c.arguments, jobs.c.series_id, jobs.c.runs)
    )
    claimed = [
        Job(row.kind, row.key, row.arguments, row.series_id, row.id, row.runs)
        for row in connection.execute(statement)
    ]
    lost = [job.id for job in claimed if job.runs > MOST_RUNS and job.id is not None]
    if lost:
        finish(connection, lost, now=now, error=f"no run of {MOST_RUNS} came to its end")
    return sorted((job for job in claimed if job.id not in lost), key=lambda job: job.id or 0)


def finish(
    connection: Connection,
    ids: Collection[int],
    *,
    now: dt.datetime,
    error: str | None = None,
    note: str | None = None,
) -> None:
    """Settle jobs: done, with a note on what came of it, or failed for good with the error."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id.in_(ids))
        .values(
            status="done" if error is None else "failed",
            error=error,
            note=note,
            finished_at=now,
            lease_until=None,
        )
    )


def retry(connection: Connection, job: Job, *, due_at: dt.datetime, error: str) -> None:
    """Make a job due again later, with what went wrong; after MOST_RUNS it is failed for good."""
    failed = job.runs >= MOST_RUNS
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id)
        .values(status="failed" if failed else "pending", error=error, due_at=due_at, lease_until=None)
    )


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
    before: int | None = None,
    limit: int = 100,
) -> list[Job]:
    """The newest jobs, those with an id below ``before`` where it is given."""
    query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
    if status is not None:
        query = query.where(jobs.c.status == status)
    if series_id is not None:
        query = query.where(jobs.c.series_id == series_id)
    if before is not None:
        query = query.where(jobs.c.id < before)
    return [_job(row) for row in connection.execute(query)]


def _job(row: Any) -> Job:
    return Job(
        row.kind, row.key, row.arguments, row.series_id, row.id, row.runs, row.status, row.error, row.note
    )


def _due(kind: str, now: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        jobs.c.kind == kind,
        jobs.c.status == "pending",
        jobs.c.due_at <= now,
        or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now),
    )
