"""The API beside a route that answers constant bytes; a month of 10,000 series; one figure to its webhook.

Run by hand: ``make bench-api``, or as a module with the word ``reading`` for that alone; status 1 where a
bound is not kept, each printed beside its number. Every process is the service's own: API, delivery worker
and sweep on a PostgreSQL with fsync and a Valkey; the receiver and the load are this process. Forecasts are
uniform bands.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
import httpx
import numpy as np
import psutil
from cryptography.fernet import Fernet
from sqlalchemy import Engine, create_engine

from alerts.delivery.errors import SignatureError
from alerts.delivery.signing import verify
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Observation
from services.cli.shell import say
from services.local.postgres import Postgres
from services.local.processes import Command
from services.local.supervisor import Part, Supervisor
from services.local.valkey import Valkey
from services.storage import forecasts, observations, releases, schema, series
from services.storage.forecasts import ForecastRecord, judging
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.usecases.manage_keys import add_key
from tests.own_ports import free_port

SERIES = 10_000
CONNECTIONS = 8
SECONDS = 4.0
ROUNDS = 3
_NUMBERS = itertools.count()
SINGLES = 60
CONSTANT = """
import os, sys
from fastapi import FastAPI
app = FastAPI()
BODY = __import__("json").loads(open(os.environ["BODY"]).read())
@app.get("/constant")
def constant() -> dict:
    return BODY
"""


@dataclass
class Bounds:
    """What was measured beside what it must keep to."""

    broken: list[str] = field(default_factory=list)

    def at_least(self, name: str, value: float, bound: float) -> None:
        """Print a number that must not be lower."""
        self._keep(name, value >= bound, f"{value:.2f}, at least {bound:g}")

    def at_most(self, name: str, value: float, bound: float, unit: str) -> None:
        """Print a number that must not be higher, in a unit."""
        self._keep(name, value <= bound, f"{value:.1f} {unit}, at most {bound:g} {unit}")

    def _keep(self, name: str, kept: bool, said: str) -> None:
        say(f"{'ok ' if kept else 'NOT'}  {name}: {said}")
        if not kept:
            self.broken.append(name)


@dataclass
class Received:
    """What came to the desk: when, and whether its signature holds."""

    secrets: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    wrong: int = 0


@contextmanager
def receiver() -> Iterator[tuple[str, Received]]:
    """A desk that checks every signature."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            try:
                verify(received.secrets, dict(self.headers.items()), body, now=dt.datetime.now(dt.UTC))
                received.at.append(time.perf_counter())
            except SignatureError:
                received.wrong += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def stored(engine: Engine, now: dt.datetime, last: Month) -> dict[str, float]:
    """10,000 series with 13 months and two forecasts each, the published one and the judge."""
    draw = random.Random(7)  # noqa: S311 - figures, not secrets
    base = {f"S{number:05d}": draw.lognormvariate(8, 2) for number in range(SERIES)}
    before = now - dt.timedelta(days=30)
    with engine.begin() as connection:
        series.register(
            connection, [SeriesRecord(each, each, "t", tags=("bench",)) for each in base], now=now
        )
        release_id = releases.open_release(
            connection,
            source="made",
            known_from=before,
            recorded_at=before,
            idempotency_key=None,
            request_hash="",
        )
        past = [
            ObservationRecord(each, Observation(Span(last - back), value * draw.uniform(0.9, 1.1), before))
            for each, value in base.items()
            for back in range(13, 0, -1)
        ]
        observations.append(connection, past, release_id=release_id, recorded_at=before)
        bands = np.tile(0.5 + np.array(LEVELS), (18, 1))
        for model in ("standard", judging("standard")):
            records = [
                ForecastRecord(
                    each, model, last - 1, before,
                    Forecast(each, "t", last - 1, before, LEVELS, value * bands, model), None, [], {}, before,
                )
                for each, value in base.items()
            ]  # fmt: skip
            forecasts.publish(connection, records)
    return base


async def rate(
    url: str, headers: dict[str, str], *, seconds: float, pause: float = 0.0
) -> tuple[float, list[float]]:
    """Requests a second over CONNECTIONS keep-alive connections, and the latency of each in seconds.

    A ``{}`` in the address is another series each time, over all rounds, until all were asked for.
    """
    latencies: list[float] = []
    began = time.perf_counter()

    async def one(session: aiohttp.ClientSession) -> None:
        while time.perf_counter() - began < seconds:
            asked = time.perf_counter()
            address = url.replace("{}", f"S{next(_NUMBERS) * 7919 % SERIES:05d}")
            async with session.get(address, headers=headers) as answer:
                await answer.read()
                assert answer.status in {200, 304}, answer.status
            latencies.append(time.perf_counter() - asked)
            if pause:
                await asyncio.sleep(max(0.0, pause - (time.perf_counter() - asked)))

    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(one(session) for _ in range(CONNECTIONS)))
    return len(latencies) / (time.perf_counter() - began), latencies


