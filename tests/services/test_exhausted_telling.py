"""What ops is told of deliveries given up by faults of ours, while several workers settle at once."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest
from delivery_stage import LEASE, SETTINGS, Time, add, delivery_to, post
from sqlalchemy import Engine, select, text, update

from alerts.delivery.attempts import PATIENCE, Failure, Outcome, settle
from alerts.delivery.client import Client
from services.storage import endpoints, tables
from services.usecases import settle_deliveries
from services.usecases.attempt_delivery import Sender, Sent
from services.work import deliveries as claims
from services.work.deliveries import Claim

GIVEN_UP = Outcome(None, Failure.OURS, "a fault of ours, RuntimeError", 0.0)
TAKEN = Outcome(200, None, "", 0.1)
GONE = Outcome(410, None, "", 0.1)


def worker(engine: Engine, time: Time) -> Sender:
    """A sender that settles and sends nothing."""
    return Sender(engine, SETTINGS, cast("Client", None), time, lambda: 0.5)


def claimed(sender: Sender, time: Time, limit: int) -> list[Claim]:
    with sender.engine.begin() as connection:
        return claims.claim(
            connection, now=time.now, lease=LEASE, owner=sender.owner, limit=limit, per_endpoint=4
        )


def sent(claim: Claim, outcome: Outcome, time: Time) -> Sent:
    """An attempt that came to ``outcome``; one that failed by a fault of ours is the last of five days."""
    first = time.now - PATIENCE
    settlement = settle(outcome, attempt=1, now=time.now, jitter=0.5, ours_since=first)
    return Sent(replace(claim, ours_since=first), time.now, outcome, settlement)


def told(engine: Engine, event_type: str) -> list[dict[str, Any]]:
    query = select(tables.messages.c.payload).where(
        tables.messages.c.desk == "ops", tables.messages.c.event_type == event_type
    )
    with engine.connect() as connection:
        return [payload["data"] for payload in connection.execute(query).scalars()]


def until_wait(engine: Engine, sessions: int, done: Sequence[Future[None]]) -> None:
    """Return once so many sessions of this database wait for locks."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    until = clock.monotonic() + 60
    while True:
        with engine.connect() as connection:
            if connection.execute(query).scalar_one() == sessions:
                return
        assert clock.monotonic() < until
        assert not any(each.done() for each in done)


def test_two_workers_that_give_up_at_once_tell_ops_once(engine: Engine, time: Time) -> None:
    """Each settles a delivery of its own in the same moment; ops has one message of it within the hour."""
    ops, _ = add(engine, "http://127.0.0.1:9/ops", desk="ops")
    add(engine, "http://127.0.0.1:9/hook")
    post(engine, time, 2)
    workers = [worker(engine, time) for _ in range(2)]
    work = [(each, [sent(claim, GIVEN_UP, time) for claim in claimed(each, time, 1)]) for each in workers]
    assert [len(batch) for _, batch in work] == [1, 1]
    with ThreadPoolExecutor(2) as pool:
        with engine.begin() as connection:  # both come as far as they can before either has told
            endpoints.lock(connection, tables.endpoints.c.id == ops.id)
            done = [pool.submit(settle_deliveries.settle, sender, batch) for sender, batch in work]
            until_wait(engine, 2, done)
        for each in done:
            each.result(timeout=60)
    assert [each["count"] for each in told(engine, "deliveries.exhausted")] == [1]


@pytest.mark.parametrize("outcome", [None, TAKEN], ids=["is being sent", "has arrived"])
def test_what_another_worker_has_now_is_not_told_as_given_up(
    outcome: Outcome | None, engine: Engine, time: Time
) -> None:
    """A lease that passed to another worker takes the giving up with it, and ops is told nothing."""
    add(engine, "http://127.0.0.1:9/ops", desk="ops")
    hook, _ = add(engine, "http://127.0.0.1:9/hook")
    post(engine, time)
    late, other = worker(engine, time), worker(engine, time)
    (first,) = claimed(late, time, 1)
    time.move(seconds=LEASE.total_seconds() + 1)
    (second,) = claimed(other, time, 1)
    assert second.id == first.id
    if outcome is not None:
        settle_deliveries.settle(other, [sent(second, outcome, time)])
    settle_deliveries.settle(late, [sent(first, GIVEN_UP, time)])
    assert delivery_to(engine, hook).status == ("pending" if outcome is None else "delivered")
    assert told(engine, "deliveries.exhausted") == []


def test_telling_ops_waits_for_no_release_crosswise(engine: Engine, time: Time) -> None:
    """Beside a release that tells both endpoints in order, one disabled and one given up are both told."""
    for _ in range(2):
        add(engine, "http://127.0.0.1:9/ops", desk="ops")
    dead, _ = add(engine, "http://127.0.0.1:9/dead")
    add(engine, "http://127.0.0.1:9/hook")
    post(engine, time)
    with engine.begin() as connection:
        low, high = sorted(each.id for each in endpoints.listed(connection, desk="ops"))
        for id_, wanted in ((low, "deliveries.exhausted"), (high, "endpoint.disabled")):
            chosen = update(tables.endpoints).where(tables.endpoints.c.id == id_)
            connection.execute(chosen.values(event_types=[wanted]))
    sender = worker(engine, time)
    batch = [
        sent(claim, GONE if claim.endpoint_id == dead.id else GIVEN_UP, time)
        for claim in claimed(sender, time, 2)
    ]
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as release:
            endpoints.lock(release, tables.endpoints.c.id == low)
            done = pool.submit(settle_deliveries.settle, sender, batch)
            until_wait(engine, 1, [done])
            release.execute(text("SET LOCAL lock_timeout = '900ms'"))  # a deadlock is found after 1 s
            endpoints.lock(release, tables.endpoints.c.id == high)
        done.result(timeout=60)
    assert [each["endpoint"]["id"] for each in told(engine, "endpoint.disabled")] == [dead.id]
    assert [each["count"] for each in told(engine, "deliveries.exhausted")] == [1]


def test_a_telling_that_fails_takes_no_settlement_with_it(
    engine: Engine, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given up it is all the same, with its attempt written once; only ops is not told."""
    add(engine, "http://127.0.0.1:9/ops", desk="ops")
    hook, _ = add(engine, "http://127.0.0.1:9/hook")
    post(engine, time)
    sender = worker(engine, time)

    def broken(**_: object) -> dict[str, Any]:
        raise RuntimeError("planted")

    monkeypatch.setattr(settle_deliveries, "exhausted_event", broken)
    settle_deliveries.settle(sender, [sent(claim, GIVEN_UP, time) for claim in claimed(sender, time, 1)])
    assert delivery_to(engine, hook).status == "exhausted"
    assert told(engine, "deliveries.exhausted") == []
