"""A panel in one file, long form: one row a series and month; columns and months in several spellings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.errors import ForecastingError
from forecasting.months import Month
from forecasting.series import Series
from services.ingestion.errors import Fault, UploadRefusedError

FIRST_STEP = Month.of(2000, 1)
"""Month that month number 1 stands for in a panel without a calendar; numbers are written back as numbers."""


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


def read_panel(path: Path, columns: Columns | None = None) -> Panel:
    """Panel of a CSV or Parquet file; UploadRefusedError names the row that cannot be read.

    A month is YYYY-MM, a date, or a whole number 1, 2, …; a month without a row, or with an empty value, is a
    gap. Every series has the unit ``units`` unless a column ``unit`` says otherwise.
    """
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    names = columns or Columns()
    series = _column(table, path, "series", names.series)
    month = _column(table, path, "month", names.month)
    value = _column(table, path, "value", names.value)
    numbered = bool(pd.api.types.is_integer_dtype(table[month]))
    ordinals = _ordinals(table[month], numbered)
    try:
        values = table[value].to_numpy(dtype=np.float64)
    except ValueError as error:
        raise UploadRefusedError(
            [Fault(0, f"column {value} holds something that is no number: {error}")]
        ) from error
    rows = pd.DataFrame({"id": table[series].astype(str), "ordinal": ordinals, "value": values})
    rows["unit"] = table["unit"].astype(str) if "unit" in table else "units"
    twice = rows.duplicated(["id", "ordinal"])
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        raise UploadRefusedError([Fault(row + 1, f"{rows['id'][row]} has {table[month].iloc[row]} twice")])
    made = []
    for series_id, group in rows.groupby("id", sort=True):
        first = int(group["ordinal"].min())
        held = np.full(int(group["ordinal"].max()) - first + 1, np.nan)
        held[group["ordinal"].to_numpy() - first] = group["value"].to_numpy()
        try:
            made.append(Series(str(series_id), str(group["unit"].iloc[0]), Month(first), held))
        except ForecastingError as error:
            raise UploadRefusedError([Fault(0, str(error))]) from error
    return Panel(tuple(made), numbered)


def _column(table: pd.DataFrame, path: Path, what: str, asked: str | None) -> str:
    wanted = (asked,) if asked else USUAL[what]
    for name in wanted:
        if name in table.columns:
            return name
    raise UploadRefusedError(
        [
            Fault(
                0,
                f"{path.name} holds {', '.join(map(str, table.columns))}; none is {' or '.join(wanted)}",
            )
        ]
    )


def _ordinals(months: pd.Series[str], numbered: bool) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if numbered:
        return np.asarray(months.to_numpy(dtype=np.int64) - 1 + FIRST_STEP.ordinal)
    ordinals = np.empty(len(months), dtype=np.int64)
    known: dict[str, int] = {}
    for row, text in enumerate(months.astype(str)):
        written = text[:7]
        if written not in known:
            try:
                known[written] = Month.parse(written).ordinal
            except ForecastingError as error:
                raise UploadRefusedError([Fault(row + 1, str(error))]) from error
        ordinals[row] = known[written]
    return ordinals


def write_table(rows: pd.DataFrame, path: Path) -> None:
    """Rows as Parquet where the name ends so, else as CSV; the file appears whole or not at all."""
    part = path.with_name(path.name + ".part")
    if path.suffix == ".parquet":
        rows.to_parquet(part, index=False)
    else:
        rows.to_csv(part, index=False)
    part.replace(path)
