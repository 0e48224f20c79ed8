"""The heartbeat of a worker: its main process says in the database which queues it consumes.

The main process and not a task, since every child may sit in a fit for 10 minutes and in a training for two
hours: a task would wait behind them, and a worker that is busy would look as if it were missing. Celery's own
heartbeat calls us, each 2 s, from the loop that takes messages, and only while that loop is connected to the
broker; so what is shown is a worker that would take a task. That children end what they took is shown by the
age of what is due.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from services.storage import heartbeats

EACH = 5.0
"""Seconds between two heartbeats."""

AFTER_FAILURE = 15.0
"""Seconds after one that failed: the loop stands still for up to 4 s while a database does not answer."""

_log = structlog.get_logger()


class Heart:
    """Leaves a heartbeat for each queue when one is due; asked as often as the caller likes."""

    def __init__(
        self,
        engine: Engine,
        queues: Iterable[str],
        clock: Callable[[], dt.datetime],
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._parts = [heartbeats.worker(queue) for queue in sorted(queues)]
        self._clock = clock
        self._elapsed = elapsed
        self._due = elapsed()

    def beat(self) -> bool:
        """Leave the heartbeats if they are due; true where they were left. Never raises for the database."""
        if self._elapsed() < self._due:
            return False
        try:
            with self._engine.begin() as connection:
                connection.execute(text("SET LOCAL statement_timeout = 2000"))
                for part in self._parts:
                    heartbeats.beat(connection, part, now=self._clock())
        except SQLAlchemyError as error:
            self._due = self._elapsed() + AFTER_FAILURE
            _log.warning("the worker leaves no heartbeat", error=str(getattr(error, "orig", error)))
            return False
        self._due = self._elapsed() + EACH
        return True
