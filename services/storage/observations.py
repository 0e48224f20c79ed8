"""Observations: every figure as it became known; rows are only ever added."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    LargeBinary,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from forecasting.months import Month, Span
from forecasting.prints import PrintArrays
from forecasting.series import Observation
from forecasting.vintages import known
from services.storage.columns import among
from services.storage.copying import copy_rows, next_ids
from services.storage.restrictions import shown_to
from services.storage.tables import observations


@dataclass(frozen=True, slots=True)
class ObservationRecord:
    """One row: an Observation with where it came from.

    ``known_basis`` says how ``known_from`` is known: ``printed`` on a dated page, by the ``calendar`` of
    releases, or when we had ``first_seen`` it. ``claim`` is the source's own sentence about the figure.
    """

    series_id: str
    observation: Observation
    known_basis: str = "first_seen"
    source: str | None = None
    source_url: str | None = None
    claim: str | None = None
    id: int | None = None


def append(
    connection: Connection,
    records: Iterable[ObservationRecord],
    *,
    release_id: int,
    recorded_at: dt.datetime,
) -> list[int]:
    """Add rows; their ids, in the order given."""
    added = list(records)
    ids = next_ids(connection, observations, len(added))
    rows = (
        {
            "id": row_id,
            "series_id": record.series_id,
            "first_month": record.observation.span.first,
            "months": record.observation.span.months,
            "value": record.observation.value,
            "stage": record.observation.stage,
            "known_from": record.observation.known_from,
            "known_basis": record.known_basis,
            "source": record.source,
            "source_url": record.source_url,
            "claim": record.claim,
            "release_id": release_id,
            "recorded_at": recorded_at,
        }
        for row_id, record in zip(ids, added, strict=True)
    )
    copy_rows(connection, observations, rows)
    return ids


def history(
    connection: Connection, series_ids: Collection[str], *, as_of: dt.datetime | None = None
) -> dict[str, list[ObservationRecord]]:
    """Every row of the series known by ``as_of`` (None: by now), by series, in the order it became known."""
    query = select(observations).where(among(observations.c.series_id, series_ids))
    if as_of is not None:
        query = query.where(observations.c.known_from <= as_of)
    held: dict[str, list[ObservationRecord]] = defaultdict(list)
    for row in connection.execute(query.order_by(observations.c.known_from, observations.c.id)):
        held[row.series_id].append(_record(row))
    return held


def prints(
    connection: Connection, series_ids: Collection[str], *, as_of: dt.datetime | None = None
) -> dict[str, PrintArrays]:
    """Every print of the series known by ``as_of`` (None: by now), by series; none where nothing is held.

    As ``history``, without what is said of each row. The database packs a series into one row of four byte
    strings, so that no row is made into objects.
    """
    order = (observations.c.known_from, observations.c.id)
    known = func.extract("epoch", observations.c.known_from) * 1_000_000
    value = func.coalesce(observations.c.value, cast("NaN", Double))
    query = (
        select(
            observations.c.series_id,
            _packed(func.int8send(_first_ordinal()), order).label("first"),
            _packed(func.int8send(cast(observations.c.months, BigInteger)), order).label("months"),
            _packed(func.float8send(cast(value, Double)), order).label("values"),
            _packed(func.int8send(cast(known, BigInteger)), order).label("known"),
        )
        .where(among(observations.c.series_id, series_ids))
        .group_by(observations.c.series_id)
    )
    if as_of is not None:
        query = query.where(observations.c.known_from <= as_of)
    return {
        row.series_id: PrintArrays(
            np.frombuffer(row.first, ">i8").astype(np.int64),
            np.frombuffer(row.months, ">i8").astype(np.int64),
            np.frombuffer(row.values, ">f8").astype(np.float64),
            np.frombuffer(row.known, ">i8").astype(np.int64),
        )
        for row in connection.execute(query)
    }


def extent(connection: Connection, series_ids: Collection[str]) -> tuple[Month, Month] | None:
    """First and last month that rows of the series are of; None where there is none. No row is read."""
    first = _first_ordinal()
    query = select(func.min(first), func.max(first + observations.c.months - 1))
    least, most = connection.execute(query.where(among(observations.c.series_id, series_ids))).one()
    bounds: tuple[int | None, int | None] = (least, most)
    return None if bounds[0] is None else (Month(least), Month(most))


def count_within(connection: Connection, series_ids: Collection[str], first: Month, last: Month) -> int:
    """Count of the rows of the series whose months all lie between two; no row is read."""
    begins = _first_ordinal()
    query = select(func.count()).where(
        among(observations.c.series_id, series_ids),
        begins >= first.ordinal,
        begins + observations.c.months - 1 <= last.ordinal,
    )
    return int(connection.execute(query).scalar_one())


def _first_ordinal() -> ColumnElement[int]:
    """The ordinal of a row's first month."""
    month = observations.c.first_month
    return cast(func.extract("year", month) * 12 + func.extract("month", month) - 1, BigInteger)


