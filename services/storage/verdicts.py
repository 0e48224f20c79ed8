"""Verdicts: one for every figure recorded, never without its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast

from sqlalchemy import Connection, Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from forecasting.months import Month, Span
from forecasting.shocks.detection import Detection, Verdict
from forecasting.shocks.records import Extreme, Rank
from services.storage.columns import among
from services.storage.copying import copy_rows
from services.storage.restrictions import shown_to
from services.storage.tables import observations, verdicts

MOST_COUNTED = 10_000
"""How many of the last figures are looked through where they are counted."""


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """The verdict on one observation, with what it was compared with."""

    observation_id: int
    series_id: str
    forecast_id: int | None
    detection: Detection
    revision_of: float | None
    change_month: float | None
    change_year: float | None
    records: tuple[Extreme, ...]
    change_records: tuple[Extreme, ...]
    rank_in_month: Rank | None
    judged_at: dt.datetime


@dataclass(frozen=True, slots=True)
class JudgedFigure:
    """A verdict beside the figure that it is on."""

    span: Span
    value: float | None
    known_from: dt.datetime
    verdict: VerdictRecord


@dataclass(frozen=True, slots=True)
class LateVerdict:
    """A judged figure with when it was recorded here, which may be long after it was public."""

    figure: JudgedFigure
    recorded_at: dt.datetime


_DETECTION = (
    "reason",
    "probability",
    "tail_probability",
    "surprise",
    "expected",
    "lower_80",
    "upper_80",
    "lower_95",
    "upper_95",
    "threshold",
)


def judges(
    connection: Connection, series_ids: Collection[str], months: Collection[Month]
) -> dict[tuple[str, Span], int | None]:
    """Id of the forecast that judged the first print of each span held that begins in one of the months.

    None where no forecast judged it.
    """
    span = (observations.c.series_id, observations.c.first_month, observations.c.months)
    query = (
        select(
            observations.c.series_id,
            observations.c.first_month,
            observations.c.months,
            verdicts.c.forecast_id,
        )
        .join(verdicts, verdicts.c.observation_id == observations.c.id)
        .where(among(observations.c.series_id, series_ids), among(observations.c.first_month, months))
        .order_by(*span, observations.c.known_from)
        .ext(distinct_on(*span))
    )
    return {
        (row.series_id, Span(row.first_month, row.months)): row.forecast_id
        for row in connection.execute(query)
    }


def judged_by_forecasts(connection: Connection, series_ids: Collection[str]) -> set[str]:
    """Those of the series of which some figure was judged by a forecast."""
    judged = select(verdicts.c.series_id).where(
        among(verdicts.c.series_id, series_ids), verdicts.c.forecast_id.is_not(None)
    )
    return set(connection.execute(judged.distinct()).scalars())


def add(connection: Connection, records: Iterable[VerdictRecord]) -> None:
    """Add verdicts."""
    rows = (
        {
            "observation_id": record.observation_id,
            "series_id": record.series_id,
            "forecast_id": record.forecast_id,
            "verdict": record.detection.verdict.value,
            **{name: getattr(record.detection, name) for name in _DETECTION},
            "revision_of": record.revision_of,
            "change_month": record.change_month,
            "change_year": record.change_year,
            "records": [_dump(each) for each in record.records],
            "change_records": [_dump(each) for each in record.change_records],
            "rank_in_month": None if record.rank_in_month is None else asdict(record.rank_in_month),
            "judged_at": record.judged_at,
        }
        for record in records
    )
    copy_rows(connection, verdicts, rows)


def listed(
    connection: Connection,
    series_id: str,
    *,
    as_of: dt.datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[JudgedFigure]:
    """Verdicts on a series, the last known figure first; with ``as_of`` only what was known then.

    ``before`` is the observation of the last verdict that the caller has.
    """
    query = _judged(as_of=as_of, before=before, limit=limit).where(verdicts.c.series_id == series_id)
    return [_figure(row) for row in connection.execute(query)]


def has(connection: Connection, series_id: str, observation_id: int) -> bool:
    """True where a figure of a series was judged: a cursor of its verdicts."""
    held = select(verdicts.c.series_id).where(verdicts.c.observation_id == observation_id)
    return connection.execute(held).scalar_one_or_none() == series_id


def setting_records(
    connection: Connection,
    *,
    series_ids: Collection[str] | None = None,
    desk: str | None = None,
    as_of: dt.datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[JudgedFigure]:
    """Verdicts on figures that were the lowest or highest since a time, of the series a desk may see.

    In the order of ``listed``, over all series, or those of ``series_ids``.
    """
    query = _judged(as_of=as_of, before=before, limit=limit)
    query = query.where(func.jsonb_array_length(verdicts.c.records) > 0, shown_to(desk, verdicts.c.series_id))
    if series_ids is not None:
        query = query.where(among(verdicts.c.series_id, series_ids))
    return [_figure(row) for row in connection.execute(query)]


def _judged(*, as_of: dt.datetime | None, before: int | None, limit: int) -> Select[Any]:
    order = (observations.c.known_from, observations.c.first_month, observations.c.id)
    query = (
        select(verdicts, observations.c.first_month, observations.c.months, observations.c.value)
        .add_columns(observations.c.known_from)
        .join(observations, observations.c.id == verdicts.c.observation_id)
        .order_by(*(column.desc() for column in order))
        .limit(limit)
    )
    if as_of is not None:
        query = query.where(observations.c.known_from <= as_of)
    if before is not None:
        mark = observations.alias("mark")
        last = select(mark.c.known_from, mark.c.first_month, mark.c.id).where(mark.c.id == before)
        query = query.where(tuple_(*order) < last.scalar_subquery())
    return query


def _figure(row: Any) -> JudgedFigure:
    return JudgedFigure(Span(row.first_month, row.months), row.value, row.known_from, _record(row))


@dataclass(frozen=True, slots=True)
class ShockVerdict:
    """A verdict on a print of a span of which at least one print was a shock."""

    series_id: str
    span: Span
    known_from: dt.datetime
    verdict: Verdict
    forecast_id: int | None


def of_shocks(
    connection: Connection, series_ids: Collection[str], *, as_of: dt.datetime | None = None
) -> list[ShockVerdict]:
    """Verdicts on every print of each span that was once judged a shock, in the order they became known."""
    shocks = verdicts.c.verdict.in_([Verdict.SHOCK_DOWN.value, Verdict.SHOCK_UP.value])
    joined = verdicts.join(observations, observations.c.id == verdicts.c.observation_id)
    span = (observations.c.series_id, observations.c.first_month, observations.c.months)
    once = select(*span).select_from(joined).where(shocks, among(verdicts.c.series_id, series_ids))
    query = (
        select(*span, observations.c.known_from, verdicts.c.verdict, verdicts.c.forecast_id)
        .select_from(joined)
        .where(tuple_(*span).in_(once))
        .order_by(observations.c.known_from, observations.c.id)
    )
    if as_of is not None:
        query = query.where(observations.c.known_from <= as_of)
    return [
        ShockVerdict(
            row.series_id,
            Span(row.first_month, row.months),
            row.known_from,
            Verdict(row.verdict),
            row.forecast_id,
        )
        for row in connection.execute(query)
    ]


def lately_shocked(
    connection: Connection, *, desk: str | None = None, looked: int = 200, limit: int = 12
) -> list[str]:
    """Ids of the series with the last shocks recorded, the newest first; ``looked`` shocks are looked at.

    With ``desk`` only series that it may see.
    """
    shocks = verdicts.c.verdict.in_([Verdict.SHOCK_DOWN.value, Verdict.SHOCK_UP.value])
    query = select(verdicts.c.series_id).where(shocks, shown_to(desk, verdicts.c.series_id))
    found = connection.execute(query.order_by(verdicts.c.observation_id.desc()).limit(looked)).scalars()
    return list(dict.fromkeys(found))[:limit]


def lately_judged(connection: Connection, *, desk: str | None = None, limit: int = 12) -> list[LateVerdict]:
    """The last figures that a forecast judged, the newest recorded first; see ``lately_shocked``."""
    query = (
        select(verdicts, observations.c.first_month, observations.c.months, observations.c.value)
        .add_columns(observations.c.known_from, observations.c.recorded_at)
        .join(observations, observations.c.id == verdicts.c.observation_id)
        .where(verdicts.c.forecast_id.is_not(None), shown_to(desk, verdicts.c.series_id))
        .order_by(verdicts.c.observation_id.desc())
        .limit(limit)
    )
    return [
        LateVerdict(
            JudgedFigure(Span(row.first_month, row.months), row.value, row.known_from, _record(row)),
            row.recorded_at,
        )
        for row in connection.execute(query)
    ]


def count_judged(connection: Connection, *, since: dt.datetime, desk: str | None = None) -> int:
    """How many figures that a forecast judged were recorded after a moment; see ``lately_judged``.

    Of the last MOST_COUNTED, so that it costs no more than that whoever asks since when.
    """
    lately = (
        select(verdicts.c.observation_id, verdicts.c.series_id)
        .where(verdicts.c.forecast_id.is_not(None))
        .order_by(verdicts.c.observation_id.desc())
        .limit(MOST_COUNTED)
        .subquery()
    )
    query = (
        select(func.count())
        .select_from(lately.join(observations, observations.c.id == lately.c.observation_id))
        .where(observations.c.recorded_at > since, shown_to(desk, lately.c.series_id))
    )
    return int(connection.execute(query).scalar_one())


def _record(row: Any) -> VerdictRecord:
    detection = Detection(Verdict(row.verdict), **{name: getattr(row, name) for name in _DETECTION})
    return VerdictRecord(
        row.observation_id,
        row.series_id,
        row.forecast_id,
        detection,
        row.revision_of,
        row.change_month,
        row.change_year,
        tuple(_load(each) for each in row.records),
        tuple(_load(each) for each in row.change_records),
        None if row.rank_in_month is None else Rank(**row.rank_in_month),
        row.judged_at,
    )


def _dump(record: Extreme) -> dict[str, Any]:
    """A record as JSON; dataclasses.asdict would take its months apart."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: str(value) if isinstance(value, Month) else value for name, value in values.items()}


def _load(stored: dict[str, Any]) -> Extreme:
    since = stored["since"]
    return Extreme(
        **{
            **stored,
            "direction": cast("Literal['lowest', 'highest']", stored["direction"]),
            "since": None if since is None else Month.parse(since),
            "first_held": Month.parse(stored["first_held"]),
        }
    )
