"""What we need of Celery, on the version that is settled: it outlives its broker, and poison runs out."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from chaos_figures import prepare, record_and_nudge
from chaos_stage import HERE, Stage, stage
from sqlalchemy import create_engine

from services.bootstrap import REFRESH_FORECASTS, Nudger
from services.local import parts
from services.local.parts import Workshop
from services.local.processes import Command
from services.local.supervisor import Part, Supervisor
from services.local.valkey import Valkey
from services.storage import jobs, series
from services.storage.series import SeriesRecord
from services.usecases.order_refits import REFRESH, refit
from services.work.queue import MOST_RUNS

pytestmark = pytest.mark.long

Eventually = Callable[[Callable[[], bool]], bool]
BACK_WITHIN = 10.0


def reached(on: Stage) -> int:
    return len(on.record.read_text().splitlines())


def test_a_worker_outlives_its_broker_while_it_holds_a_task(eventually: Eventually) -> None:
    """Valkey dies three times under a task not yet acknowledged: the worker stays, and delivers in 10 s."""
    with stage(sweep=False) as on:
        on.settle_down()
        prepare(on, "held", mood="slow", figures=8)
        worker = on.supervisor.pids()["worker delivery"]
        for kill in range(3):
            before = reached(on)
            record_and_nudge(on, f"held-{2 * kill}")
            assert eventually(lambda seen=before: reached(on) > seen)  # type: ignore[misc]  # bound now
            broker = on.supervisor.pids()["valkey"]
            psutil.Process(broker).kill()  # the slow desk has not answered: the task is held
            assert eventually(lambda gone=broker: on.supervisor.pids().get("valkey", gone) != gone)  # type: ignore[misc]
            before, back = reached(on), time.monotonic()
            record_and_nudge(on, f"held-{2 * kill + 1}")
            while reached(on) == before and time.monotonic() - back < 2 * BACK_WITHIN:
                on.nudge("deliver_messages")  # one that the broker missed is what a next figure brings
                time.sleep(0.2)
            assert time.monotonic() - back <= BACK_WITHIN
            assert on.supervisor.pids()["worker delivery"] == worker


def test_a_job_that_kills_its_worker_stops_after_four_runs(
    database_url: str, valkey_server: Valkey, valkey_url: str, server_folder: Path, eventually: Eventually
) -> None:
    """A refit that ends its process with SIGKILL runs four times and is then failed with its reason."""
    folder = server_folder / "poison"
    (folder / "logs").mkdir(parents=True)
    runs = folder / "runs"
    runs.touch()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": valkey_url,
        "TONNAGE_LEASE_SECONDS": "0.5",
        "TONNAGE_TEST_RUNS": str(runs),
        "PYTHONPATH": str(HERE),
    }
    real = parts.worker(
        Workshop(folder, environment), valkey_url, name="poison", queues="forecast", processes=1
    )
    argv = tuple(each.replace("services.worker.app:app", "poisoned_worker:app") for each in real.command.argv)
    command = Command(argv, environment, real.command.folder, log=real.command.log)
    engine = create_engine(database_url)
    now = dt.datetime.now(dt.UTC)
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord("A", "A", "t")], now=now)
        jobs.add(connection, [refit("A", now, "standard")], now=now)
    nudger = Nudger(valkey_url)

    def failed() -> list[jobs.Job]:
        nudger.nudge(REFRESH_FORECASTS)
        time.sleep(0.2)
        with engine.connect() as connection:
            return jobs.listed(connection, status="failed")

    with Supervisor(say=lambda _: None) as supervisor:
        supervisor.start(Part(real.name, command, real.ready, deadline=real.deadline))
        assert eventually(lambda: bool(failed()))
        (job,) = failed()
    nudger.close()
    engine.dispose()
    assert job.kind == REFRESH
    assert job.error == f"no run of {MOST_RUNS} came to its end"
    assert len(runs.read_text().splitlines()) == MOST_RUNS
