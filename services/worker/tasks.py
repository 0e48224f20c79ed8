"""Celery tasks: nudges. Each opens nothing but a use case; what is due stands in the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

from celery import shared_task

from services import bootstrap
from services.settings import settings
from services.storage import heartbeats, jobs
from services.usecases import order_training as training
from services.usecases.deliver_messages import deliver_due
from services.usecases.order_training import TRAIN
from services.usecases.record_observations import REFRESH

WAITING = ((bootstrap.REFRESH_FORECASTS, REFRESH), (bootstrap.TRAIN_MODELS, TRAIN))
"""Tasks of the forecast queue with the jobs that each does, the most urgent first: it goes before."""

Task = Callable[..., Any]


def _task(name: str) -> Callable[[Task], Task]:
    return cast("Callable[[Task], Task]", shared_task(name=name))


@_task(bootstrap.REFRESH_FORECASTS)
def refresh_forecasts() -> None:
    """Fit and publish what is due, a batch at a time, until nothing is."""
    from services.usecases import refresh_forecasts as usecase  # noqa: PLC0415 - only forecast workers load models

    lease = dt.timedelta(seconds=settings().lease_seconds)
    while True:
        done = usecase.refresh_forecasts(bootstrap.engine(), now=bootstrap.now(), lease=lease)
        if done.claimed == 0:
            return


@_task(bootstrap.TRAIN_MODELS)
def train_models() -> None:
    """Do a training that is due, once no refit is waiting."""
    from services.usecases.train_models import train_due  # noqa: PLC0415 - only forecast workers load models

    now = bootstrap.now()
    with bootstrap.engine().begin() as connection:
        if jobs.due(connection, REFRESH, now=now):
            return
    train_due(bootstrap.engine(), now=now, lease=dt.timedelta(seconds=settings().lease_seconds))


@_task("order_training")
def order_training() -> None:
    """Order the training of this week, or of an archive that has doubled, once."""
    with bootstrap.engine().begin() as connection:
        training.order_training(connection, now=bootstrap.now(), portfolio=settings().portfolio)


@_task(bootstrap.DELIVER_MESSAGES)
def deliver_messages() -> None:
    """Send every message that is due."""
    deliver_due(bootstrap.engine(), settings(), clock=bootstrap.now)


@_task("sweep")
def sweep() -> None:
    """Find what a lost nudge left: deliver what is due, ask for work that waits, and leave a heartbeat."""
    now = bootstrap.now()
    with bootstrap.engine().begin() as connection:
        heartbeats.beat(connection, "sweep", now=now)
        waiting = next((task for task, kind in WAITING if jobs.due(connection, kind, now=now)), None)
    if waiting is not None:
        bootstrap.service().nudge(waiting)
    deliver_due(bootstrap.engine(), settings(), clock=bootstrap.now)
