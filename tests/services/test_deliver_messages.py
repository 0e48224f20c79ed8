"""Delivery on a real PostgreSQL to real receivers: what arrives, what is retried, what is given up."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from delivery_stage import (
    HURRIED,
    LEASE,
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
from sqlalchemy import Engine, update

from alerts.delivery import signing
from alerts.delivery.attempts import SCHEDULE
from alerts.delivery.breaker import OPENS_AT
from alerts.delivery.errors import SignatureError
from alerts.events import SHORT_SENTENCE
from services.storage import deliveries, endpoint_health, endpoints, messages, outbox, tables
from services.storage.messages import OPS, Message
from services.storage.outbox import LONGEST_BODY
from services.usecases.manage_endpoints import (
    MOST_RETIRED,
    TooManySecretsError,
    add_endpoint,
    disable_endpoint,
    enable_endpoint,
    ping,
    rotate_secret,
)
from services.usecases.settle_deliveries import PATIENCE
from services.work import deliveries as claims


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


def test_secrets_are_not_readable_in_the_database(engine: Engine) -> None:
    """What the table holds of a secret is not the secret."""
    _, secret = add(engine, "http://127.0.0.1:9/hook")
    with engine.connect() as connection:
        stored = connection.execute(tables.endpoints.select()).one().secret
    assert secret.encode() not in stored


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


def test_worker_that_dies_after_sending(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """A delivery whose worker died is due again when the lease ends, not before, and has the same id."""
    receiver = desk()
    endpoint, _ = add(engine, receiver.url)
    (message,) = post(engine, time)
    with engine.begin() as connection:
        claimed = claims.claim(connection, now=time.now, lease=LEASE, owner="dies", limit=10, per_endpoint=4)
    assert [each.message_id for each in claimed] == [message.id]
    assert deliver(engine, time) == {}
    time.now += LEASE
    assert deliver(engine, time) == {"delivered": 1}
    assert receiver.ids == [message.id]
    assert delivery_to(engine, endpoint).attempts == 2


def test_late_failure_of_a_lost_lease_changes_nothing(
    engine: Engine, time: Time, desk: Callable[..., Desk]
) -> None:
    """A worker that comes back after its lease cannot undo what another has delivered."""
    endpoint, _ = add(engine, desk().url)
    post(engine, time)
    with engine.begin() as connection:
        (stale,) = claims.claim(connection, now=time.now, lease=LEASE, owner="late", limit=10, per_endpoint=4)
    time.now += LEASE
    deliver(engine, time)
    late = deliveries.AttemptRecord(stale.id, stale.number, START, 15.0, None, "timeout", "late", b"")
    with engine.begin() as connection:
        claims.settle(
            connection,
            [late],
            [claims.Settled(stale.id, "pending", time.now)],
            owner="late",
            now=time.now,
        )
    assert delivery_to(engine, endpoint).status == "delivered"


def test_two_workers_never_send_the_same_delivery(
    engine: Engine, time: Time, desk: Callable[..., Desk]
) -> None:
    """Of 200 messages that two workers deliver at the same time, each arrives exactly once."""
    receiver = desk()
    add(engine, receiver.url)
    post(engine, time, 200)
    with ThreadPoolExecutor(2) as pool:
        tallies = [pool.submit(deliver, engine, time) for _ in range(2)]
        delivered = [each.result()["delivered"] for each in tallies]
    assert sum(delivered) == 200
    assert sorted(receiver.sequences) == list(range(1, 201))
    assert receiver.overlaps == 0


def test_hanging_desk_holds_up_nobody(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """While one desk hangs, fifty messages to another all arrive: it hangs until they have."""
    all_came = Event()
    hanging, other = (
        desk(lambda _: all_came),
        desk(lambda number: all_came.set() or 204 if number == 50 else 204),
    )
    add(engine, hanging.url, desk="slow")
    add(engine, other.url, desk="other")
    post(engine, time, 50, desk="slow")
    post(engine, time, 50, desk="other")
    assert deliver(engine, time) == {"delivered": 100}


def test_failing_desk_is_tried_one_at_a_time(engine: Engine, time: Time) -> None:
    """A healthy endpoint has four attempts in flight, one that is failing has one."""
    endpoint, _ = add(engine, "http://127.0.0.1:9/hook")
    post(engine, time, 10)

    def claimed() -> int:
        with engine.begin() as connection:
            return len(
                claims.claim(connection, now=time.now, lease=LEASE, owner="one", limit=10, per_endpoint=4)
            )

    assert [claimed(), claimed()] == [4, 0]
    time.now += LEASE
    with engine.begin() as connection:
        endpoint_health.mark_failing(connection, {endpoint.id: 1}, now=time.now)
    assert [claimed(), claimed()] == [1, 0]


def test_a_desk_that_only_fails_is_left_alone(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """Five failures open the breaker: then one message tries the desk after each rest, and at last all go."""
    receiver = desk(lambda number: 500 if number <= 7 else 204)
    endpoint, _ = add(engine, receiver.url)
    post(engine, time, 30)
    assert deliver(engine, time) == {"pending": OPENS_AT}
    for tried, seconds in ((6, 5), (7, 10)):
        time.move(seconds=seconds - 1)
        assert deliver(engine, time) == {}
        time.move(seconds=1)
        assert deliver(engine, time) == {"pending": 1}
        assert len(receiver.requests) == tried
    time.move(seconds=20)
    assert deliver(engine, time)["delivered"] >= 30 - 7
    with engine.connect() as connection:
        stored = endpoints.get(connection, endpoint.id)
    assert stored is not None
    assert (stored.failing_since, stored.paused_until) == (None, None)


def test_retry_after_is_for_the_whole_desk(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """A desk that asks for ten minutes is sent none of its other messages before they are over."""
    receiver = desk(lambda number: 429 if number == 1 else 204, {"retry-after": "600"})
    add(engine, receiver.url)
    post(engine, time)
    assert deliver(engine, time) == {"pending": 1}
    post(engine, time, 3)
    time.move(seconds=599)
    assert deliver(engine, time) == {}
    time.move(seconds=1)
    assert deliver(engine, time) == {"delivered": 4}


def test_claims_are_fair(engine: Engine, time: Time) -> None:
    """One desk with a long queue takes no more of a claim than any other."""
    for name in ("first", "second", "third"):
        add(engine, "http://127.0.0.1:9/hook", desk=name)
    post(engine, time, 50, desk="first")
    post(engine, time, 1, desk="second")
    post(engine, time, 1, desk="third")
    with engine.begin() as connection:
        claimed = claims.claim(connection, now=time.now, lease=LEASE, owner="one", limit=10, per_endpoint=4)
    assert sorted(Counter(each.endpoint_id for each in claimed).values()) == [1, 1, 4]


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


def test_every_secret_lives_out_its_day(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """However often an endpoint is rotated, each secret verifies for 24 hours from its own rotation."""
    receiver = desk()
    endpoint, first = add(engine, receiver.url)
    known = [first]
    for _ in range(MOST_RETIRED):
        time.move(hours=1)
        known.append(rotate_secret(engine, SETTINGS, endpoint.id, now=time.now))
    with pytest.raises(TooManySecretsError, match="2025-06-10 04:00"):
        rotate_secret(engine, SETTINGS, endpoint.id, now=time.now)
    post(engine, time)
    deliver(engine, time)
    time.move(hours=21)
    post(engine, time)
    deliver(engine, time)
    for secret in known:
        headers, body = receiver.requests[0]
        signing.verify([secret], headers, body, now=time.now - dt.timedelta(hours=21))
    headers, body = receiver.requests[1]
    for secret in known[1:]:
        signing.verify([secret], headers, body, now=time.now)
    with pytest.raises(SignatureError):
        signing.verify([first], headers, body, now=time.now)


def test_a_rotation_asked_for_twice_is_one(engine: Engine, time: Time) -> None:
    """The same Idempotency-Key gives the same secret again, another one the next."""
    endpoint, _ = add(engine, "http://127.0.0.1:9/hook")
    rotated = [
        rotate_secret(engine, SETTINGS, endpoint.id, now=time.now, idempotency_key=key) for key in "aab"
    ]
    assert rotated[0] == rotated[1] != rotated[2]
    with engine.connect() as connection:
        assert len(endpoints.retired(connection, endpoint.id, now=time.now)) == 2


def test_a_rotation_is_known_by_its_key_while_its_secret_signs(engine: Engine, time: Time) -> None:
    """A key that came before another one still gives its own secret, and rotates anew once that is over."""
    endpoint, _ = add(engine, "http://127.0.0.1:9/hook")

    def rotated(key: str, sender: str = "") -> str:
        return rotate_secret(engine, SETTINGS, endpoint.id, now=time.now, idempotency_key=key, sender=sender)

    first, second = rotated("a"), rotated("b")
    assert (rotated("a"), rotated("b")) == (first, second)
    with engine.connect() as connection:
        assert len(endpoints.retired(connection, endpoint.id, now=time.now)) == 2
    time.move(hours=24)
    assert rotated("b") == second
    assert rotated("a") not in {first, second}


def test_a_key_of_one_caller_is_no_key_of_another(engine: Engine, time: Time) -> None:
    """Two callers with the same Idempotency-Key rotate twice, and neither is shown the other's secret."""
    endpoint, _ = add(engine, "http://127.0.0.1:9/hook")
    senders = ("key_1", "key_2", "key_1", "")
    one, two, again, nobody = (
        rotate_secret(engine, SETTINGS, endpoint.id, now=time.now, idempotency_key="a", sender=sender)
        for sender in senders
    )
    assert one == again
    assert len({one, two, nobody}) == 3


