"""A table of a page as a file: the same rows, plain numbers, months YYYY-MM, times in UTC."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from fastapi import Response

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: its name, and its cell of a row."""

    name: str
    cell: Callable[[Row], Any]


def as_csv(name: str, columns: Sequence[Column[Row]], rows: Iterable[Row]) -> Response:
    """Rows as a file of CSV, every column in its place also where there is no row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.name for column in columns)
    writer.writerows([_plain(column.cell(row)) for column in columns] for row in rows)
    plain = "".join(
        sign if sign.isascii() and sign.isprintable() and sign not in '"\\' else "_" for sign in name
    )
    named = f"attachment; filename=\"{plain}.csv\"; filename*=UTF-8''{quote(name, safe='')}.csv"
    headers = {"Content-Disposition": named, "Cache-Control": "no-store"}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _plain(cell: Any) -> str | float | int:
    """A cell as a spreadsheet reads it back; a text that it would run as a formula is made inert."""
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        return cell.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(cell, (int, float)):
        return cell
    text = str(cell)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
