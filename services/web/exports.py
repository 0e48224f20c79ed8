"""A table of a page as a file: the same rows, plain numbers, months YYYY-MM, times in UTC."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection, Engine

from services.queries.slices import Slice

Row = TypeVar("Row")

SLICE = 1_000
"""Rows of a list that are read together for a file that holds all of them."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: its name, and its cell of a row."""

    name: str
    cell: Callable[[Row], Any]


def as_csv(name: str, columns: Sequence[Column[Row]], rows: Iterable[Row]) -> Response:
    """Rows as a file of CSV, every column in its place also where there is no row."""
    whole = _lines([[column.name for column in columns]]) + _written(columns, rows)
    return Response(whole, media_type=_CSV, headers=_headers(name))


def every_row(
    engine: Engine,
    name: str,
    columns: Sequence[Column[Row]],
    read: Callable[[Connection, Row | None], Slice[Row]],
) -> Response:
    """All rows of a list as a file, however long it is: read slice by slice while it is sent.

    ``read`` gives the slice that follows a row, or the first. That one is read before the answer begins,
    so that what is wrong is still an error page.
    """

    def slices() -> Iterator[list[Row]]:
        last: Row | None = None
        while True:
            with engine.begin() as connection:
                found = read(connection, last)
            yield found.rows
            if not found.more:
                return
            last = found.rows[-1]

    following = slices()
    first = next(following)

    def sent() -> Iterator[str]:
        yield _lines([[column.name for column in columns]]) + _written(columns, first)
        for rows in following:
            yield _written(columns, rows)

    return StreamingResponse(sent(), media_type=_CSV, headers=_headers(name))


_CSV = "text/csv; charset=utf-8"


def _written(columns: Sequence[Column[Row]], rows: Iterable[Row]) -> str:
    return _lines([_plain(column.cell(row)) for column in columns] for row in rows)


def _lines(rows: Iterable[Sequence[str | float | int]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _headers(name: str) -> dict[str, str]:
    plain = "".join(
        sign if sign.isascii() and sign.isprintable() and sign not in '"\\/' else "_" for sign in name
    )
    named = f"attachment; filename=\"{plain}.csv\"; filename*=UTF-8''{quote(name, safe='')}.csv"
    return {"Content-Disposition": named, "Cache-Control": "no-store"}


def _plain(cell: Any) -> str | float | int:
    """A cell as a spreadsheet reads it back; a text that it would run as a formula is made inert."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, dt.datetime):
        return cell.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(cell, (int, float)):
        return cell
    text = str(cell)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