def test_rotation_signs_with_both_for_a_day(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """For 24 hours after a rotation the old and the new secret verify a message; then only the new one."""
    receiver = desk()
    endpoint, old = add(engine, receiver.url)
    new = rotate_secret(engine, SETTINGS, endpoint.id, now=time.now)
    for hours, holders in ((23, [old, new]), (2, [new])):
        time.move(hours=hours)
        ping(engine, endpoint.id, now=time.now)
        deliver(engine, time)
        headers, body = receiver.requests[-1]
        assert json.loads(body)["type"] == "endpoint.ping"
        for secret in holders:
            signing.verify([secret], headers, body, now=time.now)
        assert len(headers["webhook-signature"].split(" ")) == len(holders)


def test_lost_key_is_an_outcome(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """A secret that no key opens fails its own delivery, says so, and holds up nobody else."""
    receiver = desk()
    broken, _ = add(engine, receiver.url, desk="broken")
    add(engine, receiver.url, desk="whole")
    with engine.begin() as connection:
        connection.execute(
            update(tables.endpoints).where(tables.endpoints.c.id == broken.id).values(secret=b"lost")
        )
    post(engine, time, desk="broken")
    post(engine, time, desk="whole")
    assert deliver(engine, time) == {"pending": 1, "delivered": 1}
    with engine.connect() as connection:
        (attempt,) = deliveries.attempts_of(connection, delivery_to(engine, broken).id)
    assert attempt.outcome == "unsigned"
    assert "TONNAGE_SECRET_KEYS" in attempt.reason
