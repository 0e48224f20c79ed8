"""Dated measures: what was announced, from when it is in force, and the series it may show in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from alerts.scope import Scope, dump_scope, parse_scope
from forecasting.shocks.measures import Measure
from services.storage.series import SeriesRecord
from services.storage.tables import measures
from services.storage.traits import traits


@dataclass(frozen=True, slots=True)
class MeasureRecord:
    """A measure and its scope."""

    measure: Measure
    scope: Scope


def put(connection: Connection, record: MeasureRecord, *, now: dt.datetime) -> None:
    """Add a measure, or describe the one of its id anew."""
    given = record.measure
    row = {
        "id": given.id,
        "title": given.title,
        "announced": given.announced,
        "effective": given.effective,
        "known_from": given.known_from,
        "scope": dump_scope(record.scope),
        "source_url": given.url,
        "recorded_at": now,
    }
    changed = {name: value for name, value in row.items() if name not in {"id", "recorded_at"}}
    statement = insert(measures).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))


def get(connection: Connection, measure_id: str) -> MeasureRecord | None:
    """One measure; None where there is none of that id."""
    return next((each for each in listed(connection) if each.measure.id == measure_id), None)


def listed(connection: Connection, *, as_of: dt.datetime | None = None) -> list[MeasureRecord]:
    """Measures in the order they took effect; with ``as_of`` only those public then."""
    query = select(measures).order_by(measures.c.effective, measures.c.announced, measures.c.id)
    if as_of is not None:
        query = query.where(measures.c.known_from <= as_of)
    return [
        MeasureRecord(
            Measure(row.id, row.title, row.announced, row.effective, row.known_from, row.source_url),
            parse_scope(row.scope, saved=True),
        )
        for row in connection.execute(query)
    ]


def covering(known: Sequence[MeasureRecord], series: SeriesRecord) -> list[Measure]:
    """The measures whose scope covers a series."""
    return [each.measure for each in known if each.scope.covers(traits(series))]
