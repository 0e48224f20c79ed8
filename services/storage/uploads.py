"""Uploads that a worker records, beside their jobs: what was sent, how far it is, and what became of it."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.storage.tables import jobs, uploads

UPLOAD = "record_upload"
"""Kind of the jobs that record them."""


@dataclass(frozen=True, slots=True)
class KeptUpload:
    """An upload as it is kept; ``content`` is None once it is recorded, or too old to be asked for again.

    ``recording`` is how it is to be recorded, for whom, and where it came from.
    """

    job_id: int
    desk: str | None
    media_type: str
    content: bytes | None
    recording: dict[str, Any]
    request_hash: str
    figures: int


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """How many figures of an upload are judged so far, and how many it holds."""

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class UploadEnd:
    """What became of an upload: its report, or its faults by row; neither while it waits."""

    report: dict[str, Any] | None
    faults: list[dict[str, Any]] | None


def keep(connection: Connection, upload: KeptUpload) -> None:
    """Keep an upload in place of any that its job had before; nothing of it is done."""
    row = {name: getattr(upload, name) for name in KeptUpload.__slots__}
    row["content"] = None if upload.content is None else zlib.compress(upload.content, 1)
    anew = {**row, "done": 0, "report": None, "faults": None}
    statement = insert(uploads).values(anew)
    connection.execute(statement.on_conflict_do_update(index_elements=[uploads.c.job_id], set_=anew))


def of_job(connection: Connection, job_id: int) -> KeptUpload:
    """The upload of a job."""
    query = select(*(uploads.c[name] for name in KeptUpload.__slots__)).where(uploads.c.job_id == job_id)
    row = connection.execute(query).one()
    content = None if row.content is None else zlib.decompress(row.content)
    return KeptUpload(**{**row._asdict(), "content": content})


def hash_of(connection: Connection, job_id: int) -> str:
    """The request hash of the upload of a job."""
    query = select(uploads.c.request_hash).where(uploads.c.job_id == job_id)
    return str(connection.execute(query).scalar_one())


def waiting(connection: Connection, desk: str | None) -> int:
    """Count of a desk's uploads that are still to be recorded."""
    query = (
        select(func.count())
        .select_from(uploads.join(jobs))
        .where(jobs.c.status == "pending", uploads.c.desk.is_not_distinct_from(desk))
    )
    return int(connection.execute(query).scalar_one())


def come_to(connection: Connection, job_id: int, done: int) -> None:
    """Say how many figures are judged so far; on a connection of its own, or nobody sees it in time."""
    connection.execute(update(uploads).where(uploads.c.job_id == job_id).values(done=done))


def settle(connection: Connection, job_id: int, report: dict[str, Any]) -> None:
    """Keep what became of an upload, in the transaction that records it; its bytes are let go."""
    connection.execute(
        update(uploads)
        .where(uploads.c.job_id == job_id)
        .values(report=report, faults=None, content=None, done=uploads.c.figures)
    )


def refuse(connection: Connection, job_id: int, faults: list[dict[str, Any]]) -> None:
    """Keep why an upload was refused. Its bytes stay for a time, since what it lacked may be put right."""
    connection.execute(update(uploads).where(uploads.c.job_id == job_id).values(faults=faults, done=0))


def forget_failed(connection: Connection, *, before: dt.datetime) -> int:
    """Let go the bytes of uploads whose jobs had failed for good by a moment; the count of them."""
    failed = select(jobs.c.id).where(
        jobs.c.kind == UPLOAD, jobs.c.status == "failed", jobs.c.finished_at <= before
    )
    statement = (
        update(uploads)
        .where(uploads.c.job_id.in_(failed), uploads.c.content.is_not(None))
        .values(content=None)
    )
    return connection.execute(statement).rowcount


def progress_of(connection: Connection, job_ids: Collection[int]) -> dict[int, UploadProgress]:
    """How far the uploads among some jobs are, by job."""
    query = select(uploads.c.job_id, uploads.c.done, uploads.c.figures).where(uploads.c.job_id.in_(job_ids))
    return {row.job_id: UploadProgress(row.done, row.figures) for row in connection.execute(query)}


def end_of(connection: Connection, job_id: int) -> UploadEnd | None:
    """What became of the upload of a job; None where the job is of another kind."""
    query = select(uploads.c.report, uploads.c.faults).where(uploads.c.job_id == job_id)
    row = connection.execute(query).first()
    return None if row is None else UploadEnd(row.report, row.faults)
