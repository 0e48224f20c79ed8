"""Jobs: what the workers have to do, and what came of it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from services.queries.slices import Slice, sliced
from services.storage import jobs
from services.storage.jobs import Job, Standing

__all__ = ["Job", "Standing", "listed", "one", "progress"]


def listed(
    connection: Connection,
    *,
    status: str | None = None,
    series_id: str | None = None,
    desk: str | None = None,
    before: int | None = None,
    limit: int,
) -> Slice[Job]:
    """The newest jobs, with an id below ``before`` where given; with ``desk`` only on series it may see."""
    found = jobs.listed(
        connection, status=status, series_id=series_id, desk=desk, before=before, limit=limit + 1
    )
    return sliced(found, limit)


def one(connection: Connection, job_id: int, *, desk: str | None = None) -> Job | None:
    """One job; with ``desk`` only on a series that it may see."""
    return jobs.by_id(connection, job_id, desk=desk)


def progress(
    connection: Connection, *, desk: str | None = None, since: dt.datetime | None = None, now: dt.datetime
) -> list[Standing]:
    """Counts by kind of the jobs made from ``since`` on, as the leases stand at ``now``."""
    return jobs.standings(connection, desk=desk, since=since, now=now)
