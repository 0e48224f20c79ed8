"""Backtests: one as it was ordered, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from services.storage import backtests, jobs
from services.storage.backtests import BACKTEST, BacktestRecord
from services.storage.jobs import Job

__all__ = ["BACKTEST", "Backtest", "BacktestRecord", "of", "one"]


@dataclass(frozen=True, slots=True)
class Backtest:
    """The job that was ordered; ``made`` is None until it is done."""

    job: Job
    made: BacktestRecord | None


def one(connection: Connection, job_id: int, *, desk: str | None = None) -> Backtest | None:
    """A backtest by the id of its job; None where there is none, or it has a series ``desk`` may not see."""
    job = jobs.by_id(connection, job_id, desk=desk)
    return None if job is None or job.kind != BACKTEST else of(connection, job)


def of(connection: Connection, job: Job) -> Backtest:
    """The backtest that a job is of."""
    return Backtest(job, None if job.id is None else backtests.of_job(connection, job.id))
