"""A database as a folder of checked files, and back: one snapshot, by COPY, without PostgreSQL's tools.

A folder holds one gzipped file a table and ``manifest.json``, written last: what has no manifest is not a
backup. The keys that webhook secrets are encrypted with are not in it; keep TONNAGE_SECRET_KEYS beside it.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, inspect, text

from services.storage import schema
from services.storage.tables import metadata

MANIFEST = "manifest.json"
FORMAT = 1
_CHUNK = 1 << 20


class BackupError(Exception):
    """A backup that cannot be made or put back; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a backup holds: rows by table, and the bytes of its files."""

    folder: Path
    rows: dict[str, int]
    size: int


def back_up(engine: Engine, folder: Path, *, now: dt.datetime) -> Kept:
    """Write every table, as of one moment, into a new or empty folder. BackupError.

    Readers and writers go on meanwhile: the snapshot is one read-only transaction.
    """
    if folder.exists() and not folder.is_dir():
        raise BackupError(f"{folder} is a file; name a new folder for each backup.")
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty; name a new folder for each backup.")
    if not schema.at_head(engine):
        raise BackupError("The schema is not at the newest migration; run tonnage migrate before a backup.")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BackupError(f"{folder} cannot be made: {error.strerror}.") from error
    tables: dict[str, Any] = {}
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        for table in metadata.sorted_tables:
            columns = [column.name for column in table.columns]
            query = sql.SQL("COPY {} ({}) TO STDOUT").format(
                sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
            )
            file = folder / f"{table.name}.copy.gz"
            with _driver(connection).cursor() as cursor:
                with cursor.copy(query) as copy, gzip.open(file, "wb", compresslevel=6) as out:
                    for block in copy:
                        out.write(block)
                rows = cursor.rowcount
            tables[table.name] = {"columns": columns, "rows": rows, "sha256": _digest(file)}
        revision = schema.revision(connection)
    manifest = {"format": FORMAT, "made_at": now.isoformat(), "revision": revision, "tables": tables}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    return Kept(folder, {name: each["rows"] for name, each in tables.items()}, _size(folder))


def restore(engine: Engine, folder: Path) -> Kept:
    """Put a backup into a database that holds nothing, and bring that to the newest migration.

    BackupError, before anything is written, where a file is missing or changed, or the database holds rows.
    """
    manifest = read(folder)
    held = set(inspect(engine).get_table_names())
    if held & set(metadata.tables):
        with engine.connect() as connection:
            full = [name for name in sorted(held & set(metadata.tables)) if _any_row(connection, name)]
        if full:
            raise BackupError(
                f"The database holds rows already, in {', '.join(full)}; restore into an empty one."
            )
    url = engine.url.render_as_string(hide_password=False)
    schema.upgrade(url, manifest["revision"])
    with engine.begin() as connection:
        for name, table in manifest["tables"].items():
            query = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, table["columns"]))
            )
            with _driver(connection).cursor() as cursor:
                with cursor.copy(query) as copy, gzip.open(folder / f"{name}.copy.gz", "rb") as file:
                    while block := file.read(_CHUNK):
                        copy.write(block)
                if cursor.rowcount != table["rows"]:
                    raise BackupError(f"{name}: {cursor.rowcount} rows came of {table['rows']}.")
            _advance(connection, name)
    schema.upgrade(url)
    with engine.begin() as connection:
        # Transactions are numbered anew here; what is restored comes before whatever follows.
        connection.execute(text("UPDATE alert_events SET transaction = 0"))
    return Kept(folder, {name: each["rows"] for name, each in manifest["tables"].items()}, _size(folder))


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a backup whose files are whole; BackupError."""
    try:
        held: object = json.loads((folder / MANIFEST).read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise BackupError(
            f"{folder} holds no {MANIFEST}: it is no backup, or one that was broken off."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BackupError(f"{folder / MANIFEST} cannot be read ({error}); take another backup.") from error
    if not isinstance(held, dict) or not {"format", "tables"} <= held.keys():
        raise BackupError(f"{folder / MANIFEST} is no manifest of ours; take another backup.")
    manifest: dict[str, Any] = held
    if manifest["format"] != FORMAT:
        raise BackupError(f"{folder} is of format {manifest['format']}; this version reads {FORMAT}.")
    for name, table in manifest["tables"].items():
        file = folder / f"{name}.copy.gz"
        if not file.exists() or _digest(file) != table["sha256"]:
            raise BackupError(f"{file} is missing or was changed; take another backup.")
    return manifest


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def _any_row(connection: Connection, name: str) -> bool:
    return connection.execute(metadata.tables[name].select().limit(1)).first() is not None


def _advance(connection: Connection, name: str) -> None:
    """Number what is added later after what was restored."""
    for column in metadata.tables[name].columns:
        if column.identity is not None:
            statement = sql.SQL(
                "SELECT setval(pg_get_serial_sequence({name}, {column}), greatest(max({field}), 1), "
                "max({field}) IS NOT NULL) FROM {table}"
            ).format(
                name=sql.Literal(name),
                column=sql.Literal(column.name),
                field=sql.Identifier(column.name),
                table=sql.Identifier(name),
            )
            _driver(connection).execute(statement)


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as read_from:
        while block := read_from.read(_CHUNK):
            yield block


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    for block in _blocks(file):
        digest.update(block)
    return digest.hexdigest()


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())
