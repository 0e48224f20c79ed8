"""A forecast worker in the middle of a fit: it is not missing, and a stop loses nothing of what it holds."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
from chaos_stage import HERE
from sqlalchemy import Engine, create_engine

from forecasting.months import Month, Span
from services import bootstrap
from services.bootstrap import REFRESH_FORECASTS, Nudger
from services.ingestion.figures import ArrivingFigure
from services.local import parts
from services.local.parts import Workshop
from services.local.supervisor import Part, Supervisor
from services.local.valkey import Valkey
from services.storage import forecasts, heartbeats, jobs, series
from services.storage.series import SeriesRecord
from services.usecases.record_observations import record_observations

pytestmark = pytest.mark.long

Eventually = Callable[[Callable[[], bool]], bool]
MAIN = "worker-forecast"


@dataclass(frozen=True)
class Held:
    """A worker with one child, which has begun a fit and waits; ``pid`` is of its main process."""

    supervisor: Supervisor
    engine: Engine
    pid: int
    begun: Path
    released: Path

    def beat_at(self) -> dt.datetime | None:
        """When the worker last left its heartbeat."""
        with self.engine.connect() as connection:
            return heartbeats.last(connection, MAIN)

    def job(self) -> jobs.Job:
        """The one refit."""
        with self.engine.connect() as connection:
            (found,) = (each for each in jobs.listed(connection) if each.kind == "refresh_forecast")
        return found

    def published(self) -> int:
        """How many forecasts by the portfolio there are."""
        with self.engine.connect() as connection:
            return len(forecasts.published(connection, "A", model="standard"))


@pytest.fixture
def hold(
    database_url: str, valkey_server: Valkey, valkey_url: str, server_folder: Path, eventually: Eventually
) -> Iterator[Callable[..., Held]]:
    """Starts the worker, with so many seconds for its shutdown and a lease of so many."""
    engine = create_engine(database_url)
    with Supervisor(say=lambda _: None) as supervisor:

        def start(*, shutdown: float, lease: float) -> Held:
            folder = server_folder / f"held-{shutdown:.0f}"
            (folder / "logs").mkdir(parents=True)
            begun, released = folder / "begun", folder / "released"
            begun.touch()
            environment = {
                **os.environ,
                "DATABASE_URL": database_url,
                "REDIS_URL": valkey_url,
                "REMAP_SIGTERM": "SIGQUIT",
                "TONNAGE_LEASE_SECONDS": str(lease),
                "TONNAGE_TEST_BEGUN": str(begun),
                "TONNAGE_TEST_RELEASED": str(released),
                "TONNAGE_TEST_SHUTDOWN": str(shutdown),
                "PYTHONPATH": str(HERE),
            }
            _order(engine)
            part = _holding(Workshop(folder, environment), valkey_url)
            supervisor.start(part)
            with nudging(valkey_url) as nudge:
                nudge()
                assert eventually(lambda: begun.read_text() == "run\n")
            return Held(supervisor, engine, supervisor.pids()[part.name], begun, released)

        yield start
    engine.dispose()


def _holding(shop: Workshop, valkey_url: str) -> Part:
    part = parts.worker(shop, valkey_url, name="forecast", queues="forecast", processes=1)
    argv = tuple(each.replace("services.worker.app:app", "held_worker:app") for each in part.command.argv)
    return replace(part, command=replace(part.command, argv=argv))


def _order(engine: Engine) -> None:
    """Three years of figures, whose refit is due."""
    now = bootstrap.now()
    figures = [
        ArrivingFigure(each, "A", Span(Month.parse("2020-01") + each), 100.0 + each % 12, "t")
        for each in range(36)
    ]
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord("A", "A", "t")], now=now)
        record_observations(
            connection, figures, source="test", now=now, budget=0.1, portfolio="standard", history=True
        )


@contextmanager
def nudging(valkey_url: str) -> Iterator[Callable[[], None]]:
    """Ask for refits."""
    nudger = Nudger(valkey_url)
    yield lambda: nudger.nudge(REFRESH_FORECASTS)
    nudger.close()


def test_a_busy_worker_is_not_missing_and_ends_what_it_holds(
    hold: Callable[..., Held], eventually: Eventually
) -> None:
    """With its only child in a fit it leaves heartbeats; stopped, it publishes that fit once, and goes."""
    held = hold(shutdown=20, lease=600)
    first = held.beat_at()
    assert first is not None
    assert eventually(lambda: (held.beat_at() or first) > first)
    main = psutil.Process(held.pid)
    main.send_signal(signal.SIGTERM)
    assert held.job().status == "pending"
    held.released.touch()
    assert eventually(lambda: held.job().status == "done")
    assert (held.published(), held.job().runs) == (1, 1)
    assert eventually(lambda: held.supervisor.pids().get("worker forecast") != held.pid)


def test_a_fit_that_does_not_end_is_put_back_and_done_by_another(
    hold: Callable[..., Held], eventually: Eventually, valkey_url: str
) -> None:
    """A fit longer than the shutdown is broken off with nothing published; the next worker does it once."""
    held = hold(shutdown=2, lease=8)
    psutil.Process(held.pid).send_signal(signal.SIGTERM)
    assert eventually(lambda: held.supervisor.pids().get("worker forecast", held.pid) != held.pid)
    assert (held.published(), held.job().status) == (0, "pending")
    held.released.touch()
    with nudging(valkey_url) as nudge:

        def done() -> bool:
            nudge()
            return held.job().status == "done"

        assert eventually(done)
    assert held.published() == 1
