"""What refitting costs at each size: through API, database and Celery, beside the bare engine on as much.

The same series, as many processes, the same vintage: before it every model is trained and every first
forecast published, so that nothing else runs on the worker.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import httpx
import numpy as np
import psutil
from sqlalchemy import Engine, text

from forecasting.engine import publish
from forecasting.forecast import HORIZON
from forecasting.months import Month
from forecasting.series import Series
from forecasting.shocks.witnesses import steadied
from services.cli.shell import say
from services.demo.replay import _ok
from services.local.stack import Stack
from services.storage import jobs
from services.usecases.learned import Learned, learned_as_of
from services.usecases.order_refits import refit
from services.usecases.order_training import order_training
from services.usecases.refresh_forecasts import BATCH

AGAIN = dt.datetime(2025, 1, 15, tzinfo=dt.UTC)
"""After the histories and before the first release, so that what a release brings is refitted once."""
FIRST = Month.parse("2019-01")
MONTHS = 72
PROCESSES = 2  # of the stack's forecast worker
ROUND = 100
"""Series, about, that each of the two refits in turn: some seconds, for which a machine keeps its speed."""
PORTFOLIO = "standard"
REFIT_SHARE = 0.85
"""Of the bare engine's throughput, that refits have through Celery and the database."""
PENDING = (
    "SELECT (SELECT count(*) FROM jobs WHERE status = 'pending') + "
    "(SELECT count(*) FROM deliveries WHERE status = 'pending')"
)


