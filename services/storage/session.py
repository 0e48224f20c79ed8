"""Engines and transactions."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, Engine, create_engine


@cache
def engine_for(database_url: str) -> Engine:
    """Engine of one database for this process; a lost connection is noticed before it is used.

    Errors do not show what a statement was given, since that may be a secret and errors are logged.
    """
    return create_engine(database_url, pool_pre_ping=True, pool_size=5, max_overflow=10, hide_parameters=True)


__all__ = ["Connection", "Engine", "engine_for"]
