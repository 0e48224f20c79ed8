"""Figures as a scene commits them: each of its own series, each opening an alert for one of the desks."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

import httpx
from chaos_stage import Stage
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from forecasting.months import Span
from services.bootstrap import DELIVER_MESSAGES
from services.ingestion.figures import ArrivingFigure
from services.storage import series, tables
from services.storage.series import SeriesRecord
from services.usecases.manage_endpoints import add_endpoint
from services.usecases.record_observations import record_observations
from services.usecases.save_rule import save_rule

DESKS = 5
MONTH = "2025-05"
_AGAIN_SECONDS = 0.1

Commit = Callable[[Stage, str], None]


def prepare(on: Stage, scene: str, *, mood: str, figures: int) -> list[str]:
    """Register the series ``scene-0``, …, a rule that each figure breaks, and the desks; their secrets."""
    now = dt.datetime.now(dt.UTC)
    names = [f"{scene}.{desk}" for desk in range(DESKS)]
    with on.engine.begin() as connection:
        rows = [
            SeriesRecord(f"{scene}-{number}", f"Figure {number}", "t", tags=(names[number % DESKS],))
            for number in range(figures)
        ]
        series.register(connection, rows, now=now)
        for name in names:
            rule = {
                "name": "Low",
                "desk": name,
                "scope": {"tags": [name]},
                "condition": {"kind": "level", "below": 1000},
            }
            save_rule(connection, name, rule, now=now)
    return [
        add_endpoint(on.engine, on.settings, desk=name, url=f"{on.receiver}/{mood}/{name}", now=now)[1]
        for name in names
    ]


def record(on: Stage, series_id: str) -> None:
    """Record a figure from this process; while the database is away, again until it is taken."""
    while True:
        figure = ArrivingFigure(1, series_id, Span.parse(MONTH), 1.0, "t", None)
        try:
            with on.engine.begin() as connection:
                record_observations(
                    connection,
                    [figure],
                    source="chaos",
                    now=dt.datetime.now(dt.UTC),
                    budget=0.1,
                    portfolio="standard",
                    idempotency_key=series_id,
                )
        except OperationalError:
            time.sleep(_AGAIN_SECONDS)
        else:
            return


def record_and_nudge(on: Stage, series_id: str) -> None:
    """Record a figure from this process, and nudge Celery as the API does."""
    record(on, series_id)
    on.nudge(DELIVER_MESSAGES)


def post(on: Stage, series_id: str) -> None:
    """Post a figure to the API, again with the same Idempotency-Key until it answers 2xx."""
    row = {"series_id": series_id, "month": MONTH, "value": 1.0, "unit": "t"}
    while True:
        try:
            answer = on.api.post("/v1/observations", json=[row], headers={"idempotency-key": series_id})
        except httpx.TransportError:
            time.sleep(_AGAIN_SECONDS)
            continue
        if answer.is_success:
            return
        assert answer.status_code >= 500, answer.text
        time.sleep(_AGAIN_SECONDS)


def held(on: Stage, scene: str) -> dict[str, int]:
    """How often each figure of a scene is in the database, by series."""
    column = tables.observations.c.series_id
    query = (
        select(column, func.count()).where(column.startswith(f"{scene}-", autoescape=True)).group_by(column)
    )
    with on.engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def made(on: Stage, scene: str) -> dict[str, float]:
    """When the transaction of each message of a scene began, in seconds of the epoch, by message id."""
    table = tables.messages
    query = select(table.c.id, table.c.created_at).where(
        table.c.desk.startswith(f"{scene}.", autoescape=True)
    )
    with on.engine.connect() as connection:
        return {message_id: at.timestamp() for message_id, at in connection.execute(query)}
