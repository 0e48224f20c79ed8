"""What both clients say to the API, and hear on its stream."""

from __future__ import annotations

import json

from services.client.errors import UploadFailedError
from services.client.shapes import Job, Report, StreamedAlert, shaped

POLL_SECONDS = 1.0
"""Between two looks at a forecast that is being fitted, or at a job."""
STREAM = "/v1/alerts/stream"


def headers(key: str | None) -> dict[str, str]:
    """Headers of every request: the key, where there is one."""
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def resumed(after: int | None) -> dict[str, str]:
    """Headers of a stream that begins after an event's id; now, where None."""
    return {} if after is None else {"Last-Event-ID": str(after)}


def reported(job: Job) -> Report | None:
    """What became of an upload; None while it waits. UploadFailedError where it was refused."""
    if job.status == "failed":
        raise UploadFailedError(job.id, job.error or "", job.faults)
    return job.report


def streamed(line: str) -> StreamedAlert | None:
    """The event that a line of the stream holds; None for every other line."""
    return shaped(StreamedAlert, json.loads(line[6:])) if line.startswith("data: ") else None
