"""What a process of the service works with: settings, engine, clock, and the way to nudge a worker."""

from __future__ import annotations

import atexit
import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from threading import Lock

import redis
import structlog
from celery import Celery
from kombu.exceptions import KombuError
from sqlalchemy import Engine

from services.broker import broker_address
from services.settings import Settings, settings
from services.storage.session import engine_for
from services.telemetry import NUDGES

REFRESH_FORECASTS = "refresh_forecasts"
SCORE_FORECASTS = "score_forecasts"
TRAIN_MODELS = "train_models"
RUN_BACKTESTS = "run_backtests"
DELIVER_MESSAGES = "deliver_messages"
POLL_SOURCES = "poll_sources"
RECORD_UPLOADS = "record_uploads"
ORDER_POLLS = "order_polls"
WATCH_RELEASES = "watch_releases"
ORDER_TRAINING = "order_training"
CLEAN = "clean"

QUEUES = {
    REFRESH_FORECASTS: "forecast",
    SCORE_FORECASTS: "forecast",
    TRAIN_MODELS: "forecast",
    RUN_BACKTESTS: "forecast",
    DELIVER_MESSAGES: "delivery",
    POLL_SOURCES: "ingest",
    RECORD_UPLOADS: "ingest",
    ORDER_POLLS: "delivery",
    WATCH_RELEASES: "delivery",
    ORDER_TRAINING: "delivery",
    CLEAN: "delivery",
}
"""Queue of each task that may be nudged."""

_BROKER_SECONDS = 0.3
"""How long a broker may take to answer before a nudge to it is lost."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Service:
    """What requests and commands work with; tests put their own clock and nudge in."""

    settings: Settings
    engine: Engine
    now: Callable[[], dt.datetime]
    nudge: Callable[[str], None]


@cache
def service() -> Service:
    """The service as the environment describes it; nothing is connected until it is used.

    Its engine is for requests, with bounds on what each may take; ``engine`` is for commands and workers.
    """
    held = settings()
    answering = engine_for(
        held.database_url,
        statement_seconds=held.statement_timeout_seconds,
        lock_seconds=held.lock_timeout_seconds,
    )
    return Service(held, answering, now, Nudger(held.redis_url).nudge)


def engine() -> Engine:
    """Engine of the database in DATABASE_URL."""
    return engine_for(settings().database_url)


def now() -> dt.datetime:
    """The present, in UTC."""
    return dt.datetime.now(dt.UTC)


def broker_answers(redis_url: str) -> bool:
    """True where the broker answers within a fraction of a second."""
    timeouts = {"socket_timeout": _BROKER_SECONDS, "socket_connect_timeout": _BROKER_SECONDS}
    try:
        with redis.Redis.from_url(redis_url, **timeouts) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


class Nudger:
    """Sends tasks by name from a thread of its own: whoever nudges never waits for the broker.

    Best effort. A nudge that is still waiting stands for every later one of its name; one that the broker
    does not take is counted, logged and lost, and the sweep finds what is due.
    """

    def __init__(self, redis_url: str) -> None:
        self._app = Celery("tonnage", broker=broker_address(redis_url), set_as_current=False)
        self._app.conf.update(
            task_ignore_result=True,
            task_send_sent_event=True,
            broker_transport_options={
                "socket_timeout": _BROKER_SECONDS,
                "socket_connect_timeout": _BROKER_SECONDS,
                "max_retries": 1,
                "interval_start": 0,
                "interval_step": 0,
                "interval_max": 0,
            },
        )
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="nudge")
        self._waiting: set[str] = set()
        self._lock = Lock()
        atexit.register(self.close)

    def nudge(self, task: str) -> None:
        """Ask for one run of a task, a key of QUEUES; returns at once."""
        with self._lock:
            if task in self._waiting:
                return
            self._waiting.add(task)
        self._sender.submit(self._send, task)

    def close(self) -> None:
        """Send what waits, and stop."""
        self._sender.shutdown()
        self._app.close()
        atexit.unregister(self.close)

    def _send(self, task: str) -> None:
        with self._lock:
            self._waiting.discard(task)
        try:
            self._app.send_task(task, queue=QUEUES[task], retry=False)
        except (KombuError, redis.RedisError, OSError) as error:
            NUDGES.labels(task, "lost").inc()
            _log.warning("nudge lost; the sweep finds what is due", task=task, error=str(error))
        else:
            NUDGES.labels(task, "sent").inc()
