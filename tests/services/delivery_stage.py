"""What tests of delivery share: a clock that stands still, a receiver, and how messages come to be due."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import threading
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any

from aiohttp import web
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine

from services.settings import Settings
from services.storage import deliveries, outbox
from services.storage.deliveries import DeliveryRecord
from services.storage.endpoints import Endpoint
from services.storage.messages import Message
from services.usecases.attempt_delivery import GRACE
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import add_endpoint

SETTINGS = Settings(
    secret_keys=(SecretStr(Fernet.generate_key().decode()),),
    private_networks=(IPv4Network("127.0.0.1/32"),),
    delivery_timeout_seconds=20.0,
)
"""Patient: an attempt that takes long at a receiver that answers is slowed by the machine."""

HURRIED = SETTINGS.model_copy(update={"delivery_timeout_seconds": 0.5})
"""For a receiver that never answers."""

LEASE = dt.timedelta(seconds=SETTINGS.delivery_timeout_seconds) + GRACE
START = dt.datetime(2025, 6, 9, 3, 0, tzinfo=dt.UTC)

Answer = Callable[[int], int | threading.Event | None]


class Time:
    """The clock of a test; it stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += dt.timedelta(**step)


class Desk:
    """A receiver in a thread: keeps every request and answers request n as ``answer(n)`` says.

    A status is answered, an event is waited for and 200 answered then, None resets the connection.
    """

    def __init__(self, answer: Answer = lambda _: 204, headers: dict[str, str] | None = None) -> None:
        self.answer = answer
        self.headers = headers or {}
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.busy = Counter[str]()
        self.overlaps = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self._ready.wait(90)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.requests]

    @property
    def sequences(self) -> list[int]:
        return [json.loads(body)["sequence"] for _, body in self.requests]

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(90)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._stopping = asyncio.Event()
        application = web.Application()
        application.router.add_post("/hook", self._take)
        served = web.AppRunner(application, shutdown_timeout=0.1)
        await served.setup()
        await web.TCPSite(served, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{served.addresses[0][1]}/hook"
        self._ready.set()
        await self._stopping.wait()
        await served.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        message_id = headers["webhook-id"]
        self.busy[message_id] += 1
        self.overlaps += self.busy[message_id] > 1
        self.requests.append((headers, body))
        try:
            match self.answer(len(self.requests)):
                case int(status):
                    return web.Response(status=status, headers=self.headers)
                case threading.Event() as released:
                    while not released.is_set():  # noqa: ASYNC110 - set by the thread of another loop
                        await asyncio.sleep(0.02)
                    return web.Response()
                case _:
                    assert request.transport is not None
                    request.transport.abort()
                    return web.Response()
        finally:
            self.busy[message_id] -= 1


def add(engine: Engine, url: str, *, desk: str = "soy") -> tuple[Endpoint, str]:
    return add_endpoint(engine, SETTINGS, desk=desk, url=url, now=START)


def alert_event(**data: object) -> dict[str, Any]:
    return {"type": "alert.opened", "version": 1, "timestamp": START.isoformat(), "data": data}


def post(engine: Engine, time: Time, count: int = 1, *, desk: str = "soy") -> list[Message]:
    wanted = [Message(desk, alert_event(place=place, says="Île"), time.now) for place in range(count)]
    with engine.begin() as connection:
        outbox.enqueue(connection, outbox.address(connection, wanted), now=time.now)
    return wanted


def deliver(engine: Engine, time: Time, settings: Settings = SETTINGS) -> Counter[str]:
    return deliver_due(engine, settings, clock=time, draw=lambda: 0.5, seconds=600)


def deliveries_to(engine: Engine, endpoint: Endpoint) -> list[DeliveryRecord]:
    with engine.connect() as connection:
        return deliveries.after(connection, endpoint.id, 0, limit=10_000)


def delivery_to(engine: Engine, endpoint: Endpoint) -> DeliveryRecord:
    (row,) = deliveries_to(engine, endpoint)
    return row
