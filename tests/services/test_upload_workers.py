"""Workers that record uploads: a real one of Celery, one that is killed, and one that is slow."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from api_stage import Stage
from sqlalchemy import func, select
from upload_stage import ASYNC, LEASE, MAY, count, job, sent, taken, worked

from forecasting.months import Month
from services.bootstrap import DELIVER_MESSAGES, REFRESH_FORECASTS, Nudger
from services.storage.jobs import Job
from services.storage.tables import releases
from services.storage.tables import uploads as kept
from services.storage.uploads import UPLOAD
from services.usecases.order_refits import REFRESH
from services.usecases.record_uploads import uploads_due
from services.work import queue
from services.worker.app import make_app

FIRST = Month.of(1901, 1)
OF_A_SERIES = 1_400
CELERY = [
    *("-m", "celery", "--app", "services.worker.app:app", "worker"),
    *("--queues", "ingest", "--concurrency", "1", "--without-gossip", "--without-mingle"),
]
LONG = ["A", "B", "C", "D", "E"]
"""Series of a history in two parts: four make the 5,000 figures that are judged together."""


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so; an AssertionError at the deadline."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def test_a_slow_recording_is_not_overtaken(stage: Stage) -> None:
    """While its transaction goes on no other worker begins it; once another has, it does nothing."""
    stage.register()
    made = taken(sent(stage, MAY))
    kind = uploads_due(stage.engine, stage.settings, clock=lambda: stage.at, lease=LEASE)

    def claimed() -> list[Job]:
        with stage.engine.begin() as connection:
            return queue.claim(connection, UPLOAD, now=stage.at, lease=LEASE, limit=1)

    (first,) = claimed()
    stage.at += LEASE
    with stage.engine.begin() as recording:
        assert queue.hold(recording, first)
        assert claimed() == []
    (second,) = claimed()
    assert kind.work([first]).came_to is None
    assert (count(stage), job(stage, made["id"])["status"]) == (0, "pending")
    report = kind.work([second]).came_to
    assert report is not None
    assert kind.work([first]).came_to is None
    told = job(stage, made["id"])
    assert told["progress"] == {"done": 1, "of": 1}
    assert (count(stage), told["status"], told["report"]["release_id"]) == (1, "done", report["release_id"])


def test_a_celery_worker_of_the_ingest_queue_records_it(stage: Stage, valkey_url: str) -> None:
    """Taken by the API it is nudged, recorded by a real worker, and deliveries and refits are asked for."""
    stage.register()
    nudger = Nudger(valkey_url)
    stage.app.state.service = replace(stage.app.state.service, nudge=nudger.nudge)
    made = taken(sent(stage, MAY))
    nudger.close()
    given = {**environment(stage), "REDIS_URL": valkey_url}
    worker = subprocess.Popen([sys.executable, *CELERY], env=given, stderr=subprocess.DEVNULL)
    try:
        until(lambda: job(stage, made["id"])["status"] == "done")
        with make_app(valkey_url) as app, app.connection_for_read() as connection:
            for queue, task in (("delivery", DELIVER_MESSAGES), ("forecast", REFRESH_FORECASTS)):
                asked = connection.SimpleQueue(queue).get(timeout=60)
                assert asked.headers["task"] == task
    finally:
        worker.kill()
        worker.wait()
    assert job(stage, made["id"])["report"]["recorded"] == 1


def environment(stage: Stage) -> dict[str, str]:
    """That of a worker on the database of a stage, whose broker is away."""
    return {
        **os.environ,
        "DATABASE_URL": stage.engine.url.render_as_string(hide_password=False),
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }


PROGRAM = """
import datetime as dt
from services import bootstrap
from services.settings import settings
from services.usecases.record_uploads import uploads_due
from services.work.runner import turn

now = dt.datetime.fromisoformat("{now}")
kind = uploads_due(bootstrap.engine(), settings(), clock=lambda: now, lease=dt.timedelta(minutes=10))
turn(bootstrap.engine(), kind, clock=lambda: now)
"""


def test_a_worker_killed_in_the_middle_loses_nothing(stage: Stage) -> None:
    """It tells how far it is; killed, it leaves nothing; the lease comes back, and the end is the same."""
    for series_id in LONG:
        stage.register(series_id)
    rows = [
        f"{series_id},{FIRST + step},{100 + step % 12},t" for series_id in LONG for step in range(OF_A_SERIES)
    ]
    content = "\n".join(["series_id,month,value,unit", *rows])
    headers = {**ASYNC, "content-type": "text/csv"}
    path = "/v1/observations?history=true"
    made = taken(stage.client.post(path, content=content, headers=headers))
    with stage.engine.begin() as beside:
        beside.exec_driver_sql(  # a refit that the first part of the history orders: the worker waits for us
            "INSERT INTO jobs (kind, key, series_id, arguments, status, due_at, created_at)"
            " VALUES (%s, %s, 'A', '{}', 'pending', now(), now())",
            (REFRESH, f"A {stage.settings.portfolio} {stage.at.isoformat()}"),
        )
        program = PROGRAM.format(now=stage.at.isoformat())
        worker = subprocess.Popen([sys.executable, "-c", program], env=environment(stage))
        try:
            until(lambda: job(stage, made["id"])["progress"]["done"] > 0)
            halfway = job(stage, made["id"])
        finally:
            worker.kill()
            worker.wait()
        assert halfway["progress"] == {"done": 4 * OF_A_SERIES, "of": 5 * OF_A_SERIES}
        assert (halfway["status"], halfway["runs"]) == ("pending", 1)
        assert (count(stage), worked(stage)) == (0, 0)
        beside.rollback()
    until(lambda: released(stage, made["id"]))
    stage.at += LEASE
    assert worked(stage) == 1
    told = job(stage, made["id"])
    assert (told["status"], told["runs"]) == ("done", 2)
    assert told["report"]["recorded"] == told["progress"]["done"] == 5 * OF_A_SERIES == count(stage)
    with stage.engine.begin() as connection:
        assert connection.execute(select(func.count()).select_from(releases)).scalar_one() == 1
        assert connection.execute(select(kept.c.content)).scalar_one() is None


def released(stage: Stage, job_id: int) -> bool:
    """True once PostgreSQL has ended the transaction of a worker that is gone."""
    with stage.engine.begin() as connection:
        query = f"SELECT id FROM jobs WHERE id = {job_id} FOR UPDATE SKIP LOCKED"  # noqa: S608 - a number
        return connection.exec_driver_sql(query).first() is not None
