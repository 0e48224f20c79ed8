"""What forecasters submitted; rows are only ever added, and a later one supersedes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, select
from sqlalchemy.dialects.postgresql import distinct_on

from forecasting.against import SubmittedForecasts
from forecasting.months import Month, Span
from forecasting.prints import PrintArrays
from forecasting.submitted_forecasts import Forecaster, Submitted
from services.storage.columns import among
from services.storage.copying import copy_rows
from services.storage.restrictions import shown_to
from services.storage.tables import forecasters, observations, submitted_forecasts


@dataclass(frozen=True, slots=True)
class SubmittedRecord:
    """A submitted forecast of a series, in ``unit``; ``claimed_from`` is when its sender says it was made."""

    series_id: str
    unit: str
    said: Submitted
    claimed_from: dt.datetime | None = None
    id: int | None = None


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

    Of each span the one that stands, and beside it the newest that is only claimed; with ``superseded`` all.
    With ``desk`` only of series that it may see.
    """
    table = submitted_forecasts
    query = select(table).where(table.c.forecaster_id == forecaster_id, shown_to(desk, table.c.series_id))
    if series_ids is not None:
        query = query.where(among(table.c.series_id, series_ids))
    if as_of is not None:
        query = query.where(table.c.known_from <= as_of)
    if not superseded:
        query = _newest(query)
    kept = query.subquery()
    rows = connection.execute(select(kept).where(kept.c.id > after).order_by(kept.c.id).limit(limit))
    return [record_of(row) for row in rows]


def _newest(query: Select[Any]) -> Select[Any]:
    """Of each span the newest row that counts, and the newest that is claimed."""
    table = submitted_forecasts
    span = (table.c.series_id, table.c.first_month, table.c.months, table.c.claimed_from.is_(None))
    ordered = query.order_by(*span, table.c.known_from.desc(), table.c.id.desc())
    return ordered.ext(distinct_on(*span))


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
    series_ids: Collection[str],
    months: Collection[Month],
    held: Mapping[str, PrintArrays],
) -> dict[str, SubmittedForecasts]:
    """What counts of submitted forecasts, by series, by one query; ``held`` are the prints of each.

    A forecaster that said nothing of a span of the series that begins in one of the ``months`` is left out.
    """
    table = submitted_forecasts
    asked = table.alias("asked")
    foretold = (
        select(asked.c.series_id, asked.c.forecaster_id)
        .where(
            among(asked.c.series_id, series_ids),
            among(asked.c.first_month, months),
            asked.c.claimed_from.is_(None),
        )
        .distinct()
        .subquery()
    )
    query = (
        select(table, forecasters.c.name, forecasters.c.desk)
        .join(forecasters, forecasters.c.id == table.c.forecaster_id)
        .join(
            foretold,
            and_(
                foretold.c.series_id == table.c.series_id, foretold.c.forecaster_id == table.c.forecaster_id
            ),
        )
        .where(table.c.claimed_from.is_(None))
        .order_by(table.c.known_from, table.c.id)
    )
    named: dict[str, Forecaster] = {}
    said: dict[str, list[Submitted]] = {}
    for row in connection.execute(query):
        named[row.forecaster_id] = Forecaster(row.forecaster_id, row.name, row.desk)
        said.setdefault(row.series_id, []).append(record_of(row).said)
    return {each: SubmittedForecasts(named, theirs, held.get(each)) for each, theirs in said.items()}


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
    return SubmittedRecord(row.series_id, row.unit, said, row.claimed_from, row.id)
