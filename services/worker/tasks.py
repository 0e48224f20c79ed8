"""Celery tasks: nudges. Each opens nothing but a use case; what is due stands in the database."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import redis
import structlog
from celery import shared_task
from kombu.exceptions import KombuError

from services import bootstrap
from services.ingestion.sources.registry import SOURCES
from services.settings import settings
from services.storage import heartbeats, jobs
from services.storage.jobs import Job
from services.usecases import order_training as training
from services.usecases import watch_releases as watch
from services.usecases.deliver_messages import deliver_due
from services.usecases.order_polls import POLL
from services.usecases.order_polls import order_polls as order_due_polls
from services.usecases.order_scoring import SCORE
from services.usecases.order_training import TRAIN
from services.usecases.poll_source import poll_due
from services.usecases.record_observations import REFRESH
from services.usecases.score_forecasts import score_due
from services.usecases.tell_trouble import SWEEP, tell_trouble

WAITING = (
    (bootstrap.REFRESH_FORECASTS, REFRESH),
    (bootstrap.SCORE_FORECASTS, SCORE),
    (bootstrap.TRAIN_MODELS, TRAIN),
)
"""Tasks of the forecast queue with the jobs that each does, the most urgent first: it goes before."""

Task = Callable[..., Any]


LOOP_SECONDS = 240
"""Seconds after which a task takes no more work and asks for another: well below its limit of 540."""

TRAINING_SECONDS = 7_200
"""Seconds that one training may take. It is acknowledged when it begins: the broker would hand it to a second
worker after 15 minutes, and its row in the database, leased for as long, repairs what a dead worker lost."""

DELIVERY_SECONDS = 20.0
"""Seconds in which one delivery task takes new work. With the 15 s of its last attempts it ends well within
the 60 s after which a heartbeat is missed: desks that hang may hold up every delivery worker for so long."""

SHOWN = 3
"""Series of a batch that are shown by name."""

_log = structlog.get_logger()


def _task(name: str, **options: Any) -> Callable[[Task], Task]:
    return cast("Callable[[Task], Task]", shared_task(name=name, **options))


@_task(bootstrap.REFRESH_FORECASTS, bind=True)
def refresh_forecasts(self: Any) -> None:
    """Fit and publish one batch of what is due, and ask for the next: no task holds its worker for long."""
    from services.usecases import refresh_forecasts as usecase  # noqa: PLC0415 - only forecast workers load models

    done = usecase.refresh_forecasts(
        bootstrap.engine(),
        now=bootstrap.now(),
        lease=dt.timedelta(seconds=settings().lease_seconds),
        announce=partial(_announce, self),
    )
    if done.claimed:
        bootstrap.service().nudge(bootstrap.REFRESH_FORECASTS)


def _announce(task: Any, batch: Sequence[Job]) -> None:
    """Show in Flower what this task fits: a nudge knows no series until it has claimed some."""
    if not batch:
        return
    names = sorted({job.series_id or "" for job in batch})
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    vintages = sorted({str(job.arguments["vintage"]) for job in batch})
    shown = {"series": ", ".join(names[:SHOWN]) + more, "vintage": ", ".join(vintages[:SHOWN])}
    try:
        task.send_event("task-started", retry=False, name=task.name, args="()", kwargs=repr(shown))
    except (KombuError, redis.RedisError, OSError) as error:
        _log.warning("Flower is not told what is fitted; the fit goes on", error=str(error))


@_task(bootstrap.SCORE_FORECASTS)
def score_forecasts() -> None:
    """Score published forecasts against the figures that have arrived, for a while, and ask for the rest."""
    lease = dt.timedelta(seconds=settings().lease_seconds)
    until = time.monotonic() + LOOP_SECONDS
    while score_due(bootstrap.engine(), now=bootstrap.now(), lease=lease).claimed:
        if time.monotonic() > until:
            bootstrap.service().nudge(bootstrap.SCORE_FORECASTS)
            return


@_task(bootstrap.TRAIN_MODELS, acks_late=False, soft_time_limit=None, time_limit=TRAINING_SECONDS)
def train_models() -> None:
    """Do a training that is due, once no refit is waiting."""
    from services.usecases.train_models import train_due  # noqa: PLC0415 - only forecast workers load models

    now = bootstrap.now()
    with bootstrap.engine().begin() as connection:
        if jobs.due(connection, REFRESH, now=now):
            return
    train_due(bootstrap.engine(), now=now, lease=dt.timedelta(seconds=TRAINING_SECONDS + LOOP_SECONDS))


@_task("order_training")
def order_training() -> None:
    """Order the training of this week, or of an archive that has doubled, once."""
    with bootstrap.engine().begin() as connection:
        training.order_training(connection, now=bootstrap.now(), portfolio=settings().portfolio)


@_task(bootstrap.DELIVER_MESSAGES)
def deliver_messages() -> None:
    """Send every message that is due."""
    deliver_due(bootstrap.engine(), settings(), clock=bootstrap.now, seconds=DELIVERY_SECONDS)


@_task("watch_releases")
def watch_releases() -> None:
    """Tell the releases that have become late, and what their lateness does to alerts."""
    with bootstrap.engine().begin() as connection:
        watch.watch_releases(connection, budget=settings().alert_budget, now=bootstrap.now())
    bootstrap.service().nudge(bootstrap.DELIVER_MESSAGES)


@_task("order_polls")
def order_polls() -> None:
    """Order a poll of each source whose slot has come, once."""
    with bootstrap.engine().begin() as connection:
        order_due_polls(connection, SOURCES.values(), now=bootstrap.now())


@_task(bootstrap.POLL_SOURCES)
def poll_sources() -> None:
    """Make every poll that is due."""
    engine = bootstrap.engine()
    lease = dt.timedelta(seconds=settings().lease_seconds)
    until = time.monotonic() + LOOP_SECONDS
    while poll_due(engine, settings(), SOURCES, clock=bootstrap.now, lease=lease) is not None:
        bootstrap.service().nudge(bootstrap.DELIVER_MESSAGES)
        bootstrap.service().nudge(bootstrap.REFRESH_FORECASTS)
        if time.monotonic() > until:
            bootstrap.service().nudge(bootstrap.POLL_SOURCES)
            return


@_task("sweep")
def sweep() -> None:
    """Find what a lost nudge left: deliver what is due, ask for work that waits, and leave a heartbeat."""
    now = bootstrap.now()
    with bootstrap.engine().begin() as connection:
        heartbeats.beat(connection, heartbeats.TASK, now=now)
        tell_trouble(connection, SWEEP, now=now)
        polls = jobs.due(connection, POLL, now=now)
        waiting = next((task for task, kind in WAITING if jobs.due(connection, kind, now=now)), None)
    if polls:
        bootstrap.service().nudge(bootstrap.POLL_SOURCES)
    if waiting is not None:
        bootstrap.service().nudge(waiting)
    deliver_due(bootstrap.engine(), settings(), clock=bootstrap.now, seconds=DELIVERY_SECONDS)
