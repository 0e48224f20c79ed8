"""An upload that is taken in the background: kept as it was sent, with a job that records it."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid

from sqlalchemy import Connection

from services.storage import jobs, releases, uploads
from services.storage.jobs import Job
from services.storage.uploads import UPLOAD, KeptUpload
from services.usecases.arriving_figures import digest
from services.usecases.record_observations import IdempotencyKeyReusedError
from services.usecases.record_upload import Sent, Upload
from services.work import queue

MOST_WAITING = 10
"""Uploads of one desk that may wait at once: they are recorded one by one, as others' are."""


class TooManyUploadsError(Exception):
    """As many uploads of a desk wait as may; nothing was taken."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        super().__init__(
            f"{waiting} uploads of this desk wait already, as many as may: send it again when some are done, "
            "or without Prefer: respond-async."
        )


def order_upload(connection: Connection, upload: Upload, sent: Sent, *, now: dt.datetime) -> tuple[Job, bool]:
    """The job that records an upload as it was read, and whether it is new, or new again after it failed.

    The same Idempotency-Key of a sender with the same figures is the same job. IdempotencyKeyReusedError
    where it came first with others, and TooManyUploadsError; then nothing is kept.
    """
    of_request = digest(sent.source, sent.figures)
    key = uuid.uuid4().hex
    if upload.idempotency_key is not None:
        key = hashlib.sha256(f"{upload.sender}\n{upload.idempotency_key}".encode()).hexdigest()
        held = jobs.get(connection, UPLOAD, key)
        if held is not None and held.status != "failed":
            return _same(connection, held, of_request, upload.idempotency_key), False
        earlier = releases.by_idempotency_key(connection, upload.idempotency_key, sender=upload.sender)
        if earlier is not None and earlier[0] != of_request:
            raise IdempotencyKeyReusedError(upload.idempotency_key)
    waiting = uploads.waiting(connection, upload.caller.desk)
    if waiting >= MOST_WAITING:
        raise TooManyUploadsError(waiting)
    arguments = {
        "source": sent.source,
        "history": upload.history,
        "replayed": upload.replayed,
        "figures": len(sent.figures),
    }
    added = jobs.add(connection, [Job(kind=UPLOAD, key=key, arguments=arguments)], now=now)
    job = jobs.get(connection, UPLOAD, key)
    assert job is not None  # noqa: S101 - added, or there before
    assert job.id is not None  # noqa: S101 - it is stored
    if not added and not queue.ask_again(connection, job.id, now=now):  # another request came between
        return _same(connection, job, of_request, upload.idempotency_key or ""), False
    uploads.keep(connection, kept(job.id, upload, of_request, len(sent.figures)))
    return jobs.get(connection, UPLOAD, key) or job, True


def kept(job_id: int, upload: Upload, of_request: str, figures: int) -> KeptUpload:
    """An upload as it is kept beside its job; what its key may do besides is not."""
    recording = {
        "source": upload.source,
        "history": upload.history,
        "replayed": upload.replayed,
        "idempotency_key": upload.idempotency_key,
        "key_id": upload.caller.key_id,
        "name": upload.caller.name,
        "address": upload.address,
    }
    return KeptUpload(
        job_id, upload.caller.desk, upload.media_type, upload.content, recording, of_request, figures
    )


def _same(connection: Connection, held: Job, of_request: str, key: str) -> Job:
    if held.id is None or uploads.hash_of(connection, held.id) != of_request:
        raise IdempotencyKeyReusedError(key)
    return held
