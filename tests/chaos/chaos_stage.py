"""The stage of a chaos scene: the stack's own parts as processes, and a desk that keeps a record."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network
from pathlib import Path

import httpx
import psutil
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine

from services.bootstrap import Nudger
from services.local import parts
from services.local.parts import Workshop
from services.local.ports import HOST, listen, port_of
from services.local.postgres import USER, Postgres
from services.local.supervisor import Part, Supervisor
from services.local.valkey import Valkey
from services.settings import Settings
from services.storage import schema
from services.usecases.attempt_delivery import GRACE

HERE = Path(__file__).parent
RECEIVER_PORT, API_PORT = 8900, 8920
TIMEOUT_SECONDS = 2.0
"""Of one attempt."""
LEASE_SECONDS = TIMEOUT_SECONDS + GRACE.total_seconds()
"""17 here; 30 with the service's own timeout of 15 s."""
STEADY_SECONDS = 8.0
"""Age of a part that is certainly up: a Celery worker takes 3 to 5 s on a busy machine of two cores."""


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """A running stack, a client of its API, and the desk with its record."""

    supervisor: Supervisor
    engine: Engine
    settings: Settings
    nudge: Callable[[str], None]
    api: httpx.Client
    receiver: str
    record: Path

    def settle_down(self) -> None:
        """Wait until every part has been up for a while: each scene starts whole."""
        while any(time.time() - born < STEADY_SECONDS for born in _births(self.supervisor.pids().values())):
            time.sleep(0.2)


@contextlib.contextmanager
def stage(
    *,
    sweep: bool = True,
    celery: bool = True,
    appendonly: bool = True,
    api: str | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Iterator[Stage]:
    """PostgreSQL, Valkey, a Celery worker with two children, beat, the sweep, a desk, and on demand the API.

    ``api`` is "real", or the name of a script of this folder that serves a broken one; ``timeout`` is that of
    an attempt, in seconds.
    """
    with contextlib.ExitStack() as leaving:
        folder = Path(leaving.enter_context(tempfile.TemporaryDirectory(prefix="tonnage-chaos-")))
        folder.chmod(0o711)
        (folder / "logs").mkdir()
        supervisor = leaving.enter_context(Supervisor(say=lambda _: None))
        postgres = Postgres.prepare(folder / "postgres")
        valkey = Valkey.prepare(folder / "valkey")
        supervisor.start(postgres.part(), _broker(valkey, appendonly=appendonly))
        schema.upgrade(postgres.create(USER))
        desk, service = (leaving.enter_context(listen(port)) for port in (RECEIVER_PORT, API_PORT))
        key = Fernet.generate_key().decode()
        environment = {
            **os.environ,
            "DATABASE_URL": postgres.url(),
            "REDIS_URL": valkey.url,
            "TONNAGE_SECRET_KEYS": json.dumps([key]),
            "TONNAGE_PRIVATE_NETWORKS": '["127.0.0.1/32"]',
            "TONNAGE_DELIVERY_TIMEOUT_SECONDS": str(timeout),
        }
        shop = Workshop(folder, environment)
        record = folder / "received.jsonl"
        record.touch()
        started = [_receiver(shop, desk, record)]
        if sweep:
            started.append(parts.sweep(shop))
        if celery:
            started.append(parts.worker(shop, valkey.url, name="delivery", queues="delivery", processes=2))
        if celery and sweep:
            started.append(parts.beat(shop))
        if api is not None:
            started.append(_api(shop, service, api))
        supervisor.start(*started)
        engine = create_engine(postgres.url(), pool_pre_ping=True)
        leaving.callback(engine.dispose)
        nudger = Nudger(valkey.url)
        leaving.callback(nudger.close)
        settings = Settings(secret_keys=(SecretStr(key),), private_networks=(IPv4Network("127.0.0.1/32"),))
        yield Stage(
            supervisor,
            engine,
            settings,
            nudger.nudge,
            leaving.enter_context(httpx.Client(base_url=f"http://{HOST}:{port_of(service)}", timeout=10)),
            f"http://{HOST}:{port_of(desk)}",
            record,
        )


def _births(pids: Iterable[int]) -> list[float]:
    """When the processes were started, in seconds of the epoch; one that is gone counts as just started."""
    births = []
    for pid in pids:
        try:
            births.append(psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            births.append(time.time())
    return births


def _broker(valkey: Valkey, *, appendonly: bool) -> Part:
    part = valkey.part()
    if appendonly:
        return part
    argv = list(part.command.argv)
    argv[argv.index("--appendonly") + 1] = "no"
    return dataclasses.replace(part, command=dataclasses.replace(part.command, argv=tuple(argv)))


def _api(shop: Workshop, listener: socket.socket, which: str) -> Part:
    part = parts.api(shop, listener)
    if which == "real":
        return part
    number = str(listener.fileno())
    return dataclasses.replace(
        part, command=shop.command("api", str(HERE / which), number, listener=listener)
    )


def _receiver(shop: Workshop, listener: socket.socket, record: Path) -> Part:
    argv = (str(HERE / "chaos_receiver.py"), str(listener.fileno()), str(record))
    return Part("receiver", shop.command("receiver", *argv, listener=listener), ready=lambda: True)
