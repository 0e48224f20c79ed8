"""Delivery on a real PostgreSQL to real receivers: what arrives, what is retried, what is given up."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from delivery_stage import (
    HURRIED,
    SETTINGS,
    START,
    Desk,
    Time,
    add,
    alert_event,
    deliver,
    deliveries_to,
    delivery_to,
    post,
)
from sqlalchemy import Engine

from alerts.delivery import signing
from alerts.delivery.attempts import SCHEDULE
from alerts.events import SHORT_SENTENCE
from services.storage import deliveries, endpoints, messages, outbox
from services.storage.messages import OPS, Message
from services.storage.outbox import LONGEST_BODY
from services.usecases.manage_endpoints import (
    add_endpoint,
    disable_endpoint,
    enable_endpoint,
)
from services.usecases.settle_deliveries import PATIENCE


def test_a_message_arrives_signed_and_whole(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """A desk receives the frozen body once, signed with the secret it was shown, and the attempt is kept."""
    receiver = desk()
    endpoint, secret = add(engine, receiver.url)
    (message,) = post(engine, time)
    assert deliver(engine, time) == {"delivered": 1}
    ((headers, body),) = receiver.requests
    assert signing.verify([secret], headers, body, now=time.now) == message.id
    row = delivery_to(engine, endpoint)
    assert (row.status, row.body, row.attempts) == ("delivered", body, 1)
    assert json.loads(body)["data"] == {"place": 0, "says": "Île"}
    with engine.connect() as connection:
        (attempt,) = deliveries.attempts_of(connection, row.id)
    assert (attempt.number, attempt.status_code, attempt.outcome) == (1, 204, "answered")
    assert deliver(engine, time) == {}


def test_failure_then_success(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """After a 500 the same message with the same id goes out again when it is due, and not before."""
    receiver = desk(lambda number: 500 if number == 1 else 200)
    endpoint, _ = add(engine, receiver.url)
    post(engine, time)
    assert deliver(engine, time) == {"pending": 1}
    time.move(seconds=4.9)
    assert deliver(engine, time) == {}
    time.move(seconds=0.1)
    assert deliver(engine, time) == {"delivered": 1}
    assert len(set(receiver.ids)) == 1
    assert len({body for _, body in receiver.requests}) == 1
    with engine.connect() as connection:
        numbers = [
            each.number for each in deliveries.attempts_of(connection, delivery_to(engine, endpoint).id)
        ]
        health = endpoints.get(connection, endpoint.id)
    assert numbers == [1, 2]
    assert health is not None
    assert health.failing_since is None


def test_retry_after_is_granted(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """A desk that answers 429 and asks for ten minutes gets ten minutes."""
    endpoint, _ = add(engine, desk(lambda _: 429, headers={"Retry-After": "600"}).url)
    post(engine, time)
    deliver(engine, time)
    assert delivery_to(engine, endpoint).due_at == START + dt.timedelta(minutes=10)


@pytest.mark.parametrize("expected", [(Event(), "timeout", 60), (None, "reset", 5), (302, "answered", 5)])
def test_other_failures(
    engine: Engine,
    time: Time,
    desk: Callable[..., Desk],
    expected: tuple[int | Event | None, str, int],
) -> None:
    """A desk that hangs, resets or redirects gets the message again, and the attempt says what happened."""
    answer, outcome, seconds = expected
    receiver = desk(lambda _: answer, headers={"Location": "/elsewhere"})
    endpoint, _ = add(engine, receiver.url)
    post(engine, time)
    settings = HURRIED if outcome == "timeout" else SETTINGS
    assert deliver(engine, time, settings) == {"pending": 1}
    row = delivery_to(engine, endpoint)
    assert row.due_at == START + dt.timedelta(seconds=seconds)
    with engine.connect() as connection:
        (attempt,) = deliveries.attempts_of(connection, row.id)
    assert attempt.outcome == outcome
    assert len(receiver.requests) == 1


def test_exhausted_and_replayed(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """After ten failures a delivery is listed as exhausted; a replay sends the same id and starts anew."""
    receiver = desk(lambda number: 500 if number <= 11 else 200)
    endpoint, _ = add(engine, receiver.url)
    post(engine, time)
    for _ in SCHEDULE:
        assert sum(deliver(engine, time).values()) == 1
        time.now = delivery_to(engine, endpoint).due_at
    time.move(hours=24)
    assert deliver(engine, time) == {}
    with engine.begin() as connection:
        assert [row.endpoint_id for row in deliveries.exhausted(connection)] == [endpoint.id]
        assert deliveries.replay(connection, endpoint.id, now=time.now) == 1
    assert deliver(engine, time) == {"pending": 1}
    assert delivery_to(engine, endpoint).due_at == time.now + dt.timedelta(seconds=5)
    time.move(minutes=5)  # the endpoint rests longer than its message
    assert deliver(engine, time) == {"delivered": 1}
    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == 12


def test_replay_takes_a_range(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """Of five delivered messages, a replay of numbers two to three sends those two again."""
    receiver = desk()
    endpoint, _ = add(engine, receiver.url)
    post(engine, time, 5)
    deliver(engine, time)
    with engine.begin() as connection:
        assert deliveries.replay(connection, endpoint.id, now=time.now, first=2, last=3) == 2
        assert deliveries.replay(connection, endpoint.id, now=time.now, only=["exhausted"]) == 0
    deliver(engine, time)
    assert sorted(receiver.sequences) == [1, 2, 2, 3, 3, 4, 5]


def test_gone_disables_and_the_others_are_told(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """410 disables the endpoint with its reason, what is pending waits, the desk's other endpoint is told."""
    gone, other = desk(lambda number: 410 if number == 1 else 200), desk()
    dead, _ = add(engine, gone.url)
    add(engine, other.url)
    (first,) = post(engine, time)
    deliver(engine, time)
    with engine.connect() as connection:
        stored = endpoints.get(connection, dead.id)
    assert stored is not None
    assert (stored.status, "410" in (stored.disabled_reason or "")) == ("disabled", True)
    told = [json.loads(body) for _, body in other.requests]
    assert [each["type"] for each in told] == ["alert.opened", "endpoint.disabled"]
    assert told[1]["data"]["endpoint"] == {"id": dead.id}
    post(engine, time)
    deliver(engine, time)
    assert gone.ids == [first.id]