def _packed(sent: ColumnElement[bytes], order: tuple[ColumnElement[Any], ...]) -> ColumnElement[bytes]:
    """Numbers of a group as PostgreSQL sends them, big-endian, one after another."""
    return func.string_agg(sent, aggregate_order_by(literal(b"", LargeBinary), *order))


def last_known(
    connection: Connection, series_id: str, *, as_of: dt.datetime | None = None
) -> dt.datetime | None:
    """The moment of the last news on a series, of that known by ``as_of``; None where there is none."""
    query = select(func.max(observations.c.known_from)).where(observations.c.series_id == series_id)
    if as_of is not None:
        query = query.where(observations.c.known_from <= as_of)
    latest: dt.datetime | None = connection.execute(query).scalar_one()
    return latest


def known_after(connection: Connection, series_ids: Collection[str], moment: dt.datetime) -> list[str]:
    """Those of the series of which something became known after a moment, by id."""
    query = (
        select(observations.c.series_id)
        .where(among(observations.c.series_id, series_ids), observations.c.known_from > moment)
        .distinct()
        .order_by(observations.c.series_id)
    )
    return list(connection.execute(query).scalars())


def newest(
    connection: Connection, *, as_of: dt.datetime, series_ids: Collection[str] | None = None
) -> dt.datetime | None:
    """The moment of the last news on any series, or any of some, known by ``as_of``; None without any."""
    query = select(func.max(observations.c.known_from)).where(observations.c.known_from <= as_of)
    if series_ids is not None:
        query = query.where(among(observations.c.series_id, series_ids))
    latest: dt.datetime | None = connection.execute(query).scalar_one()
    return latest


def lately_told(connection: Connection, *, desk: str | None = None, limit: int = 12) -> list[str]:
    """Ids of the series of which something was recorded last, the newest first.

    The last 2,000 rows are looked at; with ``desk`` only of series that it may see.
    """
    query = select(observations.c.series_id).where(shown_to(desk, observations.c.series_id))
    found = connection.execute(query.order_by(observations.c.id.desc()).limit(2_000)).scalars()
    return list(dict.fromkeys(found))[:limit]


def count(connection: Connection) -> int:
    """Count of all rows."""
    return int(connection.execute(select(func.count()).select_from(observations)).scalar_one())


def as_of_today(rows: Sequence[ObservationRecord]) -> list[ObservationRecord]:
    """Each span's figure as it stands today, as if it had been so from the moment it was first known."""
    if not rows:
        return []
    standing = known((row.observation for row in rows), rows[-1].observation.known_from)
    first_rows: dict[Span, ObservationRecord] = {}
    for row in rows:
        first_rows.setdefault(row.observation.span, row)
    return [
        replace(row, observation=replace(row.observation, value=standing[span].value))
        for span, row in first_rows.items()
        if standing[span].value is not None
    ]


def _record(row: Any) -> ObservationRecord:
    observation = Observation(Span(row.first_month, row.months), row.value, row.known_from, row.stage)
    return ObservationRecord(
        row.series_id, observation, row.known_basis, row.source, row.source_url, row.claim, row.id
    )
