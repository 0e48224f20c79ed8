"""Engines and transactions."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, Engine, create_engine


@cache
def engine_for(database_url: str) -> Engine:
    """Engine of one database for this process; a lost connection is noticed before it is used."""
    return create_engine(database_url, pool_pre_ping=True, pool_size=5, max_overflow=10)


__all__ = ["Connection", "Engine", "engine_for"]
