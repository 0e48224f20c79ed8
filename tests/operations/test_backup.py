"""A backup put back is the same installation, and what is not whole or not empty is refused."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, inspect, select, text

from services.ingestion.readers import read_csv
from services.settings import Settings
from services.storage import schema, series
from services.storage.backup import BackupError, back_up, restore
from services.storage.series import SeriesRecord
from services.storage.tables import deliveries, metadata
from services.usecases.manage_endpoints import add_endpoint, ping
from services.usecases.record_observations import record_observations

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NEW_SERIES = text(
    "INSERT INTO series (id, name, unit, tags, created_at) VALUES (:id, 'under load', 't', '{}', :now)"
)
"""As the code of 0006 adds one: the code of today knows columns that are not there yet."""
DEMO = Path(__file__).parents[2] / "services" / "demo"
SETTINGS = Settings(secret_keys=(SecretStr(Fernet.generate_key().decode()),))


def installed(database_url: str) -> Engine:
    """An installation with the demo's history, an endpoint and a message that waits."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        registered = [SeriesRecord(**each) for each in json.loads((DEMO / "series.json").read_text())]
        series.register(connection, registered, now=NOW)
        figures = read_csv((DEMO / "rare_earth.csv").read_bytes(), limit=10_000_000)
        record_observations(
            connection, figures, source="test", now=NOW, budget=0.1, portfolio="standard", history=True
        )
    endpoint, _ = add_endpoint(engine, SETTINGS, desk="magnets", url="https://desk.example/", now=NOW)
    ping(engine, endpoint.id, now=NOW)
    return engine


def rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def test_what_is_restored_is_the_same(database_url: str, empty_database_url: str, tmp_path: Path) -> None:
    """Every row of every table comes back, and the restored installation takes the next message."""
    source, target = installed(database_url), create_engine(empty_database_url)
    kept = back_up(source, tmp_path / "kept", now=NOW)
    assert kept.rows["observations"] > 100
    restore(target, tmp_path / "kept")
    assert rows(target) == rows(source)
    assert schema.at_head(target)
    with target.connect() as connection:
        endpoint_id = connection.execute(text("SELECT id FROM endpoints")).scalar_one()
    ping(target, endpoint_id, now=NOW)
    with target.connect() as connection:
        numbers = connection.execute(select(deliveries.c.sequence).order_by(deliveries.c.id)).scalars().all()
    assert numbers == [1, 2]
    source.dispose()
    target.dispose()


def test_a_database_that_holds_something_is_refused(database_url: str, tmp_path: Path) -> None:
    """Restoring over rows changes nothing and names where they are."""
    engine = installed(database_url)
    back_up(engine, tmp_path / "kept", now=NOW)
    before = rows(engine)
    with pytest.raises(BackupError, match="observations"):
        restore(engine, tmp_path / "kept")
    assert rows(engine) == before
    with pytest.raises(BackupError, match="not empty"):
        back_up(engine, tmp_path / "kept", now=NOW)
    engine.dispose()


def test_a_changed_or_broken_off_backup_is_refused(
    database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    """One changed byte, or no manifest, and nothing is written."""
    source, target = create_engine(database_url), create_engine(empty_database_url)
    folder = tmp_path / "kept"
    back_up(source, folder, now=NOW)
    with gzip.open(folder / "series.copy.gz", "wb") as file:
        file.write(b"X\tforged\n")
    with pytest.raises(BackupError, match=r"series\.copy\.gz is missing or was changed"):
        restore(target, folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(BackupError, match="broken off"):
        restore(target, folder)
    assert inspect(target).get_table_names() == []
    source.dispose()
    target.dispose()


def test_migrations_go_forward_under_load(empty_database_url: str) -> None:
    """From the schema of 0006 to the newest while figures are read and series written: no request fails."""
    schema.upgrade(empty_database_url, "0006")
    engine = create_engine(empty_database_url)
    over = threading.Event()

    def write() -> int:
        written = 0
        while not over.is_set():
            with engine.begin() as connection:
                connection.execute(NEW_SERIES, {"id": f"S{written}", "now": NOW})
                connection.execute(text("SELECT count(*) FROM deliveries")).scalar_one()
            written += 1
        return written

    with ThreadPoolExecutor(1) as writer:
        written = writer.submit(write)
        try:
            schema.upgrade(empty_database_url)
        finally:
            over.set()
        assert written.result() > 0
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM series")).scalar_one() == written.result()
    assert schema.at_head(engine)
    engine.dispose()


def test_tables_and_migrations_agree(database_url: str) -> None:
    """`alembic check` finds nothing to generate on a migrated database."""
    schema.check(database_url)
