"""The service tells ops of itself once, by its own delivery, and takes it back when it is over."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, select

from services.settings import Settings
from services.storage import heartbeats
from services.storage.messages import OPS
from services.storage.tables import deliveries
from services.usecases.manage_endpoints import add_endpoint
from services.usecases.tell_trouble import BY_SWEEP, BY_TASK, SWEEP, Part, tell_trouble

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SETTINGS = Settings(secret_keys=(SecretStr(Fernet.generate_key().decode()),))


def told(engine: Engine, after: float) -> list[str]:
    """Types of all that ops were sent, once the sweep was looked at so many seconds after NOW."""
    return [each for each, _ in told_of(engine, [SWEEP], after)]


def told_of(engine: Engine, parts: Sequence[Part], after: float) -> list[tuple[str, str]]:
    """Type and part of all that ops were sent, once parts were looked at so many seconds after NOW."""
    with engine.begin() as connection:
        tell_trouble(connection, parts, now=NOW + dt.timedelta(seconds=after))
    with engine.connect() as connection:
        bodies = connection.execute(select(deliveries.c.body).order_by(deliveries.c.id)).scalars()
        return [(told["type"], told["data"]["part"]) for told in map(json.loads, bodies)]


def beat(engine: Engine, after: float, part: str = heartbeats.SWEEPER) -> None:
    with engine.begin() as connection:
        heartbeats.beat(connection, part, now=NOW + dt.timedelta(seconds=after))


def test_a_missing_part_is_told_once_and_taken_back_once(database_url: str) -> None:
    """Nothing while it works, one message when it is missing however often it is looked at, one when back."""
    engine = create_engine(database_url)
    add_endpoint(engine, SETTINGS, desk=OPS, url="https://ops.example/", now=NOW)
    assert told(engine, 0) == []
    beat(engine, 0)
    assert told(engine, 59) == []
    assert told(engine, 61) == ["service.trouble"]
    assert told(engine, 300) == ["service.trouble"]
    beat(engine, 400)
    assert told(engine, 401) == ["service.trouble", "service.recovered"]
    assert told(engine, 402) == ["service.trouble", "service.recovered"]
    assert told(engine, 600)[2:] == ["service.trouble"]
    engine.dispose()


def test_a_part_that_never_came_is_told_too(database_url: str) -> None:
    """Each queue's workers are looked for from the first look on, whoever looks, and told once of each."""
    engine = create_engine(database_url)
    add_endpoint(engine, SETTINGS, desk=OPS, url="https://ops.example/", now=NOW)
    for part in (heartbeats.TASK, heartbeats.SWEEPER):
        beat(engine, 100, part)
    assert told_of(engine, BY_SWEEP, 0) == []
    beat(engine, 50, "worker-ingest")
    assert told_of(engine, BY_SWEEP, 60) == []
    assert told_of(engine, BY_TASK, 61) == [("service.trouble", "worker-forecast")]
    assert told_of(engine, BY_SWEEP, 109) == [("service.trouble", "worker-forecast")]
    assert told_of(engine, BY_SWEEP, 111)[1:] == [("service.trouble", "worker-ingest")]
    beat(engine, 120, "worker-forecast")
    assert told_of(engine, BY_SWEEP, 121)[2:] == [("service.recovered", "worker-forecast")]
    engine.dispose()
