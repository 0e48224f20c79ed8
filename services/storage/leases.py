"""Leases: how a row is somebody's for a time. Jobs, deliveries and schedules are such rows, by these words.

A worker takes a free row until a moment and under its name, commits, works with no transaction open, and
frees the row as it settles it. One that dies settles nothing: its lease ends, and the row is due again.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, or_

Now = dt.datetime | ColumnElement[dt.datetime]
"""The present: a moment, or the parameter of a statement that is made once and asked often."""

FREED: dict[str, None] = {"lease_until": None, "lease_owner": None}
"""Values of a row that is nobody's."""


def taken(*, owner: str | ColumnElement[str], until: Now) -> dict[str, Any]:
    """Values of a row that is an owner's until a moment."""
    return {"lease_until": until, "lease_owner": owner}


def free(rows: FromClause, now: Now) -> ColumnElement[bool]:
    """Condition: nobody holds the row, or the lease of whoever did is over."""
    return or_(rows.c.lease_until.is_(None), rows.c.lease_until <= now)


def held(rows: FromClause, now: Now) -> ColumnElement[bool]:
    """Condition: a worker holds the row."""
    return rows.c.lease_until > now


def due(rows: FromClause, now: Now) -> ColumnElement[bool]:
    """Condition: the row waits, its time has come and nobody holds it: it could be claimed."""
    return and_(rows.c.status == "pending", rows.c.due_at <= now, free(rows, now))


def ours(rows: FromClause, owner: str) -> ColumnElement[bool]:
    """Condition: the row has not passed to another owner since we took it."""
    return or_(rows.c.lease_owner == owner, rows.c.lease_owner.is_(None))
