"""/healthz and /readyz: that the process runs, and that the whole road from figure to webhook does."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Response
from pydantic import ConfigDict
from sqlalchemy.exc import SQLAlchemyError

from services.api.dependencies import TheService
from services.api.schemas.common import Shown
from services.bootstrap import Service, broker_answers
from services.queries import health
from services.queries.keys import open_to_anybody

router = APIRouter(tags=["health"])

HEARTBEAT_AGE = dt.timedelta(seconds=60)
"""Age beyond which a part counts as stopped; each leaves a heartbeat every few seconds."""


class Alive(Shown):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: str = "ok"


class Readiness(Shown):
    """Whether each part works; ``reasons`` says what to do about those that do not.

    ``worker`` is true where a task of beat's was done in the last minute, ``queues`` where a worker consumed
    each queue then.
    ``open_to_anybody`` is true in development until the first API key is made.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ready": True,
                    "database": True,
                    "migrations": True,
                    "broker": True,
                    "worker": True,
                    "queues": {"ingest": True, "forecast": True, "delivery": True},
                    "open_to_anybody": False,
                    "reasons": [],
                }
            ]
        }
    )

    ready: bool
    database: bool
    migrations: bool
    broker: bool
    worker: bool
    queues: dict[str, bool]
    open_to_anybody: bool
    reasons: list[str]


@router.get("/healthz", summary="The process runs")
def healthz() -> Alive:
    """Alive."""
    return Alive()


@router.get("/readyz", summary="Everything works", responses={503: {"model": Readiness}})
def readyz(service: TheService, response: Response) -> Readiness:
    """Database, migrations, broker, a real task and a worker of each queue less than 60 s ago; else 503."""
    reasons: list[str] = []
    queues = dict.fromkeys(health.QUEUES, False)
    database = migrations = worker = anybody = False
    try:
        migrations = health.at_head(service.engine)
        database = True
        if migrations:
            worker, anybody = _beats(service, health.TASK), _open_to_anybody(service)
            queues = {queue: _beats(service, health.worker(queue)) for queue in health.QUEUES}
    except SQLAlchemyError:
        reasons.append("The database does not answer: check DATABASE_URL and that it runs.")
    if database and not migrations:
        reasons.append("The schema is not at the newest migration: run tonnage migrate.")
    broker = broker_answers(service.settings.redis_url)
    if not broker:
        reasons.append("The broker does not answer: check REDIS_URL; figures are taken, refits wait.")
    if migrations and not worker:
        reasons.append("No worker has run the sweep for 60 s: check the delivery worker and beat.")
    if migrations:
        reasons += [
            f"No worker has consumed the queue {queue} for 60 s: start worker-{queue}, and check the broker."
            for queue, consumed in queues.items()
            if not consumed
        ]
    ready = not reasons
    response.status_code = 200 if ready else 503
    return Readiness(
        ready=ready,
        database=database,
        migrations=migrations,
        broker=broker,
        worker=worker,
        queues=queues,
        open_to_anybody=anybody,
        reasons=reasons,
    )


def _beats(service: Service, part: str) -> bool:
    with service.engine.begin() as connection:
        age = health.beat_age(connection, part, now=service.now())
    return age is not None and age < HEARTBEAT_AGE


def _open_to_anybody(service: Service) -> bool:
    with service.engine.begin() as connection:
        return open_to_anybody(connection, environment=service.settings.environment)
