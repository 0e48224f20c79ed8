"""Desks that hang hold up no heartbeat, so none of them makes the service look as if it had stopped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from delivery_stage import HURRIED, SETTINGS, Desk, Time, add, post
from sqlalchemy import Engine

from services import bootstrap
from services.api.routes.health import HEARTBEAT_AGE
from services.bootstrap import Service
from services.settings import Settings
from services.storage import heartbeats
from services.usecases import deliver_messages
from services.usecases.deliver_messages import keep_delivering
from services.usecases.tell_trouble import MISSING
from services.worker import tasks

Eventually = Callable[[Callable[[], bool]], bool]


@pytest.fixture
def hanging(engine: Engine, time: Time, desk: Callable[..., Desk]) -> Iterator[tuple[Desk, Event]]:
    """A desk that has messages and answers none of them before the event."""
    released = Event()
    receiver = desk(lambda _: released)
    add(engine, receiver.url)
    post(engine, time, 8)
    yield receiver, released
    released.set()


def beat_at(engine: Engine, part: str) -> dt.datetime | None:
    with engine.connect() as connection:
        return heartbeats.last(connection, part)


def test_the_sweep_beats_while_a_desk_hangs(
    engine: Engine,
    time: Time,
    hanging: tuple[Desk, Event],
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With attempts in flight that nobody answers the sweep leaves one heartbeat after another."""
    receiver, released = hanging
    monkeypatch.setattr(deliver_messages, "_TELL", 0.0)
    stopped = Event()
    with ThreadPoolExecutor(1) as pool:
        sweep = pool.submit(keep_delivering, engine, SETTINGS, clock=time, stopped=stopped.is_set)
        try:
            assert eventually(lambda: len(receiver.requests) == deliver_messages.PER_ENDPOINT)
            for _ in range(3):
                time.move(seconds=1)
                assert eventually(lambda: beat_at(engine, heartbeats.SWEEPER) == time())
            assert not released.is_set()
        finally:
            stopped.set()
            released.set()
        sweep.result(90)
    assert len(receiver.requests) == deliver_messages.PER_ENDPOINT


def test_the_task_beats_before_it_delivers_and_ends_beside_a_desk_that_hangs(
    engine: Engine,
    time: Time,
    hanging: tuple[Desk, Event],
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The heartbeat is there while the task's own desk hangs; the task ends, with the desk hanging still."""
    receiver, released = hanging
    service = Service(HURRIED, engine, time, lambda _: None)
    monkeypatch.setattr(bootstrap, "engine", lambda: engine)
    monkeypatch.setattr(bootstrap, "service", lambda: service)
    monkeypatch.setattr(bootstrap, "now", time)
    monkeypatch.setattr(tasks, "settings", lambda: HURRIED)
    with ThreadPoolExecutor(1) as pool:
        task = pool.submit(tasks.sweep)
        assert eventually(lambda: bool(receiver.requests))
        assert beat_at(engine, heartbeats.TASK) == time()
        task.result(90)
    assert not released.is_set()


def test_the_longest_delivery_task_ends_before_a_heartbeat_is_missed() -> None:
    """By the times that are set, the task runs again at least 15 s before its heartbeat counts as missed."""
    longest = tasks.DELIVERY_SECONDS + Settings().delivery_timeout_seconds
    assert longest < min(HEARTBEAT_AGE, MISSING).total_seconds() - 15
