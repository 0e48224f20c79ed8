"""What forecasters submitted; rows are only ever added, and a later one supersedes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Label,
    SmallInteger,
    Text,
    and_,
    cast,
    column,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from forecasting.against import MOST_ERRORS, SubmittedForecasts
from forecasting.months import Month, Span
from forecasting.prints import PrintArrays
from forecasting.submitted_forecasts import Forecaster, Submitted
from services.storage.columns import Moment, MonthColumn, among
from services.storage.copying import copy_rows
from services.storage.forecasters import seen_by
from services.storage.restrictions import shown_to
from services.storage.tables import forecasters, observations, submitted_forecasts


@dataclass(frozen=True, slots=True)
class SubmittedRecord:
    """A submitted forecast of a series, in ``unit``; ``claimed_from`` is when its sender says it was made.

    ``replayed`` is True where it counts from a moment that a replay of the past gave, ``superseded`` where a
    later one of its span stood at the moment asked of.
    """

    series_id: str
    unit: str
    said: Submitted
    claimed_from: dt.datetime | None = None
    id: int | None = None
    replayed: bool = False
    superseded: bool = False


def add(connection: Connection, records: Iterable[SubmittedRecord]) -> None:
    """Add rows."""
    copy_rows(connection, submitted_forecasts, (_row(each) for each in records))


def listed(
    connection: Connection,
    forecaster_id: str,
    *,
    series_ids: Collection[str] | None = None,
    as_of: dt.datetime | None = None,
    superseded: bool = False,
    desk: str | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[SubmittedRecord]:
    """What a forecaster had submitted by ``as_of`` (None: by now), in the order of submission.

    Of each span the one that stands, and beside it the newest that is only claimed; with ``superseded`` all,
    and those before them marked. With ``desk`` only of series that it may see.
    """
    table = submitted_forecasts
    query = select(table).where(table.c.forecaster_id == forecaster_id, shown_to(desk, table.c.series_id))
    if series_ids is not None:
        query = query.where(among(table.c.series_id, series_ids))
    if as_of is not None:
        query = query.where(table.c.known_from <= as_of)
    kept = query.add_columns(_superseded()).subquery()
    wanted = select(kept).where(kept.c.id > after, true() if superseded else not_(kept.c.superseded))
    rows = connection.execute(wanted.order_by(kept.c.id).limit(limit))
    return [replace(record_of(row), superseded=row.superseded) for row in rows]


def standing(
    connection: Connection, series_id: str, *, after: Month, as_of: dt.datetime, desk: str | None = None
) -> list[tuple[Forecaster, SubmittedRecord]]:
    """What stood at a moment of the spans of a series that end after a month, by span and forecaster.

    Of each forecaster that the desk sees the newest that counts; what is only claimed is left out.
    """
    table = submitted_forecasts
    one = (table.c.first_month, table.c.months, table.c.forecaster_id)
    query = (
        select(table, forecasters.c.name, forecasters.c.desk)
        .join(forecasters, forecasters.c.id == table.c.forecaster_id)
        .where(seen_by(desk), shown_to(desk, table.c.series_id))
        .where(table.c.series_id == series_id, table.c.claimed_from.is_(None), table.c.known_from <= as_of)
        .where(table.c.first_month > after - 12)
        .order_by(*one, table.c.known_from.desc(), table.c.id.desc())
        .ext(distinct_on(*one))
    )
    found = [
        (Forecaster(row.forecaster_id, row.name, row.desk), record_of(row))
        for row in connection.execute(query)
    ]
    return [each for each in found if each[1].said.span.last > after]


def to_all(
    connection: Connection, ends: Mapping[str, Month], *, as_of: dt.datetime
) -> dict[tuple[str, Forecaster], list[Submitted]]:
    """What forecasters of every desk had said by a moment of single months after the ``ends`` of series.

    By series and forecaster, of each month what stood; what is only claimed is left out.
    """
    table = submitted_forecasts
    one = (table.c.series_id, table.c.forecaster_id, table.c.first_month)
    query = (
        select(table, forecasters.c.name)
        .join(forecasters, forecasters.c.id == table.c.forecaster_id)
        .where(forecasters.c.desk.is_(None), among(table.c.series_id, ends))
        .where(table.c.claimed_from.is_(None), table.c.months == 1, table.c.known_from <= as_of)
        .where(table.c.first_month > min(ends.values()))
        .order_by(*one, table.c.known_from.desc(), table.c.id.desc())
        .ext(distinct_on(*one))
    )
    found: dict[tuple[str, Forecaster], list[Submitted]] = {}
    for row in connection.execute(query):
        if row.first_month > ends[row.series_id]:
            of = row.series_id, Forecaster(row.forecaster_id, row.name)
            found.setdefault(of, []).append(record_of(row).said)
    return found


def _superseded() -> Label[bool]:
    """Column: a later row of the same span counts, or of those that are claimed stands claimed."""
    table = submitted_forecasts
    span = (table.c.series_id, table.c.first_month, table.c.months, table.c.claimed_from.is_(None))
    latest_first = (table.c.known_from.desc(), table.c.id.desc())
    return (func.row_number().over(partition_by=span, order_by=latest_first) > 1).label("superseded")


def said_of(
    connection: Connection,
    forecaster_id: str,
    series_ids: Collection[str],
    months: Collection[Month],
    *,
    superseded: bool,
) -> list[SubmittedRecord]:
    """Of each span that begins in one of the months the newest row, and of each moment claimed of it.

    With ``superseded`` every row of them, in the order of moments and then of submission.
    """
    table = submitted_forecasts
    one = (table.c.series_id, table.c.first_month, table.c.months, table.c.claimed_from)
    query = (
        select(table)
        .where(
            table.c.forecaster_id == forecaster_id,
            among(table.c.series_id, series_ids),
            among(table.c.first_month, months),
        )
        .order_by(*one, table.c.known_from.desc(), table.c.id.desc())
    )
    if not superseded:
        query = query.ext(distinct_on(*one))
    return [record_of(row) for row in connection.execute(query)][::-1]


def published(
    connection: Connection, series_ids: Collection[str], first: Month, last: Month
) -> dict[str, set[Month]]:
    """By series the months between two of which a figure is or was known, withdrawn ones too."""
    months = observations.c.months
    query = (
        select(observations.c.series_id, observations.c.first_month, months)
        .where(
            among(observations.c.series_id, series_ids),
            observations.c.first_month >= first - 12,
            observations.c.first_month <= last,
        )
        .distinct()
    )
    found: dict[str, set[Month]] = {}
    for row in connection.execute(query):
        found.setdefault(row.series_id, set()).update(Span(row.first_month, row.months))
    return found


def before(
    connection: Connection,
    arriving: Mapping[tuple[str, Span], dt.datetime],
    held: Mapping[str, PrintArrays],
    *,
    of: Collection[str] | None = None,
) -> dict[str, SubmittedForecasts]:
    """What stood of submitted forecasts before figures, by series, by one query.

    ``arriving`` says of each span of a series when its first figure of the release is known, ``held`` are the
    prints of each series. A forecaster that said nothing of an arriving span of a series is left out. Of each
    other one the row that stood before each arriving span, and before those known last, as many as errors
    count. Forecasters other than those named in ``of`` are left out, where any are.
    """
    if not arriving:
        return {}
    asked = _asked(arriving)
    stood = _stood(asked, of)
    past = stood.c.first_known < stood.c.earliest
    order = (stood.c.first_known.desc(), stood.c.first_month.desc(), stood.c.months.desc())
    each = (stood.c.series_id, stood.c.forecaster_id, past)
    ranked = (
        select(stood, past.label("past"))
        .add_columns(func.row_number().over(partition_by=each, order_by=order).label("place"))
        .subquery()
    )
    most = MOST_ERRORS + 1  # a revised span may be one of them, and is no error of its own
    query = (
        select(ranked, forecasters.c.name, forecasters.c.desk)
        .join(forecasters, forecasters.c.id == ranked.c.forecaster_id)
        .where(or_(not_(ranked.c.past), ranked.c.asked, ranked.c.place <= most))
        .order_by(ranked.c.known_from, ranked.c.id)
    )
    named: dict[str, Forecaster] = {}
    said: dict[str, list[Submitted]] = {}
    for row in connection.execute(query):
        named[row.forecaster_id] = Forecaster(row.forecaster_id, row.name, row.desk)
        said.setdefault(row.series_id, []).append(record_of(row).said)
    return {each: SubmittedForecasts(named, theirs, held.get(each)) for each, theirs in said.items()}


def _asked(arriving: Mapping[tuple[str, Span], dt.datetime]) -> CTE:
    """The arriving spans, when each is known, and when the earliest of its series is, as rows."""
    given = func.unnest(
        cast([series_id for series_id, _ in arriving], ARRAY(Text)),
        cast([span.first for _, span in arriving], ARRAY(MonthColumn)),
        cast([span.months for _, span in arriving], ARRAY(SmallInteger)),
        cast(list(arriving.values()), ARRAY(Moment)),
    ).table_valued(
        column("series_id", Text), column("first_month", MonthColumn), column("months", SmallInteger),
        column("known_from", Moment), name="given",
    ).render_derived()  # fmt: skip
    earliest = func.min(given.c.known_from, type_=Moment).over(partition_by=given.c.series_id)
    return select(given, earliest.label("earliest")).cte("asked")


def _stood(asked: CTE, of: Collection[str] | None) -> CTE:
    """The row that stood before each span was first known, of forecasters that foretold an asked one."""
    table = submitted_forecasts
    told = table.alias("told")
    foretold = (
        select(told.c.series_id, told.c.forecaster_id, func.min(asked.c.earliest).label("earliest"))
        .join(asked, _same_span(told, asked))
        .where(told.c.claimed_from.is_(None), true() if of is None else told.c.forecaster_id.in_(of))
        .group_by(told.c.series_id, told.c.forecaster_id)
        .cte("foretold")
    )
    printed = (
        select(func.min(observations.c.known_from)).where(_same_span(observations, table)).scalar_subquery()
    )
    rows = (
        select(table, func.least(printed, asked.c.known_from, type_=Moment).label("first_known"))
        .add_columns(asked.c.series_id.is_not(None).label("asked"), foretold.c.earliest)
        .select_from(foretold)
        .join(
            table,
            and_(
                foretold.c.series_id == table.c.series_id, foretold.c.forecaster_id == table.c.forecaster_id
            ),
        )
        .outerjoin(asked, _same_span(asked, table))
        .where(table.c.claimed_from.is_(None))
        .cte("rows")
        .prefix_with("MATERIALIZED")  # or each row's first print would be looked up twice
    )
    one = (rows.c.series_id, rows.c.forecaster_id, rows.c.first_month, rows.c.months)
    return (
        select(rows)
        .where(rows.c.known_from < rows.c.first_known)
        .order_by(*one, rows.c.known_from.desc(), rows.c.id.desc())
        .ext(distinct_on(*one))
        .cte("stood")
    )


def _same_span(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    return and_(
        one.c.series_id == other.c.series_id,
        one.c.first_month == other.c.first_month,
        one.c.months == other.c.months,
    )


def _row(record: SubmittedRecord) -> dict[str, Any]:
    said = record.said
    return {
        "forecaster_id": said.forecaster,
        "series_id": record.series_id,
        "first_month": said.span.first,
        "months": said.span.months,
        "unit": record.unit,
        "point": said.point,
        "levels": list(said.levels) or None,
        "quantiles": list(said.quantiles) or None,
        "low": said.low,
        "high": said.high,
        "answers": said.count,
        "known_from": said.known_from,
        "replayed": record.replayed,
        "claimed_from": record.claimed_from,
    }


def record_of(row: Any) -> SubmittedRecord:
    """A row of the table, or of a query that holds its columns."""
    said = Submitted(
        row.forecaster_id,
        Span(row.first_month, row.months),
        row.known_from,
        row.point,
        tuple(row.levels or ()),
        tuple(row.quantiles or ()),
        row.low,
        row.high,
        row.answers,
        row.claimed_from is not None,
    )
    return SubmittedRecord(row.series_id, row.unit, said, row.claimed_from, row.id, row.replayed)
