"""A panel in one file, long form: one row a series and month; columns and months in several spellings."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.months import Month, Span
from forecasting.series import Series, monthly
from services.ingestion.cells import RowFault, absent, instead, number_of, span_of, text_of
from services.ingestion.errors import Fault, PanelRefusedError, UploadRefusedError
from services.ingestion.tables import Table, read_table

FIRST_STEP = Month.of(2000, 1)
"""Month that month number 1 stands for in a panel without a calendar; numbers are written back as numbers."""
LONGEST = 12_000
"""Highest month number: a thousand years."""
FIRST_NUMBER = 1000
"""A panel by number begins below this; what begins above are years, or days as Excel counts them."""
UNIT = "units"
"""Unit of a series whose file has no column ``unit``."""

_STEP = re.compile(r"0*(\d{1,5})(?:\.0+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the three columns; None takes the first of the usual names that the file has."""

    series: str | None = None
    month: str | None = None
    value: str | None = None


USUAL = {"series": ("series_id", "unique_id"), "month": ("month", "ds"), "value": ("value", "y")}


@dataclass(frozen=True, slots=True)
class Panel:
    """Series of a file in the order of their identifiers; ``numbered`` where its months are whole numbers."""

    series: tuple[Series, ...]
    numbered: bool

    def label(self, month: Month) -> str | int:
        """A month as the file writes it: a number, or YYYY-MM."""
        return month.since(FIRST_STEP) + 1 if self.numbered else str(month)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row read: ``value`` is NaN where the cell is empty, which says that the span is a gap."""

    number: int
    series_id: str
    span: Span
    value: float
    unit: str


def read_panel(path: Path, columns: Columns | None = None) -> Panel:
    """Panel of a CSV, JSON, Parquet or Excel file; PanelRefusedError names each row that cannot be read.

    Cells are read as those of an upload are: identifiers are text, a month is YYYY-MM, YYYYMM, a date, or
    YYYY-MM..YYYY-MM for one total. Beside that a panel may count its months 1, 2, …, hold values below zero
    (balances) and leave a value empty: that month, like one without a row, is a gap. A series has one unit,
    ``units`` unless a column ``unit`` says otherwise; columns beyond these are left aside.
    """
    table = table_of(path)
    names = columns or Columns()
    try:
        found = [_column(table, what, asked) for what, asked in _asked(names)]
        rows, numbered = _rows(table, *found)
        return Panel(_series(rows), numbered)
    except PanelRefusedError:
        raise
    except UploadRefusedError as error:
        raise PanelRefusedError(path.name, error.faults) from error


def table_of(path: Path) -> Table:
    """Table of a file on this machine, of any size; PanelRefusedError where it holds none."""
    try:
        content = path.read_bytes()
        table = read_table(path.name, content, limit=None, most_rows=None)
    except OSError as error:
        raise PanelRefusedError(path.name, [Fault(0, f"it cannot be opened ({error.strerror})")]) from error
    except UploadRefusedError as error:
        raise PanelRefusedError(path.name, error.faults) from error
    if not table.columns or not table.rows:
        raise PanelRefusedError(path.name, [Fault(0, "there is no row in it")])
    return table


def _asked(names: Columns) -> tuple[tuple[str, str | None], ...]:
    return ("series", names.series), ("month", names.month), ("value", names.value)


def _column(table: Table, what: str, asked: str | None) -> str:
    wanted = (asked,) if asked else USUAL[what]
    for name in wanted:
        if name in table.columns:
            return name
    reason = f"there is no column {' or '.join(wanted)}{instead(wanted[0], table.columns)}"
    raise UploadRefusedError([Fault(0, reason)])


def _rows(table: Table, series: str, month: str, value: str) -> tuple[list[_Row], bool]:
    """Rows of a table with whether its months are numbers; UploadRefusedError with every fault found."""
    at_series, at_month, at_value = (table.columns.index(name) for name in (series, month, value))
    at_unit = table.columns.index("unit") if "unit" in table.columns else None
    numbered = _numbered([cells[at_month] for _, cells in table.rows])
    span, text = cache(_step if numbered else span_of), cache(_needed)
    rows: list[_Row] = []
    faults: list[Fault] = []
    for number, cells in table.rows:
        try:
            rows.append(
                _Row(
                    number,
                    text(series, _said(cells[at_series])),
                    span(_month_of(month, cells[at_month])),
                    _value(cells[at_value]),
                    UNIT if at_unit is None else text("unit", _said(cells[at_unit])),
                )
            )
        except (RowFault, ForecastingError) as fault:
            faults.append(Fault(number, str(fault).rstrip(".")))
    faults += _contradictions(rows)
    if faults:
        raise UploadRefusedError(sorted(faults, key=lambda fault: fault.row))
    return rows, numbered


def _needed(name: str, given: Any) -> str:
    text = text_of(name, given)
    if text is None:
        raise RowFault(f"{name} is missing")
    return text


def _month_of(name: str, given: Any) -> Any:
    if absent(given):
        raise RowFault(f"{name} is missing")
    return _said(given)


def _said(given: Any) -> Any:
    """A cell as it can be looked up: nothing and a date as they are, all else as its text."""
    return None if absent(given) else given if isinstance(given, dt.date) else str(given)


def _numbered(months: list[Any]) -> bool:
    """True where the months are numbers 1, 2, …: all that are written are, and the least is no year."""
    steps = [_counted(given) for given in {str(given) for given in months if not absent(given)}]
    counted = [step for step in steps if step is not None]
    return bool(counted) and len(counted) == len(steps) and min(counted) < FIRST_NUMBER


def _counted(given: str) -> int | None:
    match = _STEP.fullmatch(given.strip())
    return None if match is None else int(match[1])


def _step(given: Any) -> Span:
    step = _counted(str(given)) or 0
    if not 1 <= step <= LONGEST:
        raise RowFault(f"{given} is no month number from 1 to {LONGEST:,}; write months as YYYY-MM")
    return Span(FIRST_STEP + (step - 1))


def _value(given: Any) -> float:
    if absent(given):
        return math.nan
    if isinstance(given, str) and given.strip().lower() == "withdrawn":
        return math.nan
    return number_of(given)


def _contradictions(rows: list[_Row]) -> list[Fault]:
    """Faults of rows that give a span of a series again, or in another unit than the series began with."""
    seen: dict[tuple[str, int, int], _Row] = {}
    units: dict[str, _Row] = {}
    mixed: set[str] = set()
    faults: list[Fault] = []
    for row in rows:
        first = seen.setdefault((row.series_id, row.span.first.ordinal, row.span.months), row)
        if first is not row:
            reason = f"{row.series_id} has {row.span} twice, first in row {first.number}"
            faults.append(Fault(row.number, reason))
        began = units.setdefault(row.series_id, row)
        if began.unit != row.unit and row.series_id not in mixed:
            mixed.add(row.series_id)
            reason = (
                f"{row.series_id} is in {row.unit!r} here and in {began.unit!r} in row {began.number}; "
                "write a series in one unit"
            )
            faults.append(Fault(row.number, reason))
    return faults


def _series(rows: list[_Row]) -> tuple[Series, ...]:
    """Series in the order of their identifiers."""
    grouped: dict[str, list[_Row]] = {}
    for row in rows:
        grouped.setdefault(row.series_id, []).append(row)
    return tuple(monthly(name, grouped[name][0].unit, _figures(grouped[name])) for name in sorted(grouped))


def _figures(rows: list[_Row]) -> list[tuple[Span, float]]:
    """Figures by span; an empty total is a gap in its first and last month, unless those are held alone."""
    figures = {row.span: row.value for row in rows if row.span.months == 1 or np.isfinite(row.value)}
    for row in rows:
        if row.span not in figures:
            for month in (row.span.first, row.span.last):
                figures.setdefault(Span(month), math.nan)
    return list(figures.items())


def write_table(rows: pd.DataFrame, path: Path) -> None:
    """Rows as Parquet where the name ends so, else as CSV; the file appears whole or not at all."""
    part = path.with_name(path.name + ".part")
    if path.suffix.lower() == ".parquet":
        rows.to_parquet(part, index=False)
    else:
        rows.to_csv(part, index=False)
    part.replace(path)
