"""Series: what is measured, in which unit, and what it is related to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

from sqlalchemy import Connection, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.storage.columns import among
from services.storage.restrictions import shown_to
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
    hs_edition: str | None = None
    source: str | None = None


_COLUMNS = [column for column in series.c if column.name != "created_at"]
_ONE = select(*_COLUMNS).where(series.c.id == bindparam("series_id"))

_SEARCHED = (series.c.id, series.c.name, series.c.commodity, series.c.hs_code)


@dataclass(frozen=True, slots=True)
class Group:
    """A family or a tag, and the count of series that share it."""

    name: str
    series: int


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


def add(connection: Connection, records: Iterable[SeriesRecord], *, now: dt.datetime) -> None:
    """Add series; one that is there keeps its description, though it came after the caller looked."""
    rows = [{**asdict(record), "tags": list(record.tags), "created_at": now} for record in records]
    if rows:
        connection.execute(insert(series).on_conflict_do_nothing(), rows)


def lock(connection: Connection, ids: Collection[str]) -> dict[str, SeriesRecord]:
    """The series named, locked until the transaction ends, so that two uploads of one take turns."""
    query = (
        select(*_COLUMNS).where(among(series.c.id, ids)).order_by(series.c.id).with_for_update(key_share=True)
    )
    return {row.id: _record(row._asdict()) for row in connection.execute(query)}


def get(connection: Connection, series_id: str) -> SeriesRecord | None:
    """One series; None where it is not registered."""
    row = connection.execute(_ONE, {"series_id": series_id}).first()
    return None if row is None else _record(row._asdict())


def every(connection: Connection) -> list[SeriesRecord]:
    """All series by id."""
    return [_record(row._asdict()) for row in connection.execute(select(*_COLUMNS).order_by(series.c.id))]


def of_ids(connection: Connection, ids: Collection[str]) -> list[SeriesRecord]:
    """Those of the series named that are registered, by id."""
    query = select(*_COLUMNS).where(among(series.c.id, ids)).order_by(series.c.id)
    return [_record(row._asdict()) for row in connection.execute(query)]


def listed(
    connection: Connection,
    *,
    family: str | None = None,
    tag: str | None = None,
    words: str | None = None,
    desk: str | None = None,
    after: str = "",
    limit: int | None = 100,
) -> list[SeriesRecord]:
    """Series by id, of a family or tag where given, those after ``after``, at most ``limit`` (None: all).

    Each of ``words`` must stand in the id, name, commodity or HS code, in any case. With ``desk`` only those
    that it may see.
    """
    query = select(*_COLUMNS).where(series.c.id > after).order_by(series.c.id).limit(limit)
    query = query.where(shown_to(desk, series.c.id))
    if family is not None:
        query = query.where(series.c.family == family)
    if tag is not None:
        query = query.where(series.c.tags.contains([tag]))
    for word in (words or "").split():
        query = query.where(or_(*(column.icontains(word, autoescape=True) for column in _SEARCHED)))
    return [_record(row._asdict()) for row in connection.execute(query)]


def groups(connection: Connection, kind: Literal["family", "tag"], *, desk: str | None = None) -> list[Group]:
    """Families or tags by name, each with the count of its series that a desk may see."""
    name = series.c.family if kind == "family" else func.unnest(series.c.tags)
    each = select(name.label("name")).where(shown_to(desk, series.c.id)).subquery()
    query = select(each.c.name, func.count().label("series")).where(each.c.name.is_not(None))
    rows = connection.execute(query.group_by(each.c.name).order_by(each.c.name))
    return [Group(row.name, row.series) for row in rows]


def _record(row: dict[str, object]) -> SeriesRecord:
    return SeriesRecord(**{**row, "tags": tuple(row["tags"])})  # type: ignore[arg-type]  # columns are named as fields
