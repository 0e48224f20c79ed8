"""The parts of the stack that are ours: API, workers, beat, Flower and the demo desk."""

from __future__ import annotations

import http.client
import platform
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from services.broker import broker_address
from services.local.ports import HOST, port_of
from services.local.processes import Command
from services.local.supervisor import Part

_CHECKOUT = Path(__file__).parents[2]
_APP = ("--app", "services.worker.app:app", "--quiet")
_CELERY = ("-m", "celery", *_APP)
FLOWER_TASKS = 10_000
"""Tasks that Flower remembers, the newest; each holds 7 to 9 kB."""
_PROBE_SECONDS = 1.0
_START_SECONDS = 120.0
"""Within which a part must be ready: all import for seconds at once, on a machine that may be busy."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every part of ours is started with: its environment, and the folder for its log and files."""

    folder: Path
    environment: Mapping[str, str]

    def command(
        self, name: str, *argv: str, stop_within: float = 10.0, listener: socket.socket | None = None
    ) -> Command:
        """Python with these arguments, its output in ``logs/NAME.log``."""
        return Command(
            argv=(sys.executable, *argv),
            environment=self.environment,
            folder=_CHECKOUT,
            log=self.folder / "logs" / f"{name}.log",
            stop_within=stop_within,
            sockets=() if listener is None else (listener.fileno(),),
        )


def api(shop: Workshop, listener: socket.socket) -> Part:
    """The FastAPI service, served by uvicorn on a socket of ours."""
    port = port_of(listener)
    return Part(
        name="api",
        command=shop.command(
            "api", "-m", "services.local.serve_api", str(listener.fileno()), listener=listener
        ),
        ready=lambda: answers(port, "/healthz"),
        deadline=_START_SECONDS,
        address=f"http://{HOST}:{port}/docs",
    )


def worker(shop: Workshop, redis_url: str, *, name: str, queues: str, processes: int) -> Part:
    """A prefork Celery worker on some queues; at a stop a running task has 20 s to end."""
    node = f"{name}@{platform.node()}"
    return Part(
        name=f"worker {name}",
        command=shop.command(
            f"worker-{name}",
            *(*_CELERY, "worker", "--queues", queues, "--hostname", node, "--concurrency", str(processes)),
            *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),
            stop_within=20.0,
        ),
        ready=_pings(redis_url, node),
        deadline=_START_SECONDS,
    )


def beat(shop: Workshop) -> Part:
    """Celery's clock, which nudges the sweep; ready when it has opened its schedule."""
    schedule = shop.folder / "beat" / "schedule"
    schedule.parent.mkdir(exist_ok=True, mode=0o700)

    def forget_the_last_run() -> None:
        for file in schedule.parent.iterdir():  # dbm adds a suffix of its choice
            file.unlink()

    return Part(
        name="beat",
        command=shop.command("beat", *_CELERY, "beat", "--schedule", str(schedule), "--loglevel", "INFO"),
        ready=lambda: any(schedule.parent.iterdir()),
        deadline=_START_SECONDS,
        before=forget_the_last_run,
    )


def sweep(shop: Workshop) -> Part:
    """Delivers what is due from the database alone, so that nothing waits for a broker that is away."""
    command = shop.command("sweep", "-m", "services.worker.sweep", stop_within=20.0)
    return Part(name="sweep", command=command, ready=lambda: True)


def flower(shop: Workshop, listener: socket.socket, user: str) -> Part:
    """Flower on a socket of ours; its password is in the environment, where ``ps`` does not show it."""
    port = port_of(listener)
    database = shop.folder / "flower.db"
    return Part(
        name="flower",
        command=shop.command(
            "flower",
            *("-m", "services.local.serve_flower", str(listener.fileno()), *_APP, "flower", "--read_only"),
            *("--persistent", f"--db={database}", "--state_save_interval=10000"),
            *(f"--max_tasks={FLOWER_TASKS}", "--purge_offline_workers=300"),
            listener=listener,
        ),
        ready=lambda: answers(port, "/healthcheck"),
        deadline=_START_SECONDS,
        address=f"http://{HOST}:{port} as {user}",
    )


def desk(shop: Workshop, listener: socket.socket) -> Part:
    """The demo desk; what it says is seen where the stack was started."""
    port = port_of(listener)
    folder = shop.folder / "desk"
    return Part(
        name="desk",
        command=Command(
            argv=(sys.executable, "-m", "services.local.desk", str(listener.fileno()), str(folder)),
            environment=shop.environment,
            folder=_CHECKOUT,
            stop_signal=signal.SIGTERM,
            sockets=(listener.fileno(),),
        ),
        ready=lambda: answers(port, "/received"),
        address=f"http://{HOST}:{port}",
    )


def answers(port: int, path: str) -> bool:
    """Whether an HTTP server on the loopback address answers with less than 500."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _pings(redis_url: str, node: str) -> Callable[[], bool]:
    def ready() -> bool:
        with Celery(broker=broker_address(redis_url), set_as_current=False) as app:
            try:
                return bool(app.control.ping(destination=[node], timeout=_PROBE_SECONDS))
            except (OperationalError, redis.RedisError):  # the broker may be away while we ask
                return False

    return ready
