"""A database as its migrations made it, again and again, and pasts that are told once and put back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import sql

T = TypeVar("T")

EMPTY = """
DO $$
DECLARE used text; BEGIN
    PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
    SELECT string_agg(oid::regclass::text, ', ') INTO used FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
      AND pg_relation_size(oid) > 0;
    IF used IS NOT NULL THEN EXECUTE 'TRUNCATE ' || used || ' CASCADE'; END IF;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""
"""Ends what is still connected, and leaves no row and no number drawn."""

USED = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
"""
DRAWN = "SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Past:
    """Rows by table, the last number drawn by sequence, and what telling it returned."""

    rows: dict[str, bytes]
    drawn: dict[str, int]
    returned: Any


class Pasts:
    """What takes long to tell, kept as rows by a key."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Past] = {}

    def once(self, database_url: str, key: Hashable, tell: Callable[[], T]) -> T:
        """Fill a database: by ``tell`` the first time, every other by all the rows that it held then."""
        if key not in self._kept:
            returned = tell()
            self._kept[key] = _kept(database_url, returned)
            return returned
        past = self._kept[key]
        _put(database_url, past)
        returned_then: T = past.returned
        return returned_then


def empty(database_url: str) -> None:
    """Make a database as it was before its test."""
    with _connected(database_url) as connection:
        connection.execute(EMPTY)


def _kept(database_url: str, returned: object) -> Past:
    rows: dict[str, bytes] = {}
    with _connected(database_url) as connection:
        for (table,) in connection.execute(USED).fetchall():
            out = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
            with connection.cursor().copy(out) as copy:
                rows[table] = b"".join(copy)
        return Past(rows, dict(connection.execute(DRAWN).fetchall()), returned)


def _put(database_url: str, past: Past) -> None:
    with _connected(database_url) as connection, connection.transaction():
        held = [sql.Identifier(table) for (table,) in connection.execute(USED).fetchall()]
        if held:
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(held)))
        for table, rows in past.rows.items():
            into = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))
            with connection.cursor().copy(into) as copy:
                copy.write(rows)
        for sequence, last in past.drawn.items():
            connection.execute("SELECT setval(%s::regclass, %s)", (sequence, last))


@contextlib.contextmanager
def _connected(database_url: str) -> Any:
    """A connection whose changes wake no trigger: the audit log would refuse to lose a row."""
    with contextlib.closing(psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True)) as held:
        held.execute("SET session_replication_role = replica")
        yield held
