"""Series: what is measured, in which unit, and what it is related to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.storage.tables import series


@dataclass(frozen=True, slots=True)
class SeriesRecord:
    """One series as it is registered; ``unit`` never changes once a figure is held."""

    id: str
    name: str
    unit: str
    family: str | None = None
    tags: tuple[str, ...] = field(default=())
    reporter: str | None = None
    partner: str | None = None
    commodity: str | None = None
    hs_code: str | None = None
    source: str | None = None


_COLUMNS = [column for column in series.c if column.name != "created_at"]


def register(connection: Connection, records: Iterable[SeriesRecord], *, now: dt.datetime) -> None:
    """Add series, or describe those that are there anew; their unit stays as it was."""
    rows = [{**asdict(record), "tags": list(record.tags), "created_at": now} for record in records]
    if not rows:
        return
    statement = insert(series)
    changed = {
        column.name: statement.excluded[column.name]
        for column in _COLUMNS
        if column.name not in {"id", "unit"}
    }
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), rows)


def lock(connection: Connection, ids: Collection[str]) -> dict[str, SeriesRecord]:
    """The series named, locked until the transaction ends, so that two uploads of one take turns."""
    query = (
        select(*_COLUMNS).where(series.c.id.in_(ids)).order_by(series.c.id).with_for_update(key_share=True)
    )
    return {row.id: _record(row._asdict()) for row in connection.execute(query)}


def get(connection: Connection, series_id: str) -> SeriesRecord | None:
    """One series; None where it is not registered."""
    row = connection.execute(select(*_COLUMNS).where(series.c.id == series_id)).first()
    return None if row is None else _record(row._asdict())


def every(connection: Connection) -> list[SeriesRecord]:
    """All series by id."""
    return [_record(row._asdict()) for row in connection.execute(select(*_COLUMNS).order_by(series.c.id))]


def of_ids(connection: Connection, ids: Collection[str]) -> list[SeriesRecord]:
    """Those of the series named that are registered, by id."""
    query = select(*_COLUMNS).where(series.c.id.in_(ids)).order_by(series.c.id)
    return [_record(row._asdict()) for row in connection.execute(query)]


def listed(
    connection: Connection,
    *,
    family: str | None = None,
    tag: str | None = None,
    after: str = "",
    limit: int | None = 100,
) -> list[SeriesRecord]:
    """Series by id, of a family or tag where given, those after ``after``, at most ``limit`` (None: all)."""
    query = select(*_COLUMNS).where(series.c.id > after).order_by(series.c.id).limit(limit)
    if family is not None:
        query = query.where(series.c.family == family)
    if tag is not None:
        query = query.where(series.c.tags.contains([tag]))
    return [_record(row._asdict()) for row in connection.execute(query)]


def _record(row: dict[str, object]) -> SeriesRecord:
    return SeriesRecord(**{**row, "tags": tuple(row["tags"])})  # type: ignore[arg-type]  # columns are named as fields
