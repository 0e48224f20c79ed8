"""Uploads that were taken in the background: each is recorded by a worker, whole or not at all."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from services import tracing
from services.ingestion.errors import Fault, UploadRefusedError, UploadTooLargeError
from services.settings import Settings
from services.storage import uploads
from services.storage.jobs import Job
from services.storage.uploads import UPLOAD, KeptUpload
from services.telemetry import tell_release
from services.usecases.callers import Caller
from services.usecases.record_observations import IdempotencyKeyReusedError
from services.usecases.record_upload import Upload, read_upload, record_upload
from services.work import queue
from services.work.runner import Kind, Outcome

RETRY_AFTER = dt.timedelta(minutes=1)

_log = structlog.get_logger()


class UploadForgottenError(Exception):
    """An upload that was asked for again after its bytes had been let go."""

    def __init__(self) -> None:
        super().__init__("What was sent is no more kept, so it cannot be recorded: send it again.")


REFUSALS = (UploadRefusedError, UploadTooLargeError, IdempotencyKeyReusedError, UploadForgottenError)
"""What would come again however often it is tried: the job is failed for good at once."""


def uploads_due(
    engine: Engine, settings: Settings, *, clock: Callable[[], dt.datetime], lease: dt.timedelta
) -> Kind[dict[str, Any] | None]:
    """Uploads as a kind of work: one at a time; what each comes to is its report, None where refused."""

    def work(claimed: Sequence[Job]) -> Outcome[dict[str, Any] | None]:
        (job,) = claimed
        told = tracing.span("upload", parent=job.trace, figures=job.arguments["figures"])
        with bound_contextvars(request_id=job.request_id), told:
            try:
                return Outcome(_record(engine, settings, job, clock), settled=True)
            except REFUSALS as error:
                _refuse(engine, job, error, clock())
                return Outcome(None, settled=True)

    return Kind(UPLOAD, work, lease=lease, again_after=RETRY_AFTER)


def _record(
    engine: Engine, settings: Settings, job: Job, clock: Callable[[], dt.datetime]
) -> dict[str, Any] | None:
    """Record an upload and settle its job in one transaction; the report, None where another has done so."""
    assert job.id is not None  # noqa: S101 - it was claimed, and so is stored
    began = time.perf_counter()
    with engine.begin() as connection:
        if not queue.hold(connection, job):
            return None
        _come_to(engine, job.id, 0)  # an earlier run may have come further
        upload = _sent(uploads.of_job(connection, job.id))
        report, before = record_upload(
            connection,
            upload,
            read_upload(upload, limit=settings.upload_limit_bytes),
            settings=settings,
            now=clock(),
            progress=lambda done: _come_to(engine, job.id or 0, done),
        )
        uploads.settle(connection, job.id, report)
        queue.finish(connection, [job.id], now=clock(), note=f"release {report['release_id']}")
    if not before:
        tell_release(report, time.perf_counter() - began, way="upload")
    return report


def _refuse(engine: Engine, job: Job, error: Exception, now: dt.datetime) -> None:
    """Fail a job for good with the faults of its upload, unless another worker has begun it since."""
    faults = error.faults if isinstance(error, UploadRefusedError) else (Fault(0, str(error)),)
    with engine.begin() as connection:
        if job.id is not None and queue.give_up(connection, job, now=now, error=str(error)):
            uploads.refuse(connection, job.id, [{"row": each.row, "reason": each.reason} for each in faults])
    _log.info("upload refused", job=job.id, faults=len(faults))


def _come_to(engine: Engine, job_id: int, done: int) -> None:
    """Say how far an upload is, on a connection of its own; what cannot be said keeps no figure back."""
    try:
        with engine.begin() as connection:
            uploads.come_to(connection, job_id, done)
    except SQLAlchemyError as error:
        _log.warning("the progress of an upload is not told", job=job_id, error=str(error))


def _sent(kept: KeptUpload) -> Upload:
    """An upload as it was sent; what its key might do besides was not kept, and is not asked."""
    if kept.content is None:
        raise UploadForgottenError
    said = kept.recording
    return Upload(
        kept.media_type,
        kept.content,
        Caller(said["key_id"], said["name"], kept.desk, frozenset()),
        said["address"],
        said["source"],
        said["history"],
        said["replayed"],
        said["idempotency_key"],
    )
