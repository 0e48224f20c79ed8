"""What a call can end in besides its answer."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A problem that the API answered with; ``kind`` is the last word of its type, such as ``not-found``."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.kind = str(problem.get("type", "")).rpartition("/")[2] or "http"
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.faults: list[dict[str, Any]] = problem.get("faults", [])
        super().__init__(f"{status} {self.kind}: {self.detail or self.title}")


class UploadFailedError(Exception):
    """An upload that was taken and then refused, or could not be recorded; ``faults`` are by row."""

    def __init__(self, job_id: int, error: str, faults: tuple[dict[str, Any], ...]) -> None:
        self.job_id = job_id
        self.faults = faults
        super().__init__(f"Job {job_id} failed: {error}")


class JobNotDoneError(TimeoutError):
    """A job that was still to be done when the time to wait for it was over; it goes on all the same."""

    def __init__(self, job_id: int, seconds: float) -> None:
        self.job_id = job_id
        self.seconds = seconds
        super().__init__(
            f"Job {job_id} was not done within {seconds:g} s and goes on: wait for it again, or look at "
            f"/v1/jobs/{job_id}."
        )


class ForecastNotReadyError(TimeoutError):
    """A forecast that was still being fitted when the time to wait for it was over."""

    def __init__(self, series_id: str, seconds: float) -> None:
        self.series_id = series_id
        self.seconds = seconds
        super().__init__(f"The forecast of {series_id} was not there within {seconds:g} s; ask again later.")
