"""The Celery app on a real broker, and its address as kombu spells it."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import sys

import pytest
from celery.exceptions import WorkerShutdown
from celery.signals import heartbeat_sent
from kombu.exceptions import OperationalError

from services import bootstrap
from services.broker import broker_address
from services.queries import operations
from services.settings import Settings
from services.storage.session import passing_engine_for
from services.worker import app as worker_app
from services.worker.app import make_app
from services.worker.heart import AFTER_FAILURE, EACH, Heart
from services.worker.probe import tells

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("redis_url", "expected"),
    [
        ("redis://:secret@127.0.0.1:6379/2", "redis://:secret@127.0.0.1:6379/2"),
        ("rediss://host/0", "rediss://host/0"),
        ("unix:///run/v.sock?db=3", "redis+socket:///run/v.sock?virtual_host=3"),
        ("unix://:secret@/run/v.sock", "redis+socket://:secret@/run/v.sock?virtual_host=0"),
    ],
)
def test_kombu_gets_the_same_server(redis_url: str, expected: str) -> None:
    """A Unix socket is spelt kombu's way, with password and database; everything else is left alone."""
    assert broker_address(redis_url) == expected


def test_a_nudge_reaches_the_broker_by_its_socket(valkey_url: str) -> None:
    """A task sent by name lies in its queue on the Valkey that REDIS_URL names."""
    with make_app(valkey_url) as app:
        app.send_task("sweep", queue="forecast")
        with app.connection_for_read() as connection:
            waiting = connection.SimpleQueue("forecast").get(timeout=90)
        assert waiting.headers["task"] == "sweep"


def test_a_misspelt_queue_is_an_error(valkey_url: str) -> None:
    """A task cannot be sent to a queue that has no workers."""
    with make_app(valkey_url) as app, pytest.raises(Exception, match="forcast") as refusal:
        app.send_task("sweep", queue="forcast")
    assert not isinstance(refusal.value, OperationalError)


def test_a_worker_whose_metrics_port_is_taken_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that cannot tell Prometheus does not run unseen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(metrics_port=taken.getsockname()[1])
        monkeypatch.setattr(worker_app, "settings", lambda: settings)
        with pytest.raises(WorkerShutdown, match="metrics port"):
            worker_app.tell()


WARM = """
import gc, sys
from services.worker.app import WARMED, app, warm
app.amqp.queues.select([sys.argv[1]])
warm()
models = sum(name in sys.modules for name in WARMED) == len(WARMED)
print(models, "holidays.countries" in sys.modules, gc.get_freeze_count() > 0)
"""


@pytest.mark.parametrize(("queue", "models"), [("forecast", True), ("delivery", False)])
def test_a_child_finds_loaded_what_its_tasks_need(queue: str, models: bool) -> None:
    """What is forked has release calendars, for forecasts the models too, and never collects them."""
    told = subprocess.run([sys.executable, "-c", WARM, queue], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(models), "True", "True"]


def test_the_probe_asks_for_the_metrics_port() -> None:
    """A part with a metrics port works only where somebody listens there."""
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        number = port.getsockname()[1]
        assert not tells(number)
        port.listen()
        assert tells(number)
    assert tells(None)


def beats(database_url: str) -> dict[str, float]:
    """Age in seconds of each heartbeat."""
    with passing_engine_for(database_url).connect() as connection:
        return operations.state(connection, now=NOW + dt.timedelta(seconds=7)).heartbeats


def test_a_worker_leaves_a_heartbeat_for_each_of_its_queues(database_url: str) -> None:
    """Asked each 2 s it leaves one for each queue that it consumes, each few seconds, and no other."""
    at = [0.0]
    heart = Heart(
        passing_engine_for(database_url),
        {"forecast", "ingest"},
        lambda: NOW + dt.timedelta(seconds=at[0]),
        lambda: at[0],
    )

    def beat(seconds: float) -> bool:
        at[0] = seconds
        return heart.beat()

    assert [beat(seconds) for seconds in (0.0, 2.0, 4.0, 6.0)] == [True, False, False, True]
    assert beats(database_url) == {"worker-forecast": 1.0, "worker-ingest": 1.0}
    assert EACH < 6.0


def test_a_worker_without_a_database_goes_on(database_url: str) -> None:
    """A heartbeat that cannot be left raises nothing, and the next is tried after a longer while."""
    at = 0.0
    away = passing_engine_for("postgresql+psycopg://127.0.0.1:1/nowhere")
    heart = Heart(away, ["forecast"], lambda: NOW, lambda: at)
    assert not heart.beat()
    heart._engine = passing_engine_for(database_url)
    at = AFTER_FAILURE - 1
    assert not heart.beat()
    at = AFTER_FAILURE
    assert heart.beat()


def test_what_celery_tells_of_its_loop_is_the_heartbeat(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal of a worker's loop leaves the heartbeat of the queues that the worker consumes."""
    monkeypatch.setattr(worker_app, "settings", lambda: Settings(DATABASE_URL=database_url))
    monkeypatch.setattr(bootstrap, "now", lambda: NOW)
    worker_app._heart.cache_clear()
    heartbeat_sent.send(sender=None)
    worker_app._heart.cache_clear()
    assert set(beats(database_url)) == {"worker-ingest", "worker-forecast", "worker-delivery"}
