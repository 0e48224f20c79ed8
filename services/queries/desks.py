"""Desks: who there is to tell."""

from __future__ import annotations

from sqlalchemy import Connection

from services.queries.slices import Slice, sliced
from services.storage import desks
from services.storage.desks import Desk


def listed(connection: Connection, *, desk: str | None = None, after: str = "", limit: int) -> Slice[Desk]:
    """Desks by name, those after ``after``; with ``desk`` that one alone."""
    return sliced(desks.listed(connection, desk=desk, after=after, limit=limit + 1), limit)
