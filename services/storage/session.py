"""Engines and transactions."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import psycopg
from psycopg import Connection as Driver
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled, SerializationFailure
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, Engine, NullPool, PoolProxiedConnection, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

__all__ = [
    "CONNECTIONS",
    "Connection",
    "Engine",
    "bounds_of",
    "cut_short",
    "engine_for",
    "in_one_trip",
    "lost",
    "passing_engine_for",
]

CONNECTIONS = 15
"""To the database, by one engine of a process at most."""

_BOUNDS = "tonnage_bounds"


@cache
def engine_for(
    database_url: str, *, statement_seconds: float | None = None, lock_seconds: float | None = None
) -> Engine:
    """Engine of one database for this process; a lost connection is noticed before it is used.

    Where given, no statement takes longer than so many seconds, and none waits longer for a lock: set anew in
    each transaction, since behind PgBouncer the next one may be on another connection.
    At most 15 connections, all kept: one that is closed after its burst is made anew in the next.
    Errors do not show what a statement was given, since that may be a secret and errors are logged.
    """
    asked = {"statement_timeout": statement_seconds, "lock_timeout": lock_seconds}
    given = {name: max(1, round(1000 * seconds)) for name, seconds in asked.items() if seconds is not None}
    bounds = "".join(f"SET LOCAL {name} = {value};" for name, value in given.items())
    engine = create_engine(
        database_url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_use_lifo=True,
        pool_pre_ping=not given,
        hide_parameters=True,
        execution_options={_BOUNDS: bounds.encode()},
    )
    if given:
        event.listen(engine, "begin", _begin_bounded)
    return engine


def bounds_of(engine: Engine) -> bytes:
    """Statements that set the bounds of an engine within a transaction; none where it has no bounds."""
    bounds: bytes = engine.get_execution_options().get(_BOUNDS, b"")
    return bounds


def _begin_bounded(connection: Connection) -> None:
    """Begin a transaction with its bounds in one round trip, which is the ping of its connection too.

    The driver sees that one is open, and begins none itself.
    """
    begin = b"BEGIN;" + bounds_of(connection.engine)
    for _ in range(CONNECTIONS + 1):  # after a restart of the server each that was kept is lost
        result = in_one_trip(connection.connection, begin)
        if result is not None and result.status == ExecStatus.COMMAND_OK:
            return
        connection.invalidate()
    raise lost()


def in_one_trip(lent: PoolProxiedConnection, message: bytes) -> PGresult | None:
    """The last answer to a message of one or more statements; None where the connection is lost."""
    driver: Driver[Any] | None = lent.driver_connection
    if driver is None:
        return None
    try:
        result = driver.pgconn.exec_(message)
    except psycopg.OperationalError:
        return None
    return result if driver.pgconn.status == ConnStatus.OK else None


def lost() -> OperationalError:
    """The error that no connection to the database lasts."""
    why = psycopg.OperationalError("The database ends each connection that it takes.")
    return OperationalError(None, None, why)


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
