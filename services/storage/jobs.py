"""Jobs: work that must be done, as rows; services/work claims and settles them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    SmallInteger,
    Text,
    and_,
    cast,
    column,
    exists,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from services import telemetry, tracing
from services.storage import leases
from services.storage.restrictions import shown_to
from services.storage.tables import jobs, restricted, uploads

AWAITED, BACKGROUND = 0, 1
"""Priorities: what a release or a person waits for, and what fills an archive; the first goes before."""


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
    created_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    release_id: int | None = None

    @property
    def seconds(self) -> float | None:
        """How long its last run took; None where it has not ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max((self.finished_at - self.started_at).total_seconds(), 0.0)


def add(connection: Connection, wanted: Iterable[Job], *, now: dt.datetime) -> list[int]:
    """Add jobs, due now; the ids of those that were not there yet.

    The rows travel as arrays in one statement: a release of thousands of series orders a refit of each.
    """
    rows = list(wanted)
    if not rows:
        return []
    each = func.unnest(
        cast([job.kind for job in rows], ARRAY(Text)),
        cast([job.key for job in rows], ARRAY(Text)),
        cast([job.series_id for job in rows], ARRAY(Text)),
        cast([json.dumps(job.arguments) for job in rows], ARRAY(Text)),
        cast([job.priority for job in rows], ARRAY(SmallInteger)),
    ).table_valued(
        column("kind", Text), column("key", Text), column("series_id", Text), column("arguments", Text),
        column("priority", SmallInteger), with_ordinality="place", name="each",
    ).render_derived()  # fmt: skip
    same: dict[Column[Any], Any] = {
        jobs.c.request_id: telemetry.request_id(),
        jobs.c.release_id: telemetry.release_id(),
        jobs.c.trace: tracing.carried(),
        jobs.c.status: "pending",
        jobs.c.due_at: now,
        jobs.c.created_at: now,
    }
    added = (
        select(each.c.kind, each.c.key, each.c.series_id, cast(each.c.arguments, JSONB), each.c.priority)
        .add_columns(*(literal(value, target.type) for target, value in same.items()))
        .order_by(each.c.place)
    )
    names = ["kind", "key", "series_id", "arguments", "priority", *(target.name for target in same)]
    statement = insert(jobs).from_select(names, added).on_conflict_do_nothing().returning(jobs.c.id)
    return list(connection.execute(statement).scalars())


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
    query = select(jobs).where(_seen_by(desk)).order_by(jobs.c.id.desc()).limit(limit)
    if status is not None:
        query = query.where(jobs.c.status == status)
    if series_id is not None:
        query = query.where(jobs.c.series_id == series_id)
    if before is not None:
        query = query.where(jobs.c.id < before)
    return [_job(row) for row in connection.execute(query)]


def by_id(connection: Connection, job_id: int, *, desk: str | None = None) -> Job | None:
    """One job; with ``desk`` only on a series that it may see."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id, _seen_by(desk))).first()
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
    waits = jobs.c.status == "pending"
    counts = {
        "waiting": and_(waits, leases.free(jobs, now)),
        "running": and_(waits, leases.held(jobs, now)),
        "done": jobs.c.status == "done",
        "failed": jobs.c.status == "failed",
    }
    columns = [func.count().filter(condition).label(name) for name, condition in counts.items()]
    query = select(jobs.c.kind, *columns).where(_seen_by(desk))
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
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        release_id=row.release_id,
    )


def _seen_by(desk: str | None) -> ColumnElement[bool]:
    """Condition: ``desk`` may see the series of a job, and each of those that a job is about together.

    An upload it sees where one of its own keys sent it.
    """
    if desk is None:
        return true()
    named = jobs.c.arguments["series"].has_key(restricted.c.series_id)
    hidden = exists().where(restricted.c.desk.is_distinct_from(desk), named)
    of_others = exists().where(uploads.c.job_id == jobs.c.id, uploads.c.desk.is_distinct_from(desk))
    return and_(shown_to(desk, jobs.c.series_id), ~hidden, ~of_others)
