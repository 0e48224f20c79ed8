"""The Celery app on a real broker, and its address as kombu spells it."""

from __future__ import annotations

import socket

import pytest
from celery.exceptions import WorkerShutdown
from kombu.exceptions import OperationalError

from services.broker import broker_address
from services.settings import Settings
from services.worker import app as worker_app
from services.worker.app import make_app
from services.worker.probe import tells


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


def test_the_probe_asks_for_the_metrics_port() -> None:
    """A part with a metrics port works only where somebody listens there."""
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        number = port.getsockname()[1]
        assert not tells(number)
        port.listen()
        assert tells(number)
    assert tells(None)
