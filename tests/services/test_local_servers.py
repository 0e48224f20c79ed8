"""The embedded PostgreSQL and Valkey, as the tests and the stack use them."""

from __future__ import annotations

import datetime as dt

import redis
import sqlalchemy as sa
from own_databases import empty

from services.local.postgres import Postgres
from services.local.valkey import Valkey
from services.storage import audit, tables
from services.storage.audit import Change

NOW = dt.datetime(2025, 8, 1, 12, tzinfo=dt.UTC)


def test_postgres_answers_on_a_socket_and_nowhere_else(postgres_server: Postgres) -> None:
    """The server is a PostgreSQL 18 that listens on no TCP address."""
    engine = sa.create_engine(postgres_server.url("postgres"))
    with engine.connect() as connection:
        assert connection.scalar(sa.text("show server_version_num")).startswith("18")
        assert connection.scalar(sa.text("show listen_addresses")) == ""
    engine.dispose()


def test_each_test_has_a_database_of_its_own(empty_database_url: str, postgres_server: Postgres) -> None:
    """A table made in one test's database is not in another's."""
    engine = sa.create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("create table mine (a int)"))
    engine.dispose()
    other = sa.create_engine(postgres_server.create("other_database"))
    assert sa.inspect(other).get_table_names() == []
    other.dispose()
    postgres_server.drop("other_database")


def test_a_test_finds_nothing_of_the_one_before(database_url: str) -> None:
    """After each test its rows are gone, those of the audit log too, and numbers are drawn from 1 again."""
    engine = sa.create_engine(database_url)
    kinds = (tables.series, tables.audit)
    change = Change(NOW, None, "left", None, None, None, "made", "LEFT", None, None)
    for _ in range(2):
        with engine.connect() as connection, connection.begin():
            held = [connection.scalar(sa.select(sa.func.count()).select_from(each)) for each in kinds]
            assert held == [0, 0]
            connection.execute(
                sa.insert(tables.series).values(id="LEFT", name="Left", unit="t", tags=[], created_at=NOW)
            )
            audit.add(connection, change)
            assert [each.id for each in audit.listed(connection, limit=9)] == [1]
        empty(database_url)
        engine.dispose()


def test_valkey_keeps_what_it_is_given_and_evicts_nothing(valkey_server: Valkey, valkey_url: str) -> None:
    """Append-only file on, eviction off, no TCP port."""
    with redis.Redis.from_url(valkey_url, decode_responses=True) as client:
        assert client.dbsize() == 0
        settings = client.config_get("appendonly", "maxmemory-policy", "port")
    assert settings == {"appendonly": "yes", "maxmemory-policy": "noeviction", "port": "0"}
