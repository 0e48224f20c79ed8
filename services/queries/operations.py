"""Operations: what waits, what was given up, which parts live, and how often the intervals have held."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from services.storage import vitals
from services.storage.vitals import Coverage, Vitals

__all__ = ["Coverage", "Vitals", "coverage", "state"]


def state(connection: Connection, *, now: dt.datetime) -> Vitals:
    """The state of the installation at a moment; ages in seconds. Pending rows alone are read."""
    return vitals.vitals(connection, now=now)


def coverage(connection: Connection, *, portfolio: str, now: dt.datetime) -> list[Coverage]:
    """Shares, 0 to 1, of the last year's figures inside a portfolio's intervals, by months ahead."""
    return vitals.coverage(connection, portfolio=portfolio, now=now)
