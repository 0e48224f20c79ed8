"""A job that failed for good is asked for again."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from services.work import queue


def retry_job(connection: Connection, job_id: int, *, now: dt.datetime) -> bool:
    """Make a job that failed for good due now, with fresh runs; False where it waits, or is done."""
    return queue.ask_again(connection, job_id, now=now)
