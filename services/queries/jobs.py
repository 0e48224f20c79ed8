"""Jobs: what the workers have to do, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import Connection

from services.queries.slices import Slice, sliced
from services.storage import jobs, uploads
from services.storage.jobs import Job, Standing
from services.storage.uploads import UPLOAD, UploadEnd, UploadProgress

__all__ = [
    "UPLOAD",
    "Job",
    "Standing",
    "UploadEnd",
    "UploadProgress",
    "listed",
    "one",
    "progress",
    "upload_end",
    "upload_progress",
]


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


def upload_progress(connection: Connection, found: Iterable[Job]) -> dict[int, UploadProgress]:
    """How far the uploads among some jobs are, by job: figures judged, of figures in all."""
    ids = [job.id for job in found if job.kind == UPLOAD and job.id is not None]
    return uploads.progress_of(connection, ids) if ids else {}


def upload_end(connection: Connection, job: Job) -> UploadEnd | None:
    """What became of the upload of a job: its report or its faults; None where the job is of another kind."""
    return uploads.end_of(connection, job.id) if job.kind == UPLOAD and job.id is not None else None


def progress(
    connection: Connection, *, desk: str | None = None, since: dt.datetime | None = None, now: dt.datetime
) -> list[Standing]:
    """Counts by kind of the jobs made from ``since`` on, as the leases stand at ``now``."""
    return jobs.standings(connection, desk=desk, since=since, now=now)
