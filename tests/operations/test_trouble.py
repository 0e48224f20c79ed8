"""The service tells ops of itself once, by its own delivery, and takes it back when it is over."""

from __future__ import annotations

import datetime as dt
import json

from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, select

from services.settings import Settings
from services.storage import heartbeats
from services.storage.messages import OPS
from services.storage.tables import deliveries
from services.usecases.manage_endpoints import add_endpoint
from services.usecases.tell_trouble import SWEEP, tell_trouble

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SETTINGS = Settings(secret_keys=(SecretStr(Fernet.generate_key().decode()),))


def told(engine: Engine, after: float) -> list[str]:
    """Types of all that ops were sent, once the sweep was looked at so many seconds after NOW."""
    with engine.begin() as connection:
        tell_trouble(connection, SWEEP, now=NOW + dt.timedelta(seconds=after))
    with engine.connect() as connection:
        bodies = connection.execute(select(deliveries.c.body).order_by(deliveries.c.id)).scalars()
        return [json.loads(body)["type"] for body in bodies]


def beat(engine: Engine, after: float) -> None:
    with engine.begin() as connection:
        heartbeats.beat(connection, heartbeats.SWEEPER, now=NOW + dt.timedelta(seconds=after))


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