def spent(pid: int) -> float:
    """CPU seconds of a process and those below it."""
    server = psutil.Process(pid)
    times = [each.cpu_times() for each in (server, *server.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def reading(api: str, constant: str, key: dict[str, str], bounds: Bounds, servers: dict[str, int]) -> None:
    """Rates side by side, in turns, and what each answer costs its server; then latency at half the rate."""
    ours = f"{api}/v1/series/S00042/forecasts"
    plain = {"Accept-Encoding": "identity"}
    tag = httpx.get(ours, headers={**key, **plain}).headers["etag"]
    asked = {
        "constant JSON": (f"{constant}/constant", plain),
        "latest forecast": (ours, {**key, **plain}),
        "304": (ours, {**key, **plain, "If-None-Match": tag}),
        "of another series": (f"{api}/v1/series/{{}}/forecasts", {**key, **plain}),
    }
    rates: dict[str, list[float]] = {name: [] for name in asked}
    costs: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(ROUNDS):
        for name, (url, headers) in asked.items():
            server = servers["constant" if url.startswith(constant) else "api"]
            before = spent(server)
            found, latencies = asyncio.run(rate(url, headers, seconds=SECONDS))
            rates[name].append(found)
            costs[name].append(1000 * (spent(server) - before) / len(latencies))
    top = {name: statistics.median(found) for name, found in rates.items()}
    for name, found in top.items():
        share, cost = found / top["constant JSON"], statistics.median(costs[name])
        say(f"{name:18} {found:8.0f} /s   {share:.2f} of the constant route   {cost:.2f} ms CPU")
    pause = CONNECTIONS / (top["latest forecast"] / 2)
    _, latencies = asyncio.run(rate(*asked["latest forecast"], seconds=2 * SECONDS, pause=pause))
    cuts = statistics.quantiles(latencies, n=100)
    say(
        f"at half the rate    p50 {1000 * cuts[49]:.1f} ms, p99 {1000 * cuts[98]:.1f} ms, of {len(latencies)}"
    )
    bounds.at_least("latest forecast over constant JSON", top["latest forecast"] / top["constant JSON"], 0.5)
    bounds.at_least("304 over constant JSON", top["304"] / top["constant JSON"], 0.8)
    bounds.at_most("p99 at half the rate", 1000 * cuts[98], 20, "ms")


def writing(
    client: httpx.Client, base: dict[str, float], last: Month, desk: tuple[str, Received], bounds: Bounds
) -> None:
    """A month of every series in one upload, and then single figures to their verified webhooks."""
    url, got = desk
    draw = random.Random(11)  # noqa: S311 - figures, not secrets
    made = client.post("/v1/endpoints", json={"desk": "bench", "url": url})
    got.secrets.append(made.raise_for_status().json()["secret"])
    scope = {"tags": ["bench"]}
    shock = {"kind": "shock", "direction": "any"}
    rule = {"name": "Any shock", "desk": "bench", "scope": scope, "condition": shock}
    client.put("/v1/rules/any", json=rule).raise_for_status()
    known = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    usual = {each: value * draw.uniform(0.9, 1.1) for each, value in base.items()}
    rows = [
        {
            "series_id": each,
            "month": str(last),
            "value": value * (0.2 if number % 100 == 0 else 1),
            "unit": "t",
            "known_from": known.isoformat(),
        }
        for number, (each, value) in enumerate(usual.items())
    ]
    began = time.perf_counter()
    report = client.post("/v1/observations", json={"observations": rows}).raise_for_status().json()
    committed = time.perf_counter()
    seconds, alerts = committed - began, report["alerts"]
    say(f"{report['recorded']:,} figures judged and committed in {seconds:.1f} s, alerts {alerts}")
    while not got.at and time.perf_counter() < committed + 60:
        time.sleep(0.001)
    bounds.at_most(f"upload of {len(rows):,} figures", seconds, 10, "s")
    first = 1000 * (got.at[0] - committed) if got.at else float("inf")
    bounds.at_most("first webhook after the answer", first, 1000, "ms")
    time.sleep(5)  # what else the release sends is not what is measured next
    latencies = []
    for number in range(SINGLES):
        each = f"S{number * 7 + 1:05d}"
        moment = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
        row = {
            "series_id": each,
            "month": str(last),
            "value": 0.01 * base[each],
            "unit": "t",
            "known_from": moment.isoformat(),
        }
        asked, seen = time.perf_counter(), len(got.at)
        answer = client.post("/v1/observations", json=[row]).raise_for_status().json()
        if not answer["alerts"]:
            continue
        while len(got.at) == seen and time.perf_counter() < asked + 20:
            time.sleep(0.001)
        came = len(got.at) > seen
        latencies.append(got.at[-1] - asked if came else 20.0)  # one that never came is no quick one
    cuts = statistics.quantiles(latencies, n=100)
    p50, p99 = 1000 * cuts[49], 1000 * cuts[98]
    say(f"one figure, from POST to verified webhook: p50 {p50:.0f} ms, p99 {p99:.0f} ms, of {len(latencies)}")
    bounds.at_most("one figure to its webhook, p50", p50, 50, "ms")
    bounds.at_most("one figure to its webhook, p99", p99, 250, "ms")
    bounds.at_most(f"of {len(got.at) + got.wrong} webhooks not verified", got.wrong, 0, "webhooks")


def main(only: str | None = None) -> int:
    """Start every part, measure, and print; 1 where a bound is not kept.

    ``only`` "reading" leaves writing out.
    """
    bounds = Bounds()
    folder = Path(tempfile.mkdtemp(prefix="tonnage-bench-api-"))
    folder.chmod(0o711)
    now = dt.datetime.now(dt.UTC)
    last = Month.from_date(now.date()) - 2
    try:
        with Supervisor(say=lambda _: None) as supervisor, receiver() as (desk, got):
            postgres, valkey = (
                Postgres.prepare(folder / "postgres", durable=True),
                Valkey.prepare(folder / "valkey"),
            )
            supervisor.start(postgres.part(), valkey.part())
            database = postgres.create("bench")
            schema.upgrade(database)
            engine = create_engine(database)
            base = stored(engine, now, last)
            with engine.begin() as connection:
                connection.exec_driver_sql("ANALYZE")
                _, text = add_key(connection, name="bench", scopes=("admin",), now=now)
            key = {"Authorization": f"Bearer {text}"}
            (folder / "constant.py").write_text(CONSTANT)
            api, constant = free_port(), free_port()
            environment = {
                **os.environ,
                "DATABASE_URL": database,
                "REDIS_URL": valkey.url,
                "TONNAGE_SECRET_KEYS": json.dumps([Fernet.generate_key().decode()]),
                "TONNAGE_PRIVATE_NETWORKS": '["127.0.0.0/8"]',
                "TONNAGE_RATE_LIMIT": "100000000",
                "BODY": str(folder / "body.json"),
                "PYTHONPATH": str(folder),
            }

            def part(name: str, *argv: str, port: int | None = None) -> Part:
                def ready() -> bool:
                    try:
                        return port is None or httpx.get(f"http://127.0.0.1:{port}/openapi.json").is_success
                    except httpx.TransportError:
                        return False

                command = Command(
                    (sys.executable, "-m", *argv), environment, Path.cwd(), folder / f"{name}.log"
                )
                return Part(name, command, ready, deadline=60)

            def serving(port: int, app: str, *more: str) -> tuple[str, ...]:
                return (
                    "uvicorn",
                    app,
                    "--port",
                    str(port),
                    "--no-access-log",
                    "--log-level",
                    "warning",
                    *more,
                )

            supervisor.start(part("api", *serving(api, "services.api.app:create_app", "--factory"), port=api))
            address = f"http://127.0.0.1:{api}"
            body = httpx.get(f"{address}/v1/series/S00042/forecasts", headers=key).text
            (folder / "body.json").write_text(body)
            supervisor.start(part("constant", *serving(constant, "constant:app"), port=constant))
            say(f"{SERIES:,} series stored; an answer of {len(body):,} bytes; {CONNECTIONS} connections")
            reading(address, f"http://127.0.0.1:{constant}", key, bounds, supervisor.pids())
            if only == "reading":
                engine.dispose()
                return 1 if bounds.broken else 0
            worker = (
                "celery",
                "--app",
                "services.worker.app:app",
                "worker",
                "--queues",
                "delivery",
                "--concurrency",
                "1",
            )
            supervisor.start(part("delivery", *worker), part("sweep", "services.worker.sweep"))
            time.sleep(8)  # the worker's start is not what is measured
            with httpx.Client(base_url=address, headers=key, timeout=300) as client:
                writing(client, base, last, (desk, got), bounds)
            engine.dispose()
    finally:
        shutil.rmtree(folder)
    return 1 if bounds.broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
