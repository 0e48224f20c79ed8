"""Submitted forecasts as they arrive, JSON or CSV: what can be checked without knowing what is held."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from forecasting.errors import ForecastingError
from forecasting.months import Span
from services.ingestion.cells import RowFault, absent, instead, number_of, span_of, text_of
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.figures import moment_of
from services.ingestion.tables import csv_table, objects, parsed, refuse_many

REQUIRED = ("series_id", "month", "unit")
OPTIONAL = ("point", "low", "high", "count", "known_from")
LISTS = ("levels", "quantiles")
"""Keys of a JSON object; a CSV has a column for each quantile instead, such as q0.1."""
MOST_LEVELS = 99
MOST_SUBMITTED = 10_000
"""Rows of one batch: it locks its series, and a figure of them waits until it is stored."""
KEY = "forecasts"
"""Key of a JSON body that is an object."""

_QUANTILE = re.compile(r"q(0?\.\d{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ArrivingForecast:
    """A forecast on its way in; ``known_from`` is when its sender says it was made, None is now."""

    row: int
    series_id: str
    span: Span
    unit: str
    point: float | None = None
    levels: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    count: int | None = None
    known_from: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Arriving:
    """The rows that could be read, and what is wrong in the others: all of them are refused together."""

    forecasts: tuple[ArrivingForecast, ...]
    faults: tuple[Fault, ...]


def read_csv(content: bytes, *, limit: int) -> Arriving:
    """Forecasts of a CSV with a header; UploadRefusedError where it is no such table."""
    table = csv_table(content, limit=limit, most_rows=MOST_SUBMITTED)
    levels = {name: float(found[1]) for name in table.columns if (found := _QUANTILE.fullmatch(name))}
    known = (*REQUIRED, *OPTIONAL, "q0.1")
    faults = [
        Fault(0, f"the header: {name!r} is not a column{instead(name, known)}")
        for name in table.columns
        if name not in known and name not in levels
    ]
    faults += [
        Fault(0, f"the header: the column {name} is missing")
        for name in REQUIRED
        if name not in table.columns
    ]
    if faults:
        raise UploadRefusedError(faults)
    return _read((number, _with_lists(row, levels)) for number, row in table.mappings())


def read_json(content: bytes, *, limit: int) -> Arriving:
    """Forecasts of a JSON list of objects, or of an object with such a list under ``forecasts``."""
    given = parsed(content, limit)
    if isinstance(given, dict):
        unknown = [name for name in given if name != KEY]
        if unknown:
            raise UploadRefusedError(
                [Fault(0, f"{name!r} is not a key of the body; it has {KEY!r} alone") for name in unknown]
            )
        given = given.get(KEY)
    rows = objects(given)
    refuse_many(len(rows), MOST_SUBMITTED)
    return _read(enumerate(rows, start=1))


def read_file(name: str, content: bytes, *, limit: int) -> Arriving:
    """Forecasts of a file by the ending of its name: .csv or .json."""
    ending = PurePath(name).suffix.lower()
    if ending not in {".csv", ".json"}:
        raise UploadRefusedError([Fault(0, f"{name} ends in neither .csv nor .json")])
    return (read_csv if ending == ".csv" else read_json)(content, limit=limit)


def _with_lists(row: Mapping[str, Any], levels: Mapping[str, float]) -> dict[str, Any]:
    """A row of a CSV as an object: the quantiles that it holds, in the order of their levels."""
    held = sorted((level, row[name]) for name, level in levels.items() if not absent(row[name]))
    kept = {name: value for name, value in row.items() if name not in levels}
    return {**kept, "levels": [level for level, _ in held], "quantiles": [value for _, value in held]}


def _read(rows: Iterable[tuple[int, Mapping[str, Any]]]) -> Arriving:
    read: list[ArrivingForecast] = []
    faults: list[Fault] = []
    for number, row in rows:
        try:
            read.append(_forecast(number, row))
        except (RowFault, ForecastingError) as fault:
            faults.append(Fault(number, str(fault).rstrip(".")))
    if not read and not faults:
        faults.append(Fault(0, "there is no row in it"))
    return Arriving(tuple(read), tuple(faults))


def _forecast(number: int, row: Mapping[str, Any]) -> ArrivingForecast:
    known = (*REQUIRED, *OPTIONAL, *LISTS)
    for name in row:
        if name not in known:
            raise RowFault(f"{name!r} is not a key{instead(name, known)}")
    for name in REQUIRED:
        if absent(row.get(name)):
            raise RowFault(f"{name} is missing")
    return ArrivingForecast(
        row=number,
        series_id=text_of("series_id", row["series_id"]) or "",
        span=span_of(row["month"]),
        unit=text_of("unit", row["unit"]) or "",
        point=_number(row, "point"),
        levels=_numbers(row, "levels"),
        quantiles=_numbers(row, "quantiles"),
        low=_number(row, "low"),
        high=_number(row, "high"),
        count=_count(row),
        known_from=moment_of(row.get("known_from")),
    )


def _number(row: Mapping[str, Any], name: str) -> float | None:
    """The number of a cell; None where it is empty, RowFault where it is none or not finite."""
    given = row.get(name)
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    try:
        return number_of(given)
    except RowFault as fault:
        raise RowFault(f"{name}: {fault}") from fault


def _numbers(row: Mapping[str, Any], name: str) -> tuple[float, ...]:
    given = row.get(name)
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > MOST_LEVELS:
        raise RowFault(f"{name} is no list of at most {MOST_LEVELS} numbers")
    try:
        return tuple(number_of(each) for each in given)
    except RowFault as fault:
        raise RowFault(f"{name}: {fault}") from fault


def _count(row: Mapping[str, Any]) -> int | None:
    given = _number(row, "count")
    if given is None:
        return None
    if given != int(given) or not 1 <= given <= 1_000_000:
        raise RowFault(f"count is {given:g}; it is how many answered, 1 or more")
    return int(given)
