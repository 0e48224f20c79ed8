"""Claims of deliveries on a real PostgreSQL: lost leases, and desks that hang or fail while others wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from delivery_stage import (
    LEASE,
    START,
    Desk,
    Time,
    add,
    deliver,
    delivery_to,
    post,
)
from sqlalchemy import Engine

from alerts.delivery.breaker import OPENS_AT
from services.storage import deliveries, endpoint_health, endpoints
from services.work import deliveries as claims


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
