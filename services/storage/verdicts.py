"""Verdicts: one for every figure recorded, never without its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal, cast

from sqlalchemy import Connection, insert, select

from forecasting.months import Month, Span
from forecasting.shocks.detection import Detection, Verdict
from forecasting.shocks.records import Record
from services.storage.tables import observations, verdicts


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
    records: tuple[Record, ...]
    judged_at: dt.datetime


@dataclass(frozen=True, slots=True)
class JudgedFigure:
    """A verdict beside the figure that it is on."""

    span: Span
    value: float | None
    known_from: dt.datetime
    verdict: VerdictRecord


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


def add(connection: Connection, records: Iterable[VerdictRecord]) -> None:
    """Add verdicts."""
    rows: list[dict[str, Any]] = [
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
            "judged_at": record.judged_at,
        }
        for record in records
    ]
    if rows:
        connection.execute(insert(verdicts), rows)


def listed(
    connection: Connection, series_id: str, *, as_of: dt.datetime | None = None, limit: int = 100
) -> list[JudgedFigure]:
    """Verdicts on a series, the last known figure first; with ``as_of`` only what was known then."""
    query = (
        select(verdicts, observations.c.first_month, observations.c.months, observations.c.value)
        .add_columns(observations.c.known_from)
        .join(observations, observations.c.id == verdicts.c.observation_id)
        .where(verdicts.c.series_id == series_id)
        .order_by(observations.c.known_from.desc(), observations.c.first_month.desc())
        .limit(limit)
    )
    if as_of is not None:
        query = query.where(observations.c.known_from <= as_of)
    return [
        JudgedFigure(Span(row.first_month, row.months), row.value, row.known_from, _record(row))
        for row in connection.execute(query)
    ]


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
        row.judged_at,
    )


def _dump(record: Record) -> dict[str, Any]:
    """A record as JSON; dataclasses.asdict would take its months apart."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: str(value) if isinstance(value, Month) else value for name, value in values.items()}


def _load(stored: dict[str, Any]) -> Record:
    since = stored["since"]
    return Record(
        **{
            **stored,
            "direction": cast("Literal['lowest', 'highest']", stored["direction"]),
            "since": None if since is None else Month.parse(since),
            "first_held": Month.parse(stored["first_held"]),
        }
    )
