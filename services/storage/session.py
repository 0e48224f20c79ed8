"""Engines and transactions."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, Engine, NullPool, create_engine


@cache
def engine_for(database_url: str) -> Engine:
    """Engine of one database for this process; a lost connection is noticed before it is used.

    Errors do not show what a statement was given, since that may be a secret and errors are logged.
    """
    return create_engine(database_url, pool_pre_ping=True, pool_size=5, max_overflow=10, hide_parameters=True)


def passing_engine_for(database_url: str) -> Engine:
    """Engine that keeps no connection, and gives up on a server that does not answer within 2 s.

    For a process that forks, whose children would share what is open, and that must not wait.
    """
    bounds = {"connect_timeout": 2, "tcp_user_timeout": 2000}
    return create_engine(database_url, poolclass=NullPool, hide_parameters=True, connect_args=bounds)


__all__ = ["Connection", "Engine", "engine_for", "passing_engine_for"]
