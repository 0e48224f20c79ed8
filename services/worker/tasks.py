"""Celery tasks: nudges. Each runs one kind of work or one schedule; what is due stands in the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import redis
import structlog
from celery import shared_task
from kombu.exceptions import KombuError
from sqlalchemy import Connection

from services import bootstrap
from services.ingestion.sources.registry import SOURCES
from services.settings import settings
from services.storage import heartbeats
from services.storage.jobs import Job
from services.usecases import clean as cleaning
from services.usecases import order_polls as polling
from services.usecases import order_training as training
from services.usecases import watch_releases as watching
from services.usecases.deliver_messages import deliver_due
from services.usecases.poll_source import polls
from services.usecases.record_uploads import uploads_due
from services.usecases.score_forecasts import scorings
from services.usecases.tell_trouble import BY_TASK, tell_trouble
from services.work import runner, schedules
from services.work.runner import LOOP_SECONDS, Kind, Turn
from services.work.turns import Place
from services.worker.hands import FORECAST, INGEST, ask_for_what_waits

Task = Callable[..., Any]


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
    from services.usecases.refresh_forecasts import refits  # noqa: PLC0415 - only forecast workers load models

    kind = refits(bootstrap.engine(), clock=bootstrap.now, lease=_lease())
    _run(kind, FORECAST, begins=partial(_announce, self))


def _announce(task: Any, batch: Sequence[Job]) -> None:
    """Show in Flower what this task fits: a nudge knows no series until it has claimed some."""
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
    """Score published forecasts against the figures that have arrived, while nothing more urgent waits."""
    _run(scorings(bootstrap.engine(), lease=_lease()), FORECAST)


@_task(bootstrap.TRAIN_MODELS, acks_late=False, soft_time_limit=None, time_limit=TRAINING_SECONDS)
def train_models() -> None:
    """Do a training that is due, once no refit is waiting."""
    from services.usecases.train_models import trainings  # noqa: PLC0415 - only forecast workers load models

    lease = dt.timedelta(seconds=TRAINING_SECONDS + LOOP_SECONDS)
    _run(trainings(bootstrap.engine(), clock=bootstrap.now, lease=lease), FORECAST)


@_task(bootstrap.RUN_BACKTESTS)
def run_backtests() -> None:
    """Run a backtest that is due, once no refit is waiting."""
    from services.usecases.run_backtests import backtests_due  # noqa: PLC0415 - as above

    _run(backtests_due(bootstrap.engine(), lease=_lease()), FORECAST)


@_task(bootstrap.POLL_SOURCES)
def poll_sources() -> None:
    """Make the polls that are due."""
    kind = polls(bootstrap.engine(), settings(), SOURCES, clock=bootstrap.now, lease=_lease())
    _run(kind, INGEST, ended=_recorded)


@_task(bootstrap.RECORD_UPLOADS)
def record_uploads() -> None:
    """Record the uploads that were taken in the background."""
    _run(
        uploads_due(bootstrap.engine(), settings(), clock=bootstrap.now, lease=_lease()),
        INGEST,
        ended=_recorded,
    )


def _recorded(_: Turn[Any]) -> None:
    bootstrap.service().nudge(bootstrap.DELIVER_MESSAGES)
    bootstrap.service().nudge(bootstrap.REFRESH_FORECASTS)


def _run(kind: Kind[Any], hands: Sequence[Place], **told: Any) -> None:
    """Run a kind of work, and ask for whatever is then next among those that share its hands."""
    following = runner.run(bootstrap.engine(), kind, hands, clock=bootstrap.now, **told)
    if following is not None:
        bootstrap.service().nudge(following.task)


def _lease() -> dt.timedelta:
    return dt.timedelta(seconds=settings().lease_seconds)


@_task(bootstrap.ORDER_POLLS)
def order_polls() -> None:
    """Order a poll of each source whose slot has come, once."""
    _scheduled(bootstrap.ORDER_POLLS, partial(polling.order_polls, known=SOURCES.values()))


@_task(bootstrap.WATCH_RELEASES)
def watch_releases() -> None:
    """Tell the releases that have become late, and what their lateness does to alerts."""
    watch = partial(watching.watch_releases, budget=settings().alert_budget)
    if _scheduled(bootstrap.WATCH_RELEASES, watch):
        bootstrap.service().nudge(bootstrap.DELIVER_MESSAGES)


@_task(bootstrap.ORDER_TRAINING)
def order_training() -> None:
    """Order the training of this week, or of an archive that has doubled, once."""
    _scheduled(bootstrap.ORDER_TRAINING, partial(training.order_training, portfolio=settings().portfolio))


@_task(bootstrap.CLEAN)
def clean() -> None:
    """Delete what has outlived its time."""
    _scheduled(bootstrap.CLEAN, cleaning.clean)


def _scheduled(name: str, work: Callable[..., object]) -> bool:
    """Do what a schedule is for, where it is due; True where it was done."""

    def once(connection: Connection) -> None:
        work(connection, now=bootstrap.now())

    return schedules.run(bootstrap.engine(), name, once, clock=bootstrap.now)


@_task(bootstrap.DELIVER_MESSAGES)
def deliver_messages() -> None:
    """Send every message that is due."""
    deliver_due(bootstrap.engine(), settings(), clock=bootstrap.now, seconds=DELIVERY_SECONDS)


@_task("sweep", send_events=False)
def sweep() -> None:
    """Find what a lost nudge left: deliver what is due, ask for work that waits, and leave a heartbeat."""
    now = bootstrap.now()
    with bootstrap.engine().begin() as connection:
        heartbeats.beat(connection, heartbeats.TASK, now=now)
    with bootstrap.engine().begin() as connection:  # or two who look at once might wait for each other
        tell_trouble(connection, BY_TASK, now=now)
        ask_for_what_waits(connection, bootstrap.service().nudge, now=now)
    deliver_due(bootstrap.engine(), settings(), clock=bootstrap.now, seconds=DELIVERY_SECONDS)
