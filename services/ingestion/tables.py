"""Files into tables of plain cells: CSV, JSON, Parquet, Excel. One reader for uploads and for panels."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from services.ingestion.binary_tables import excel_cells, parquet_cells
from services.ingestion.errors import Fault, UploadRefusedError, UploadTooLargeError
from services.ingestion.json_text import JsonTextError, RepeatedKeyError, json_of

Cells = Sequence[Any]

MOST_ROWS = 1_000_000
"""Rows of the longest upload; a panel on one's own machine may be longer."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a file under the names of its first line.

    ``rows`` are pairs of a row's number and its cells, as many as ``columns``. Numbers count every line after
    the header from 1 on, blank ones too, so that a row is found where a spreadsheet shows it.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[int, Cells]]

    def mappings(self) -> list[tuple[int, dict[str, Any]]]:
        """Rows by the names of their columns."""
        return [(number, dict(zip(self.columns, cells, strict=True))) for number, cells in self.rows]


def csv_table(content: bytes, *, limit: int | None, most_rows: int | None) -> Table:
    """Table of a CSV with a header, UTF-8, comma separated; UploadRefusedError where it is none."""
    columns, rows = csv_rows(content, limit=limit, most_rows=most_rows)
    return Table(columns, list(rows))


def csv_rows(
    content: bytes, *, limit: int | None, most_rows: int | None
) -> tuple[tuple[str, ...], Iterator[tuple[int, Cells]]]:
    """Names of a CSV and its rows, each read when it is asked for; UploadRefusedError as in csv_table."""
    reader = csv.reader(io.StringIO(decoded(content, limit), newline=""), strict=True)
    columns: tuple[str, ...] = ()
    try:
        columns = next((tuple(cells) for cells in reader if cells), ())
    except csv.Error as error:
        raise UploadRefusedError([Fault(1, f"it is not CSV ({error})")]) from error
    _refuse_separator(columns)
    refuse_twice("header: the column", columns)
    return columns, _csv_rows(reader, len(columns), most_rows)


def _csv_rows(reader: Iterable[list[str]], width: int, most_rows: int | None) -> Iterator[tuple[int, Cells]]:
    number = found = 0
    try:
        for cells in reader:
            number += 1
            if not cells:
                continue
            if len(cells) != width:
                reason = f"it does not have the {width} cells of the header but {len(cells)}"
                raise UploadRefusedError([Fault(number, reason)])
            found += 1
            refuse_many(found, most_rows)
            yield number, cells
    except csv.Error as error:
        raise UploadRefusedError([Fault(number + 1, f"it is not CSV ({error})")]) from error


def _refuse_separator(columns: Sequence[str]) -> None:
    """UploadRefusedError where the first line is one cell that another sign parts."""
    sign = next((sign for sign in (";", "\t", "|") if len(columns) == 1 and sign in columns[0]), None)
    if sign is not None:
        reason = f"its first line is parted by {sign!r}; save it as CSV with commas and decimal points"
        raise UploadRefusedError([Fault(0, reason)])


def json_table(content: bytes, *, limit: int | None, most_rows: int | None) -> Table:
    """Table of a JSON list of objects, or of an object with such a list under ``observations``."""
    given = parsed(content, limit)
    rows = given.get("observations") if isinstance(given, dict) else given
    found = objects(rows)
    refuse_many(len(found), most_rows)
    columns = tuple(dict.fromkeys(name for row in found for name in row))
    return Table(
        columns, [(at, [row.get(name) for name in columns]) for at, row in enumerate(found, start=1)]
    )


def parsed(content: bytes, limit: int | None) -> Any:
    """JSON as it was written; UploadRefusedError where it is none, or a key stands twice in an object."""
    try:
        return json_of(decoded(content, limit))
    except RepeatedKeyError as error:
        faults = [Fault(0, f"the key {name!r} stands twice") for name in error.names]
        raise UploadRefusedError(faults) from error
    except JsonTextError as error:
        raise UploadRefusedError([Fault(0, str(error))]) from error


def objects(rows: Any) -> list[dict[str, Any]]:
    """Rows where they are a list of objects; else UploadRefusedError."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UploadRefusedError([Fault(0, "a list of objects is wanted, one a figure")])
    return rows


def parquet_table(content: bytes, *, limit: int | None, most_rows: int | None) -> Table:
    """Table of a Parquet file; sizes are bounded before it is unpacked."""
    columns, rows = parquet_cells(content, limit=limit, most_rows=most_rows)
    refuse_twice("header: the column", columns)
    return Table(columns, rows)


def excel_table(content: bytes, *, limit: int | None, most_rows: int | None) -> Table:
    """Table of the first sheet of a workbook; sizes are bounded before it is unpacked."""
    columns, rows = excel_cells(content, limit=limit, most_rows=most_rows)
    refuse_twice("header: the column", columns)
    return Table(columns, rows)


TABLES: dict[str, Callable[..., Table]] = {
    ".csv": csv_table,
    ".json": json_table,
    ".parquet": parquet_table,
    ".xlsx": excel_table,
}


def read_table(name: str, content: bytes, *, limit: int | None, most_rows: int | None) -> Table:
    """Table of a file by the ending of its name, in capitals or not: .csv, .json, .parquet or .xlsx."""
    reader = TABLES.get(PurePath(name).suffix.lower())
    if reader is None:
        raise UploadRefusedError([Fault(0, f"{name} ends in none of {', '.join(TABLES)}")])
    return reader(content, limit=limit, most_rows=most_rows)


def decoded(content: bytes, limit: int | None) -> str:
    """Text of a file in UTF-8, with or without a byte order mark."""
    if limit is not None and len(content) > limit:
        raise UploadTooLargeError(limit)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UploadRefusedError(
            [Fault(0, f"byte {error.start} is not UTF-8; save the file as UTF-8")]
        ) from error
    if "\x00" in text:
        raise UploadRefusedError([Fault(0, "it holds NUL bytes and is not a text file")])
    return text


def refuse_twice(what: str, names: Sequence[str]) -> None:
    """UploadRefusedError where a column stands more than once: we cannot say which is meant."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UploadRefusedError([Fault(0, f"the {what} {name!r} stands twice") for name in twice])


def refuse_many(rows: int, most_rows: int | None) -> None:
    """UploadRefusedError beyond so many rows."""
    if most_rows is not None and rows > most_rows:
        raise UploadRefusedError([Fault(0, f"there are more than {most_rows:,} rows; send it in parts")])
