"""Schedules are rows: what a tick, a nudge or a worker lost is due still, and two clocks run it once."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pytest
from delivery_stage import Time, add
from sqlalchemy import Connection, Engine, func, select

from services import bootstrap
from services.storage import heartbeats, jobs, sessions, tables
from services.storage.jobs import BACKGROUND, Job
from services.usecases import clean as cleaning
from services.usecases.order_polls import POLL
from services.usecases.order_refits import REFRESH, refit
from services.usecases.order_scoring import scoring
from services.usecases.tell_trouble import MISSING
from services.work import schedules
from services.work.schedules import LEASE, SCHEDULES
from services.worker import tasks
from services.worker.hands import ask_for_what_waits
from services.worker.sweep import ASK_EVERY, StandIn

MINUTE = dt.timedelta(minutes=1)


def nothing(_: Connection) -> None:
    pass


def asked(engine: Engine, now: dt.datetime) -> list[str]:
    nudged: list[str] = []
    with engine.begin() as connection:
        ask_for_what_waits(connection, nudged.append, now=now)
    return nudged


def test_a_schedule_is_due_at_its_interval_and_at_once_where_it_never_ran(engine: Engine, time: Time) -> None:
    """It runs once an interval, however often it is asked for, and after a pause once and not for each."""
    assert sorted(asked(engine, time.now)) == sorted(SCHEDULES)
    ran: list[dt.datetime] = []
    for _ in range(4 * 60):
        schedules.run(engine, "watch_releases", lambda _: ran.append(time.now), clock=time)
        time.now += dt.timedelta(seconds=5)
    assert [(each - ran[0]).total_seconds() for each in ran] == [0, 300, 600, 900]
    time.now += 10 * SCHEDULES["watch_releases"].every
    assert schedules.run(engine, "watch_releases", nothing, clock=time)
    assert not schedules.run(engine, "watch_releases", nothing, clock=time)
    assert "watch_releases" not in asked(engine, time.now)


def test_a_schedule_goes_on_whatever_a_run_raises(engine: Engine, time: Time) -> None:
    """The error is kept with the row and nothing of the run; the next is due at its time and clears it."""

    def breaks(connection: Connection) -> NoReturn:
        jobs.add(connection, [Job("dig", "half", {})], now=time.now)
        raise ZeroDivisionError("planted")

    def row() -> Any:
        with engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(tables.jobs)).scalar_one() == 0
            return connection.execute(select(tables.schedules)).one()

    for run in (1, 2):
        assert not schedules.run(engine, "clean", breaks, clock=time)
        assert (row().error, row().runs, row().lease_until) == ("ZeroDivisionError: planted", run, None)
        time.now += SCHEDULES["clean"].every
    assert schedules.run(engine, "clean", nothing, clock=time)
    assert (row().error, row().runs, row().finished_at) == (None, 0, time.now)


def test_a_worker_that_dies_in_a_schedule_leaves_it_to_the_lease(engine: Engine, time: Time) -> None:
    """A run that is never settled is not begun again before its lease ends, and is after it."""

    def dies(_: Connection) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        schedules.run(engine, "clean", dies, clock=time)
    time.now += LEASE / 2
    assert "clean" not in asked(engine, time.now)
    assert not schedules.run(engine, "clean", nothing, clock=time)
    time.now += LEASE / 2
    assert "clean" in asked(engine, time.now)
    assert schedules.run(engine, "clean", nothing, clock=time)


def test_two_clocks_run_a_schedule_once(engine: Engine, time: Time) -> None:
    """Of workers that begin in the same instant one runs it."""

    def once(_: int) -> bool:
        return schedules.run(engine, "order_polls", nothing, clock=time)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(once, range(4))) == 1


def test_the_sweep_asks_for_the_next_of_each_queue(engine: Engine, time: Time) -> None:
    """Scoring ordered before an archive's refits does not wait for them; a release's refit goes first."""
    for name in SCHEDULES:
        schedules.run(engine, name, nothing, clock=time)
    assert asked(engine, time.now) == []
    with engine.begin() as connection:
        jobs.add(connection, [scoring("release 1", ["S"])], now=time.now)
        archive = Job(REFRESH, "old", {}, priority=BACKGROUND)
        jobs.add(connection, [archive], now=time.now + dt.timedelta(seconds=1))
        jobs.add(connection, [Job(POLL, "gacc", {})], now=time.now)
    time.now += dt.timedelta(seconds=2)
    assert asked(engine, time.now) == ["score_forecasts", "poll_sources"]
    with engine.begin() as connection:
        wanted = Job(REFRESH, "new", refit("S", time.now, "standard").arguments)
        jobs.add(connection, [wanted], now=time.now)
    assert asked(engine, time.now) == ["refresh_forecasts", "poll_sources"]


def test_the_delivering_sweep_asks_where_the_task_is_missing(engine: Engine, time: Time) -> None:
    """Without beat work is still asked for, now and then; while the task runs nobody else asks."""
    nudged: list[str] = []
    stand_in = StandIn(engine, nudged.append, time)
    with engine.begin() as connection:
        heartbeats.beat(connection, heartbeats.TASK, now=time.now)
    assert not stand_in.ask()
    time.now += MISSING
    assert stand_in.ask()
    assert sorted(nudged) == sorted(SCHEDULES)
    assert not stand_in.ask()
    time.now += ASK_EVERY
    assert stand_in.ask()


def test_what_is_over_goes_and_nothing_else(engine: Engine, time: Time) -> None:
    """A secret that still signs stays, and so does a disabled endpoint with what waits for it."""
    endpoint, _ = add(engine, "http://127.0.0.1:9/hook")
    with engine.begin() as connection:
        for hours in (1, 2):
            connection.execute(
                tables.retired_secrets.insert().values(
                    endpoint_id=endpoint.id, secret=b"s", signs_until=time.now + hours * 60 * MINUTE
                )
            )
        connection.execute(tables.endpoints.update().values(status="disabled"))
        key = {"name": "me", "scopes": [], "digest": b"", "created_at": time.now}
        connection.execute(tables.api_keys.insert().values(id="k", **key))
        end = time.now + MINUTE
        sessions.add(connection, digest=b"d", key_id="k", now=time.now, expires_at=end)
        assert cleaning.clean(connection, now=time.now) == cleaning.Cleaned(0, 0, 0, 0)
        assert cleaning.clean(connection, now=time.now + 60 * MINUTE) == cleaning.Cleaned(1, 1, 0, 0)
        held = connection.execute(select(func.count()).select_from(tables.endpoints)).scalar_one()
    assert held == 1


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> list[str]:
    """The tasks on this database; what they nudge for."""
    asked_for: list[str] = []

    class Service:
        nudge = staticmethod(asked_for.append)

    monkeypatch.setattr(bootstrap, "engine", lambda: engine)
    monkeypatch.setattr(bootstrap, "service", Service)
    return asked_for


def test_each_schedule_has_its_task_and_its_queue(engine: Engine, nudged: list[str]) -> None:
    """Every name can be nudged for, and its task runs on an empty database and is then not due."""
    for name in SCHEDULES:
        assert bootstrap.QUEUES[name] == "delivery"
        getattr(tasks, name)()
        with engine.connect() as connection:
            assert name not in schedules.due(connection, now=bootstrap.now())
            query = select(tables.schedules.c.error).where(tables.schedules.c.name == name)
            assert connection.execute(query).scalar_one() is None
    assert nudged == ["deliver_messages"]
