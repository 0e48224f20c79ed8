"""Forecasters: the named sources of forecasts that are not the service's own."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, Connection, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from forecasting.submitted_forecasts import Forecaster
from services.storage.tables import forecasters

_COLUMNS = (forecasters.c.id, forecasters.c.name, forecasters.c.desk)


def put(connection: Connection, forecaster: Forecaster, *, now: dt.datetime) -> None:
    """Add a forecaster, or name the one of its id anew; whose it is stays as it was."""
    row = {"id": forecaster.id, "name": forecaster.name, "desk": forecaster.desk, "created_at": now}
    statement = insert(forecasters).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"name": forecaster.name}))


def get(connection: Connection, forecaster_id: str) -> Forecaster | None:
    """One forecaster, whoever it belongs to; None where there is none of that id."""
    row = connection.execute(select(*_COLUMNS).where(forecasters.c.id == forecaster_id)).first()
    return None if row is None else Forecaster(row.id, row.name, row.desk)


def listed(connection: Connection, *, desk: str | None = None) -> list[Forecaster]:
    """Forecasters by id; with ``desk`` its own and those of every desk."""
    query = select(*_COLUMNS).where(seen_by(desk)).order_by(forecasters.c.id)
    return [Forecaster(row.id, row.name, row.desk) for row in connection.execute(query)]


def count(connection: Connection, desk: str | None) -> int:
    """How many forecasters are a desk's own; with None how many are of every desk."""
    query = select(func.count()).select_from(forecasters)
    return int(connection.execute(query.where(forecasters.c.desk.is_not_distinct_from(desk))).scalar_one())


def seen_by(desk: str | None) -> ColumnElement[bool]:
    """Condition: a forecaster may be seen by a desk; ``desk`` None sees all."""
    return true() if desk is None else or_(forecasters.c.desk.is_(None), forecasters.c.desk == desk)