def test_ops_hear_of_a_desk_that_has_no_other_endpoint(
    engine: Engine, time: Time, desk: Callable[..., Desk]
) -> None:
    """Where a desk's only endpoint is disabled, ops are told once which and why."""
    gone, ops = desk(lambda _: 410), desk()
    dead, _ = add(engine, gone.url)
    add(engine, ops.url, desk=OPS)
    post(engine, time)
    deliver(engine, time)
    (told,) = [json.loads(body) for _, body in ops.requests]
    assert (told["type"], told["data"]["endpoint"]) == ("endpoint.disabled", {"id": dead.id})
    assert "410" in told["data"]["reason"]


def test_days_of_nothing_but_failure_disable(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """An endpoint that only failed for 120 hours is disabled; one success in between keeps it enabled."""
    dead, alive = desk(lambda _: 500), desk(lambda number: 500 if number != 2 else 200)
    dead_endpoint, _ = add(engine, dead.url, desk="dead")
    alive_endpoint, _ = add(engine, alive.url, desk="alive")
    for wait in (dt.timedelta(hours=1), PATIENCE - dt.timedelta(hours=1), dt.timedelta(0)):
        for name in ("dead", "alive"):
            post(engine, time, desk=name)
        deliver(engine, time)
        time.now += wait
    with engine.connect() as connection:
        states = [endpoints.get(connection, each.id) for each in (dead_endpoint, alive_endpoint)]
    assert [each.status for each in states if each is not None] == ["disabled", "enabled"]


def test_pending_survives_a_disabled_time(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """What was pending when an endpoint was disabled goes out once it is enabled."""
    receiver = desk()
    endpoint, _ = add(engine, receiver.url)
    post(engine, time)
    disable_endpoint(engine, endpoint.id, reason="maintenance", now=time.now)
    assert deliver(engine, time) == {}
    enable_endpoint(engine, endpoint.id, now=time())
    assert deliver(engine, time) == {"delivered": 2}  # with the word that it was disabled


@pytest.mark.parametrize("skip", [False, True])
def test_a_message_is_made_for_a_disabled_endpoint_too(
    skip: bool, engine: Engine, time: Time, desk: Callable[..., Desk]
) -> None:
    """What happens while it is disabled waits: enabling sends it in order, or skips it for a replay."""
    receiver = desk()
    endpoint, _ = add(engine, receiver.url)
    post(engine, time)
    deliver(engine, time)
    disable_endpoint(engine, endpoint.id, reason="maintenance", now=time.now)
    post(engine, time, 3)
    enabled = enable_endpoint(engine, endpoint.id, now=time(), skip=skip)
    assert (enabled.waited, enabled.skipped) == (4, skip)  # with the word that it was disabled
    post(engine, time)
    deliver(engine, time)
    assert receiver.sequences == ([1, 6] if skip else [1, 2, 3, 4, 5, 6])
    with engine.begin() as connection:
        deliveries.replay(connection, endpoint.id, now=time(), only=("cancelled",))
    deliver(engine, time)
    assert sorted(receiver.sequences) == [1, 2, 3, 4, 5, 6]


def test_sequence_has_no_gap_and_nothing_of_a_rollback(engine: Engine, time: Time) -> None:
    """Numbers of an endpoint run from one without a gap; a transaction that is undone leaves none behind."""
    endpoint, _ = add(engine, "http://127.0.0.1:9/hook")
    post(engine, time, 2)
    with engine.connect() as connection:
        undone = Message("soy", alert_event(), START)
        outbox.enqueue(connection, [(undone, [endpoint.id])], now=START)
        connection.rollback()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: post(engine, time, 5), range(8)))
    assert [row.sequence for row in deliveries_to(engine, endpoint)] == list(range(1, 43))
    assert all(json.loads(row.body)["sequence"] == row.sequence for row in deliveries_to(engine, endpoint))


def test_a_long_body_is_sent_short(engine: Engine, time: Time) -> None:
    """What would be more than 20 kB goes out as the start of its sentence, and where the whole is read."""
    endpoint, _ = add(engine, "http://127.0.0.1:9/hook")
    event = alert_event()
    event["data"]["sentence"] = "\x01" * LONGEST_BODY
    long = Message("soy", event, START)
    with engine.begin() as connection:
        outbox.enqueue(connection, [(long, [endpoint.id])], now=START)
        assert messages.get(connection, long.id, desk="soy") == long
        assert messages.get(connection, long.id, desk="maize") is None
    (row,) = deliveries_to(engine, endpoint)
    assert len(row.body) <= LONGEST_BODY
    told = json.loads(row.body)
    assert told["data"]["shortened"] == {"whole": f"/v1/messages/{long.id}", "alert_id": None}
    assert told["data"]["sentence"] == "\x01" * SHORT_SENTENCE + "…"


def test_event_types_choose(engine: Engine, time: Time) -> None:
    """An endpoint that subscribes to some event types gets those and no others."""
    chosen, _ = add_endpoint(
        engine, SETTINGS, desk="soy", url="http://127.0.0.1:9/", event_types=["data.overdue"], now=START
    )
    post(engine, time)
    assert deliveries_to(engine, chosen) == []
