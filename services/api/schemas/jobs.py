"""Jobs as they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, Field
from sqlalchemy import Connection

from services.api.problems import faults
from services.api.schemas.common import Shown
from services.api.schemas.observations import UploadReport
from services.queries import jobs
from services.queries.jobs import Job, UploadProgress

EXAMPLE: dict[str, Any] = {
    "id": 12,
    "kind": "refresh_forecast",
    "series_id": "CN_EXP_REPM_T",
    "status": "pending",
    "runs": 0,
    "error": None,
    "note": None,
    "arguments": {"vintage": "2025-06-20T02:00:00+00:00", "portfolio": "prophet"},
    "progress": None,
}
UPLOAD_JOB: dict[str, Any] = {
    "id": 13,
    "kind": "record_upload",
    "series_id": None,
    "status": "pending",
    "runs": 1,
    "error": None,
    "note": None,
    "arguments": {"source": "GACC", "history": True, "replayed": False, "figures": 48_000},
    "progress": {"done": 15_000, "of": 48_000},
    "report": None,
    "faults": None,
    "fault_count": None,
}


class Progress(Shown):
    """How far the upload of a job is: figures judged so far, of figures in all."""

    done: int
    of: int


class JobShown(Shown):
    """Work that a worker does: ``pending``, ``done``, or ``failed`` with its error."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: int
    kind: str
    series_id: str | None
    status: str
    runs: int
    error: str | None
    note: str | None
    arguments: dict[str, Any]
    progress: Progress | None = Field(None, description="Of an upload; null for every other kind.")

    @classmethod
    def each(cls, connection: Connection, found: Sequence[Job]) -> list[JobShown]:
        """Jobs as they are shown in a list."""
        progress = jobs.upload_progress(connection, found)
        return [cls.model_validate(_row(job, progress)) for job in found]


class JobInFull(JobShown):
    """A job with what came of it, where that is kept beside it."""

    model_config = ConfigDict(json_schema_extra={"examples": [UPLOAD_JOB]})

    report: UploadReport | None = Field(None, description="Of an upload that is recorded.")
    faults: list[dict[str, Any]] | None = Field(
        None, description="Of an upload that was refused: the first of them, by row."
    )
    fault_count: int | None = Field(None, description="How many there are in all.")

    @classmethod
    def told(cls, connection: Connection, job: Job) -> JobInFull:
        """A job as it is shown by itself."""
        row, end = _row(job, jobs.upload_progress(connection, [job])), jobs.upload_end(connection, job)
        if end is not None:
            row |= {"report": end.report}
            row |= {} if end.faults is None else faults(end.faults)
        return cls.model_validate(row)


def _row(job: Job, progress: Mapping[int, UploadProgress]) -> dict[str, Any]:
    told = {name: getattr(job, name) for name in JobShown.model_fields if name != "progress"}
    return {**told, "progress": None if job.id is None else progress.get(job.id)}


class Standing(Shown):
    """How far the jobs of a kind have come; their sum is all there are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "refresh_forecast", "waiting": 120, "running": 16, "done": 864, "failed": 0}
            ]
        }
    )

    kind: str
    waiting: int
    running: int
    done: int
    failed: int
