"""Secrets of endpoints on a real PostgreSQL: sealed, rotated, and signing with both for a day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import pytest
from delivery_stage import (
    SETTINGS,
    Desk,
    Time,
    add,
    deliver,
    delivery_to,
    post,
)
from sqlalchemy import Engine, update

from alerts.delivery import signing
from alerts.delivery.errors import SignatureError
from services.storage import deliveries, endpoints, tables
from services.usecases.manage_endpoints import (
    MOST_RETIRED,
    TooManySecretsError,
    ping,
    rotate_secret,
)


def test_secrets_are_not_readable_in_the_database(engine: Engine) -> None:
    """What the table holds of a secret is not the secret."""
    _, secret = add(engine, "http://127.0.0.1:9/hook")
    with engine.connect() as connection:
        stored = connection.execute(tables.endpoints.select()).one().secret
    assert secret.encode() not in stored


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