def values(number: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """One synthetic series: a trend, a season and noise, tonnes."""
    rng = np.random.default_rng(number)
    month = np.arange(MONTHS + 24)
    season = 1 + 0.2 * np.sin(2 * np.pi * (month + number) / 12)
    drawn: np.ndarray[Any, np.dtype[np.float64]] = (
        1000.0 * season * (1 + 0.003 * month) * rng.lognormal(0, 0.1, month.size)
    )
    return drawn.round(1)


def row(number: int, month: int, value: float) -> dict[str, Any]:
    span = FIRST + month
    known = (span + 1).first_day.isoformat()
    return {
        "series_id": f"S{number:05d}",
        "month": str(span),
        "value": value,
        "unit": "t",
        "known_from": f"{known}T08:00:00+00:00",
    }


def wait(what: str, holds: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} took more than {seconds:.0f} s")
        time.sleep(0.1)  # between two looks


def count(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def refits_left(engine: Engine) -> int:
    return count(engine, "SELECT count(*) FROM jobs WHERE status = 'pending' AND kind = 'refresh_forecast'")


def cpu(process: psutil.Process) -> float:
    """CPU seconds of a process and of all that it has started, ended children included."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        times = one.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def load(client: httpx.Client, numbers: Sequence[int]) -> None:
    """Register series and send their histories, 100 series a request."""
    for number in numbers:
        registered = {"name": f"S{number}", "unit": "t", "tags": ["soak"]}
        answer = client.put(f"/v1/series/S{number:05d}", json=registered)
        while answer.status_code == httpx.codes.TOO_MANY_REQUESTS:  # a key's rate, which 10,000 series exceed
            time.sleep(float(answer.headers["Retry-After"]))
            answer = client.put(f"/v1/series/S{number:05d}", json=registered)
        _ok(answer)
    for at in range(0, len(numbers), 100):
        rows = [row(n, m, v) for n in numbers[at : at + 100] for m, v in enumerate(values(n)[:MONTHS])]
        _ok(client.post("/v1/observations", params={"history": "true"}, json=rows))


def order(engine: Engine, numbers: Sequence[int]) -> None:
    """Order one more refit of each series, as a release would; the sweep nudges the workers."""
    wanted = [refit(f"S{number:05d}", AGAIN, PORTFOLIO) for number in numbers]
    with engine.begin() as connection:
        jobs.add(connection, wanted, now=dt.datetime.now(dt.UTC))


def bare(numbers: Sequence[int], learned: Learned) -> float:
    """CPU seconds of the engine alone on one batch: what is published, and what figures are judged by."""
    began = time.process_time()
    batch = [Series(f"S{n:05d}", "t", FIRST, values(n)[:MONTHS]) for n in numbers]
    made = publish(
        batch,
        portfolio=PORTFOLIO,
        global_model=learned.global_model,
        calibration=learned.calibration(PORTFOLIO),
    )
    for held, publication in zip(batch, made, strict=True):
        steadied(held, publication.forecast, horizon=HORIZON)
    return time.process_time() - began


@dataclass(slots=True)
class Spent:
    """Seconds that refits took, by the clock and of CPU."""

    wall: float = 0.0
    cpu: float = 0.0

    def add(self, wall: float, cpu: float) -> None:
        self.wall += wall
        self.cpu += cpu


def alternately(stack: Stack, engine: Engine, numbers: Sequence[int]) -> tuple[Spent, Spent]:
    """Refit each series through the service and by the bare engine: what each of the two spent in all.

    Some ``ROUND`` series in turn, and the one that went second goes first in the next: on a machine that
    becomes slower meanwhile, as one that others share does, both do. The engine has what the
    installation has learned, as refits do, and as many processes. They are new ones: one that was forked from
    the stack's supervisor, with its threads, hung.
    """
    worker = psutil.Process(stack.supervisor.pids()["worker forecast"])
    with engine.connect() as connection:
        work = partial(bare, learned=learned_as_of(connection, AGAIN))
    service, alone = Spent(), Spent()
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        list(pool.map(work, [numbers[:1]] * PROCESSES))  # imports are not what is measured

        def by_service(part: Sequence[int]) -> None:
            began, spent = time.monotonic(), cpu(worker)
            order(engine, part)
            wait("refitting", lambda: refits_left(engine) == 0, 60 + len(part) * 2)
            service.add(time.monotonic() - began, cpu(worker) - spent)

        def by_engine(part: Sequence[int]) -> None:
            began = time.monotonic()
            spent = sum(pool.map(work, [part[at : at + BATCH] for at in range(0, len(part), BATCH)]))
            alone.add(time.monotonic() - began, spent)

        rounds = 2 * max(round(len(numbers) / (2 * ROUND)), 1)  # even: each of the two goes first as often
        for number in range(rounds):
            for refitted in (by_service, by_engine) if number % 2 else (by_engine, by_service):
                refitted(numbers[number::rounds])
    return service, alone


def costs(client: httpx.Client, stack: Stack, engine: Engine, sizes: Sequence[int]) -> tuple[int, float]:
    """Print what refitting costs at each size; the series then held, and the least share of the bare engine.

    The share is of CPU time: wall time on a machine that does other work says little, and has up to a second
    a round in it until the sweep finds what is due.
    """
    say("series |  wall s | CPU s | CPU ms each | MB stored | bare wall s | bare CPU s | ratio wall | CPU")
    held, least = 0, float("inf")
    for size in sizes:
        numbers = list(range(held, held + size))
        held += size
        before = count(engine, "SELECT pg_database_size(current_database())")
        load(client, numbers)
        wait("the first refits", lambda: count(engine, PENDING) == 0, 60 + size * 2)
        with engine.begin() as connection:  # beat would order it in the midst of what is measured
            order_training(connection, now=dt.datetime.now(dt.UTC), portfolio=PORTFOLIO)
        wait("training", lambda: count(engine, PENDING) == 0, 300 + size * 2)
        service, alone = alternately(stack, engine, numbers)
        grown = (count(engine, "SELECT pg_database_size(current_database())") - before) / 1e6
        share = alone.cpu / service.cpu
        least = min(least, share)
        say(
            f"{size:6,} | {service.wall:7.1f} | {service.cpu:5.1f} | {1000 * service.cpu / size:11.1f} | "
            f"{grown:9.1f} | {alone.wall:11.1f} | {alone.cpu:10.1f} | {alone.wall / service.wall:10.2f} | "
            f"{share:.2f}",
        )
    return held, least
