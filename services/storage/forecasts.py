"""Published forecasts: immutable; a newer one supersedes and none is edited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Engine,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import NullType

from forecasting.forecast import Forecast
from forecasting.months import Month
from services.storage.columns import Numbers, among, numbers_sent
from services.storage.questions import Question
from services.storage.restrictions import shown_to
from services.storage.tables import forecasts, series


def judging(model: str) -> str:
    """Name under which a model's forecast is published once plain witnesses have steadied it, for judging."""
    return f"{model}+witnesses"


@dataclass(frozen=True, slots=True)
class ForecastRecord:
    """A forecast as it was published; ``forecast`` is None where nothing could be said, for ``reason``.

    ``figures`` counts the rows of figures known as of the vintage: a figure that comes late adds one, and the
    forecast made with it supersedes that of the same vintage made without. ``member_forecasts`` are those of
    the members that made one, in their order; they are read by ``member_forecasts`` alone, being large.
    ``change`` says against which forecast (``against``) and why it changed: see usecases/explain_changes.
    """

    series_id: str
    model: str
    origin: Month
    vintage: dt.datetime
    forecast: Forecast | None
    reason: str | None
    members: list[dict[str, Any]]
    versions: dict[str, str]
    published_at: dt.datetime
    id: int | None = None
    figures: int = 0
    member_forecasts: tuple[Forecast, ...] = ()
    change: dict[str, Any] | None = None


def publish(connection: Connection, records: Iterable[ForecastRecord]) -> int:
    """Add forecasts; one that stands for its series, model, vintage and figures stays. The count added."""
    rows = [
        {
            "series_id": record.series_id,
            "model": record.model,
            "origin": record.origin,
            "vintage": record.vintage,
            "levels": None if record.forecast is None else list(record.forecast.levels),
            "numbers": None if record.forecast is None else Numbers(record.forecast.values),
            "reason": record.reason,
            "members": record.members,
            "versions": record.versions,
            "published_at": record.published_at,
            "figures": record.figures,
            "member_numbers": Numbers(np.stack([each.values for each in record.member_forecasts]))
            if record.member_forecasts
            else None,
            "change": record.change,
        }
        for record in records
    ]
    if not rows:
        return 0
    plain = NullType()
    statement = (
        insert(forecasts)
        .values(
            quantiles=cast(bindparam("numbers", type_=plain), forecasts.c.quantiles.type),
            member_quantiles=cast(
                bindparam("member_numbers", type_=plain), forecasts.c.member_quantiles.type
            ),
        )
        .on_conflict_do_nothing()
        .returning(forecasts.c.id)
    )
    return len(list(connection.execute(statement, rows).scalars()))


def latest(
    connection: Connection,
    series_id: str,
    *,
    model: str,
    as_of: dt.datetime | None = None,
    origin: Month | None = None,
    made_later: bool = False,
) -> ForecastRecord | None:
    """The newest forecast of a series by a model, of those that were published by ``as_of``.

    ``origin`` asks for those alone whose last month seen it is. ``made_later`` takes those too that were
    published after ``as_of`` from what was known then: what a model would have said.
    """
    found = published(
        connection, series_id, model=model, as_of=as_of, origin=origin, limit=1, made_later=made_later
    )
    return next(iter(found), None)


def latest_of_each(
    connection: Connection, series_ids: Collection[str], *, model: str, as_of: dt.datetime | None = None
) -> dict[str, ForecastRecord]:
    """``latest`` of several series by two questions, whatever their number; one without any is absent."""
    newest_id = (
        select(forecasts.c.id)
        .where(*_of(series.c.id, model, as_of, None, made_later=False))
        .order_by(*_NEWEST_FIRST)
        .limit(1)
        .lateral()
    )
    query = select(newest_id.c.id).select_from(series.join(newest_id, true()))
    found = connection.execute(query.where(among(series.c.id, series_ids))).scalars().all()
    return {record.series_id: record for record in of_ids(connection, found).values()}


@dataclass(frozen=True, slots=True)
class Newest:
    """Which forecast of a series is its newest, without it; no ``id`` where there is none.

    ``unit`` is the series'. An id and when it was published name a forecast also beyond a restored backup,
    after which ids are given anew.
    """

    unit: str
    id: int | None
    published_at: dt.datetime | None


def newest(
    asked: Connection | Engine,
    series_id: str,
    *,
    desk: str | None,
    model: str,
    as_of: dt.datetime | None = None,
    origin: Month | None = None,
) -> Newest | None:
    """Which forecast ``latest`` would find; None where there is no such series that ``desk`` may see."""
    possible = {
        "series_id": series_id,
        "desk": desk,
        "model": model,
        "as_of": as_of,
        "origin": None if origin is None else origin.first_day,
    }
    given = {name: value for name, value in possible.items() if value is not None}
    row = _newest(frozenset(given)).ask(asked, **given)
    if row is None:
        return None
    unit, forecast_id, published_at = row
    return Newest(unit, forecast_id, published_at and published_at.astimezone(dt.UTC))


