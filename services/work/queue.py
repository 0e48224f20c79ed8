"""The queue of jobs: rows claimed in fair turns for the time of a lease, and settled once.

``runs`` counts the claims of a job and is its fence: whoever lost the lease to a later run can report a
success, which always counts, but no failure. What is done stays done.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from sqlalchemy import Connection, func, select, union_all, update

from services import telemetry, tracing
from services.storage import leases
from services.storage.jobs import AWAITED, BACKGROUND, Job
from services.storage.tables import jobs
from services.storage.texts import storable

MOST_RUNS = 4
"""Runs after which a job that never ends well is failed for good and shown."""

Urgency = tuple[int, bool, dt.datetime]
"""Priority of a job, whether it was tried, since when it is due: what is least goes first."""


def claim(
    connection: Connection,
    kind: str,
    *,
    now: dt.datetime,
    lease: dt.timedelta,
    limit: int,
    owner: str = "",
) -> list[Job]:
    """Take up to ``limit`` due jobs of a kind for the time of a lease; other workers pass over them.

    What is AWAITED goes before what is not; of each, what no worker has begun before what was tried, and then
    what is due longest. One that was tried, and so may have ended its worker, is taken alone. A job whose
    lease ended was lost with its worker and is due again, up to MOST_RUNS runs.
    """
    for priority in (AWAITED, BACKGROUND):
        for tried in (False, True):
            most = 1 if tried else limit
            while rows := _take(
                connection, kind, priority, tried=tried, now=now, until=now + lease, limit=most, owner=owner
            ):
                lost = [job for job in rows if job.runs > MOST_RUNS]
                for job in lost:
                    give_up(connection, job, now=now, error=f"no run of {MOST_RUNS} came to its end")
                if len(lost) < len(rows):
                    return [job for job in rows if job not in lost]
    return []


def finish(
    connection: Connection, ids: Collection[int], *, now: dt.datetime, note: str | None = None
) -> None:
    """Settle jobs as done, with a note on what came of them; whoever says so, and however late."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id.in_(ids), jobs.c.status != "done")
        .values(
            status="done",
            error=None,
            note=None if note is None else storable(note),
            finished_at=now,
            **leases.FREED,
        )
    )


def retry(connection: Connection, job: Job, *, now: dt.datetime, due_at: dt.datetime, error: str) -> None:
    """Make a job due again later, with what went wrong; after MOST_RUNS it is failed for good.

    Nothing is changed where the job is settled, or another worker has begun it in the meantime.
    """
    if job.runs >= MOST_RUNS:
        give_up(connection, job, now=now, error=error)
        return
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.status == "pending", jobs.c.runs == job.runs)
        .values(error=storable(error), due_at=due_at, **leases.FREED)
    )


def give_up(connection: Connection, job: Job, *, now: dt.datetime, error: str) -> bool:
    """Fail a job for good, whatever runs it has left; False where it is settled, or begun anew since."""
    statement = (
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.status == "pending", jobs.c.runs == job.runs)
        .values(status="failed", error=storable(error), finished_at=now, **leases.FREED)
    )
    return connection.execute(statement).rowcount > 0


def hold(connection: Connection, job: Job) -> bool:
    """Keep a claimed job from every other worker until the transaction ends, however long that takes.

    False where it is settled, or another worker has begun it since. For work that is one transaction.
    """
    query = (
        select(jobs.c.id)
        .where(jobs.c.id == job.id, jobs.c.status == "pending", jobs.c.runs == job.runs)
        .with_for_update()
    )
    return connection.execute(query).first() is not None


def release(connection: Connection, claimed: Iterable[Job], *, begun: bool) -> None:
    """Give claimed jobs back: they are due as they were; those not ``begun`` count as never claimed."""
    for job in claimed:
        connection.execute(
            update(jobs)
            .where(jobs.c.id == job.id, jobs.c.status == "pending", jobs.c.runs == job.runs)
            .values(runs=job.runs if begun else job.runs - 1, **leases.FREED)
        )


def ask_again(
    connection: Connection, job_id: int, *, now: dt.datetime, failed_before: dt.datetime | None = None
) -> bool:
    """Make a job that failed for good due now, with fresh runs; True where it had. Any other stays.

    ``failed_before`` leaves one alone that failed after that moment.
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
            started_at=None,
            finished_at=None,
            priority=AWAITED,
            request_id=telemetry.request_id(),
            trace=tracing.carried(),
            **leases.FREED,
        )
        .returning(jobs.c.id)
    )
    return connection.execute(statement).first() is not None


def urgencies(connection: Connection, kinds: Iterable[str], *, now: dt.datetime) -> dict[str, Urgency]:
    """How urgent the first due job of each kind is; a kind of which none is due is left out."""
    tried = jobs.c.runs > 0
    firsts = [
        select(jobs.c.kind, jobs.c.priority, tried.label("tried"), jobs.c.due_at)
        .where(jobs.c.kind == kind, leases.due(jobs, now))
        .order_by(jobs.c.priority, tried, jobs.c.due_at)
        .limit(1)
        .subquery()
        for kind in kinds
    ]
    if not firsts:
        return {}
    rows = connection.execute(union_all(*(select(first) for first in firsts)))
    return {row.kind: (row.priority, row.tried, row.due_at) for row in rows}


def _take(
    connection: Connection,
    kind: str,
    priority: int,
    *,
    tried: bool,
    now: dt.datetime,
    until: dt.datetime,
    limit: int,
    owner: str,
) -> list[Job]:
    due = (
        select(jobs.c.id)
        .where(
            jobs.c.kind == kind,
            jobs.c.priority == priority,
            leases.due(jobs, now),
            jobs.c.runs > 0 if tried else jobs.c.runs == 0,
        )
        .order_by(jobs.c.due_at, jobs.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")  # asked once: as a plain subquery a plan may ask it again, past what it has just locked
    )
    names = (
        "id",
        "kind",
        "key",
        "arguments",
        "series_id",
        "runs",
        "request_id",
        "release_id",
        "trace",
        "priority",
    )
    statement = (
        update(jobs)
        .where(jobs.c.id == due.c.id)
        .values(runs=jobs.c.runs + 1, started_at=now, **leases.taken(owner=owner, until=until))
        .returning(*(jobs.c[name] for name in names))
    )
    claimed = [Job(**row) for row in connection.execute(statement).mappings()]
    return sorted(claimed, key=lambda job: job.id or 0)
