"""`tonnage doctor` finds what is wrong on real servers and says what to do."""

from __future__ import annotations

from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import create_engine

from services import bootstrap
from services.doctor import examine
from services.settings import Settings
from services.storage import heartbeats
from services.usecases.manage_endpoints import add_endpoint
from services.usecases.manage_keys import add_key

KEY = SecretStr(Fernet.generate_key().decode())


def wrong(settings: Settings) -> dict[str, str]:
    """What to do, by what was found wrong."""
    engine = create_engine(settings.database_url)
    found = examine(settings, engine, now=bootstrap.now())
    engine.dispose()
    assert found
    return {finding.what: finding.do for finding in found if not finding.well}


def test_servers_that_are_away_are_named() -> None:
    """Without database and broker both are said, each with its variable."""
    settings = Settings(
        DATABASE_URL="postgresql+psycopg://127.0.0.1:1/nowhere", REDIS_URL="redis://127.0.0.1:1/0"
    )
    found = wrong(settings)
    assert len(found) == 2
    assert any("REDIS_URL" in do for do in found.values())
    assert any("DATABASE_URL" in do for do in found.values())


def test_an_empty_database_wants_migrating(empty_database_url: str, valkey_url: str) -> None:
    """On an empty database the next step is tonnage migrate, and nothing else of it is guessed at."""
    found = wrong(Settings(DATABASE_URL=empty_database_url, REDIS_URL=valkey_url, secret_keys=(KEY,)))
    assert list(found.values()) == ["Run tonnage migrate."]


def test_what_works_is_well_and_a_lost_key_is_found(database_url: str, valkey_url: str) -> None:
    """A working installation has no finding; with another key in force its secrets cannot be read."""
    settings = Settings(DATABASE_URL=database_url, REDIS_URL=valkey_url, secret_keys=(KEY,))
    found = wrong(settings)
    assert any("never" in what for what in found)
    assert any("tonnage key add" in do for do in found.values())
    engine = create_engine(database_url)
    with engine.begin() as connection:
        add_key(connection, name="ops", scopes=["admin"], now=bootstrap.now())
        for part in (heartbeats.TASK, heartbeats.SWEEPER, *map(heartbeats.worker, heartbeats.QUEUES)):
            heartbeats.beat(connection, part, now=bootstrap.now())
    add_endpoint(engine, settings, desk="magnets", url="https://desk.example/", now=bootstrap.now())
    assert wrong(settings) == {}
    other = settings.model_copy(update={"secret_keys": (SecretStr(Fernet.generate_key().decode()),)})
    assert any("TONNAGE_SECRET_KEYS" in do for do in wrong(other).values())
    engine.dispose()
