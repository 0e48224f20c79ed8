"""Migrations stand in one line, each named by its number; what one makes of rows that are there."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text

import services.storage.migrations
from services.storage import schema

HERE = Path(services.storage.migrations.__file__).parent


def test_migrations_stand_in_one_line() -> None:
    """No two come after the same one, and the file of each begins with its number."""
    steps = list(ScriptDirectory(str(HERE)).walk_revisions())
    numbers = [step.revision for step in steps]
    assert numbers == sorted(numbers, reverse=True)
    assert [step.down_revision for step in steps] == [*numbers[1:], None]
    assert all(Path(step.path).name.startswith(f"{step.revision}_") for step in steps)


def test_releases_told_before_0027_are_told_to_nobody_again(empty_database_url: str) -> None:
    """Whom a release was told, its messages say; one that was told to nobody waits for whoever hears it."""
    schema.upgrade(empty_database_url, "0026")
    engine = create_engine(empty_database_url)
    release = "INSERT INTO overdue_releases VALUES ('customs', :first, :months, now(), now(), '{A}')"
    message = "INSERT INTO messages VALUES (:id, :desk, :type, NULL, CAST(:payload AS jsonb), now())"
    said = [
        ("metals", "data.overdue", "2025-01..2025-02"),
        ("soy", "data.overdue", "2025-01..2025-02"),
        ("soy", "data.overdue", "2025-03"),
        ("soy", "alert.opened", "2025-04"),
    ]
    with engine.begin() as connection:
        for first, months in (("2025-01-01", 2), ("2025-03-01", 1), ("2025-04-01", 1)):
            connection.execute(text(release), {"first": first, "months": months})
        for number, (desk, kind, period) in enumerate(said):
            payload = json.dumps({"data": {"calendar": "customs", "period": period}})
            given = {"id": f"msg_{number}", "desk": desk, "type": kind, "payload": payload}
            connection.execute(text(message), given)
    schema.upgrade(empty_database_url)
    with engine.connect() as connection:
        query = text("SELECT first_month::text, months, desk, series FROM overdue_releases ORDER BY 1, 3")
        rows = [tuple(row) for row in connection.execute(query)]
    assert rows == [
        ("2025-01-01", 2, "metals", ["A"]),
        ("2025-01-01", 2, "soy", ["A"]),
        ("2025-03-01", 1, "soy", ["A"]),
    ]
    command.downgrade(schema.configuration(empty_database_url), "0026")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM overdue_releases")).scalar_one() == 2
    engine.dispose()


def test_two_migrations_at_once_are_one_after_the_other(empty_database_url: str) -> None:
    """Two processes that migrate an empty database in the same moment both end well, and it is whole."""
    command_line = [sys.executable, "-c", "from services.cli import app; app()", "migrate"]
    environment = {**os.environ, "DATABASE_URL": empty_database_url}
    started = [
        subprocess.Popen(command_line, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for each in started:
        _, said = each.communicate(timeout=120)
        assert each.returncode == 0, said
    engine = create_engine(empty_database_url)
    assert schema.at_head(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    engine.dispose()


def test_migrations_wait_for_others_so_long_and_no_longer(empty_database_url: str) -> None:
    """While others run they change nothing: past their patience they say so, else go on once those end."""
    engine = create_engine(empty_database_url)
    with engine.begin() as others, ThreadPoolExecutor(1) as pool:
        schema.alone(others, dt.timedelta(seconds=1))
        with pytest.raises(schema.MigrationsRunningError, match=r"in 0\.2 s.*tonnage migrate"):
            schema.upgrade(empty_database_url, patience=dt.timedelta(seconds=0.2))
        with engine.connect() as connection:
            assert schema.revision(connection) is None
        waiting = pool.submit(schema.upgrade, empty_database_url)
        until = time.monotonic() + 30
        while not _waits(engine):
            assert time.monotonic() < until
            assert not waiting.done()
        others.rollback()
        waiting.result(timeout=120)
    assert schema.at_head(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "0"
    engine.dispose()


def test_a_recording_under_way_is_never_aborted_by_migrations(empty_database_url: str) -> None:
    """They wait for what it holds; it waits for nothing of theirs as it goes on; then they end."""
    schema.upgrade(empty_database_url, "0030")
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        endpoint = "INSERT INTO endpoints (id, desk, url, secret, status, created_at)"
        connection.execute(text(f"{endpoint} VALUES ('e', 'metals', 'http://x', '', 'enabled', now())"))
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as recording:
            record(recording)
            migrating = pool.submit(schema.upgrade, empty_database_url)
            until = time.monotonic() + 60
            while not _waits(engine, "relation"):
                assert time.monotonic() < until
                assert not migrating.done()
            recording.execute(text("SET LOCAL lock_timeout = '900ms'"))  # a deadlock is found after 1 s
            deliver(recording)
            assert not migrating.done()
        migrating.result(timeout=120)
    assert schema.at_head(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM deliveries")).scalar_one() == 1
    engine.dispose()


def test_migrations_give_way_to_whoever_waits_behind_them(empty_database_url: str) -> None:
    """They ask for a held table for a moment only, and try again until it is free: others are let through."""
    schema.upgrade(empty_database_url, "0030")
    engine = create_engine(empty_database_url)
    moment = dt.timedelta(seconds=0.5)
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as reading:
            reading.execute(text("SELECT count(*) FROM deliveries"))
            migrating = pool.submit(schema.upgrade, empty_database_url, give_way=moment)
            for _ in range(2):
                until = time.monotonic() + 60
                while not _waits(engine, "relation"):
                    assert time.monotonic() < until
                    assert not migrating.done()
                with engine.connect() as behind:
                    behind.execute(text("SET statement_timeout = '20s'"))
                    behind.execute(text("SELECT count(*) FROM deliveries"))
        migrating.result(timeout=120)
    assert schema.at_head(engine)
    engine.dispose()


def test_migrations_that_never_get_a_table_say_so(empty_database_url: str) -> None:
    """Past their patience they name the revision and what to do; what came before it stays."""
    schema.upgrade(empty_database_url, "0032")
    engine = create_engine(empty_database_url)
    with engine.begin() as recording:
        record(recording)
        with pytest.raises(schema.TablesHeldError, match=r"0033.*0\.3 s.*tonnage migrate"):
            schema.upgrade(
                empty_database_url,
                patience=dt.timedelta(seconds=0.3),
                give_way=dt.timedelta(seconds=0.1),
            )
    with engine.connect() as connection:
        assert schema.revision(connection) == "0032"
    schema.upgrade(empty_database_url)
    assert schema.at_head(engine)
    engine.dispose()


def record(connection: Connection) -> None:
    """What a recording that has not ended holds: rows of jobs, then of messages."""
    job = "INSERT INTO jobs (kind, key, arguments, status, due_at, created_at)"
    connection.execute(text(f"{job} VALUES ('refit', 'A', '{{}}', 'pending', now(), now())"))
    connection.execute(text("INSERT INTO messages VALUES ('m', 'metals', 'alert.opened', NULL, '{}', now())"))


def deliver(connection: Connection) -> None:
    """What it goes on to: a row of deliveries."""
    delivery = "INSERT INTO deliveries (message_id, endpoint_id, sequence, body, status, due_at, created_at)"
    connection.execute(text(f"{delivery} VALUES ('m', 'e', 1, '', 'pending', now(), now())"))


def _waits(engine: Engine, locktype: str = "advisory") -> bool:
    """Whether somebody waits for a lock of a type."""
    query = text("SELECT count(*) FROM pg_locks WHERE locktype = :type AND NOT granted")
    with engine.connect() as connection:
        return bool(connection.execute(query, {"type": locktype}).scalar_one())
