"""Engines and transactions."""

from __future__ import annotations

from contextlib import closing
from functools import cache
from typing import Literal

from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled, SerializationFailure
from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError

__all__ = ["Connection", "Engine", "cut_short", "engine_for", "passing_engine_for"]


@cache
def engine_for(
    database_url: str, *, statement_seconds: float | None = None, lock_seconds: float | None = None
) -> Engine:
    """Engine of one database for this process; a lost connection is noticed before it is used.

    Where given, no statement takes longer than so many seconds, and none waits longer for a lock: set anew in
    each transaction, since behind PgBouncer the next one may be on another connection.
    Errors do not show what a statement was given, since that may be a secret and errors are logged.
    """
    engine = create_engine(
        database_url, pool_pre_ping=True, pool_size=5, max_overflow=10, hide_parameters=True
    )
    bounds = {"statement_timeout": statement_seconds, "lock_timeout": lock_seconds}
    given = {name: max(1, round(1000 * seconds)) for name, seconds in bounds.items() if seconds is not None}
    if given:
        each = (f"set_config('{name}', '{milliseconds}', true)" for name, milliseconds in given.items())
        set_all = "SELECT " + ", ".join(each)

        def bound(connection: Connection) -> None:
            with closing(connection.connection.cursor()) as cursor:  # the driver's: every transaction pays
                cursor.execute(set_all)

        event.listen(engine, "begin", bound)
    return engine


def cut_short(error: DBAPIError) -> Literal["slow", "waiting"] | None:
    """Why PostgreSQL ended a statement that it had taken: it took too long, or others had what it waits for.

    None for any other error, such as a database that is away.
    """
    if isinstance(error.orig, QueryCanceled):
        return "slow"
    others = (LockNotAvailable, DeadlockDetected, SerializationFailure)
    return "waiting" if isinstance(error.orig, others) else None


def passing_engine_for(database_url: str) -> Engine:
    """Engine that keeps no connection, and gives up on a server that does not answer within 2 s.

    For a process that forks, whose children would share what is open, and that must not wait.
    """
    bounds = {"connect_timeout": 2, "tcp_user_timeout": 2000}
    return create_engine(database_url, poolclass=NullPool, hide_parameters=True, connect_args=bounds)