@cache
def _newest(given: frozenset[str]) -> Question:
    """The question for those parameters that are given; ``series_id`` and ``model`` always are."""
    conditions = _of(
        series.c.id,
        bindparam("model", type_=Text),
        bindparam("as_of", type_=DateTime(timezone=True)) if "as_of" in given else None,
        bindparam("origin", type_=Date) if "origin" in given else None,
        made_later=False,
    )
    found = (
        select(forecasts.c.id, forecasts.c.published_at)
        .where(*conditions)
        .order_by(*_NEWEST_FIRST)
        .limit(literal_column("1"))
        .lateral()
    )
    desk = bindparam("desk", type_=Text) if "desk" in given else None
    return Question(
        select(series.c.unit, found.c.id, found.c.published_at)
        .select_from(series.outerjoin(found, true()))
        .where(series.c.id == bindparam("series_id", type_=Text), shown_to(desk, series.c.id))
    )


def published(
    connection: Connection,
    series_id: str,
    *,
    model: str,
    as_of: dt.datetime | None = None,
    origin: Month | None = None,
    limit: int = 100,
    made_later: bool = False,
) -> list[ForecastRecord]:
    """Forecasts of a series by a model, the newest vintage first; of one ``origin`` where it is given.

    ``as_of`` leaves out what was published later; ``made_later`` keeps of that what was made from what was
    known by then.
    """
    conditions = _of(series_id, model, as_of, origin, made_later=made_later)
    return _select(connection, *conditions, limit=limit)


def _of(
    series_id: str | ColumnElement[str],
    model: str | ColumnElement[str],
    as_of: dt.datetime | ColumnElement[dt.datetime] | None,
    origin: Month | ColumnElement[dt.date] | None,
    *,
    made_later: bool,
) -> list[ColumnElement[bool]]:
    conditions = [forecasts.c.series_id == series_id, forecasts.c.model == model]
    if origin is not None:
        conditions.append(forecasts.c.origin == origin)
    if as_of is not None:
        conditions.append(forecasts.c.vintage <= as_of if made_later else _known(as_of))
    return conditions


def _known(as_of: dt.datetime | ColumnElement[dt.datetime]) -> ColumnElement[bool]:
    """A forecast was known once it was published; what it was made from was known before."""
    return and_(forecasts.c.vintage <= as_of, forecasts.c.published_at <= as_of)


def changed(
    connection: Connection, series_id: str, *, model: str, as_of: dt.datetime | None = None, limit: int = 12
) -> list[ForecastRecord]:
    """Forecasts of a series by a model that say why they changed, the newest vintage first."""
    conditions = [
        forecasts.c.series_id == series_id,
        forecasts.c.model == model,
        forecasts.c.change.is_not(None),
    ]
    if as_of is not None:
        conditions.append(_known(as_of))
    return _select(connection, *conditions, limit=limit)


def by_id(connection: Connection, forecast_id: int) -> ForecastRecord | None:
    """One forecast."""
    return next(iter(_select(connection, forecasts.c.id == forecast_id)), None)


def of_ids(connection: Connection, ids: Collection[int]) -> dict[int, ForecastRecord]:
    """Several forecasts, by id."""
    found = _select(connection, among(forecasts.c.id, ids)) if ids else []
    return {record.id: record for record in found if record.id is not None}


def member_forecasts(connection: Connection, forecast_id: int) -> tuple[Forecast, ...]:
    """Forecasts of a published forecast's members, each under its member's name; none for an old one."""
    found = by_id(connection, forecast_id)
    query = select(forecasts.c.member_quantiles).where(forecasts.c.id == forecast_id)
    quantiles = connection.execute(query).scalar_one_or_none()
    if found is None or found.forecast is None or quantiles is None:
        return ()
    names = [member["name"] for member in found.members if member["median"] is not None]
    return tuple(
        replace(found.forecast, values=np.array(values), model=name)
        for name, values in zip(names, quantiles, strict=True)
    )


_LARGE = {"quantiles", "member_quantiles"}
_RECORDS = (
    select(*(column for column in forecasts.c if column.name not in _LARGE), series.c.unit)
    .add_columns(func.array_send(forecasts.c.quantiles).label("sent"))
    .join(series, series.c.id == forecasts.c.series_id)
)
_NEWEST_FIRST = (forecasts.c.vintage.desc(), forecasts.c.id.desc())


def _select(
    connection: Connection, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[ForecastRecord]:
    query = _RECORDS.where(*conditions).order_by(*_NEWEST_FIRST).limit(limit)
    return [_record(row) for row in connection.execute(query)]


def _record(row: Any) -> ForecastRecord:
    forecast = (
        None
        if row.sent is None
        else Forecast(
            row.series_id,
            row.unit,
            row.origin,
            row.vintage,
            tuple(row.levels),
            numbers_sent(row.sent),
            row.model,
        )
    )
    return ForecastRecord(
        row.series_id,
        row.model,
        row.origin,
        row.vintage,
        forecast,
        row.reason,
        row.members,
        row.versions,
        row.published_at,
        row.id,
        row.figures,
        change=row.change,
    )
