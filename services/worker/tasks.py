"""Celery tasks: nudges. Each opens nothing but a use case; what is due stands in the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

from celery import shared_task

from services import bootstrap
from services.settings import settings
from services.storage import heartbeats, jobs
from services.usecases.deliver_messages import deliver_due
from services.usecases.record_observations import REFRESH

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


@_task(bootstrap.DELIVER_MESSAGES)
def deliver_messages() -> None:
    """Send every message that is due."""
    deliver_due(bootstrap.engine(), settings(), clock=bootstrap.now)


@_task("sweep")
def sweep() -> None:
    """Find what a lost nudge left: deliver what is due, ask for refits that wait, and leave a heartbeat."""
    now = bootstrap.now()
    with bootstrap.engine().begin() as connection:
        heartbeats.beat(connection, "sweep", now=now)
        waiting = jobs.due(connection, REFRESH, now=now)
    if waiting:
        bootstrap.service().nudge(bootstrap.REFRESH_FORECASTS)
    deliver_due(bootstrap.engine(), settings(), clock=bootstrap.now)
