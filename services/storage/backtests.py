"""Backtests: what each came to, beside the job that asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.storage.jobs import Job
from services.storage.tables import backtests

BACKTEST = "backtest"
"""Kind of the jobs that make them."""


@dataclass(frozen=True, slots=True)
class BacktestRecord:
    """Means over origins and series, a line for each member and the combination; ``series`` held figures."""

    series: int
    lines: list[dict[str, Any]]
    versions: dict[str, str]


def keep(connection: Connection, job: Job, made: BacktestRecord) -> None:
    """Keep what a stored job came to; what is kept already stays, since a second run makes the same."""
    row = {"job_id": job.id, "series": made.series, "lines": made.lines, "versions": made.versions}
    connection.execute(insert(backtests).values(row).on_conflict_do_nothing())


def of_job(connection: Connection, job_id: int) -> BacktestRecord | None:
    """What a job came to; None until it is done."""
    row = connection.execute(select(backtests).where(backtests.c.job_id == job_id)).first()
    return None if row is None else BacktestRecord(row.series, row.lines, row.versions)
