"""Where the names of a table stand: titles above are left out and said, two rows of names become one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from forecasting.months import Span
from services.ingestion.cells import RowFault
from services.ingestion.files import roles
from services.ingestion.files.errors import refusal
from services.ingestion.files.grids import Cells, Grid, blank, filled
from services.ingestion.files.mapping import Layout
from services.ingestion.files.months import month_of_year, readings, span_of, year_of
from services.ingestion.files.numbers import number_in

LOOKED_AT = 60
"""Rows among which the names are looked for."""
Row = tuple[int, Cells]
_EMPTY = (None, "", " ")


@dataclass(frozen=True, slots=True)
class Header:
    """Names of the columns by position, empty where a column has none; ``above`` is what stood over them."""

    row: int
    rows: int
    names: tuple[str, ...]
    keys: bool = False
    above: tuple[str, ...] = ()

    def body(self, grid: Grid) -> Iterator[Row]:
        """Rows below the names, blank ones left out."""
        start = self.row + self.rows
        for number, cells in grid.rows():
            if number < start or not ((cells and cells[0] not in _EMPTY) or filled(cells)):
                continue
            yield number, (self.split(cells) if self.keys else cells)

    def split(self, cells: Cells) -> Cells:
        """A row whose first cell holds several."""
        return [*(part.strip() for part in str(cells[0]).split(",")), *cells[1:]] if len(cells) else cells


def header_of(grid: Grid, layout: Layout) -> Header:
    """The header that a layout names; FileRefusedError where there is none."""
    head = list(islice(grid.rows(), layout.header + layout.header_rows + 1))
    rows = [cells for number, cells in head if layout.header <= number < layout.header + layout.header_rows]
    if not rows or not any(filled(cells) for cells in rows):
        raise refusal(grid.name, f"row {layout.header} holds no names; say the row of names as header")
    above = tuple(_said(cells) for number, cells in head if number < layout.header and filled(cells))
    names = _names(rows)
    return Header(
        layout.header, layout.header_rows, _keys(names) if layout.keys else names, layout.keys, above
    )


def find_header(grid: Grid) -> tuple[Layout, str | None]:
    """The layout with its row of names, and a doubt where nothing in that row is a name that is known."""
    head = [(number, cells) for number, cells in islice(grid.rows(), LOOKED_AT) if filled(cells)]
    if not head:
        raise refusal(grid.name, "there is no row in it; give a file with a row of names and a row a figure")
    layout = grid.layout
    if grid.named:
        return layout, None
    scores = [score(cells) for _, cells in head]
    best = max(range(len(head)), key=lambda at: (scores[at], -at))
    doubt = None
    if not scores[best]:
        best = next((at for at in range(len(head) - 1) if _heads(head[at][1], head[at + 1][1])), 0)
        doubt = f"row {head[best][0]} was taken for the names of the columns; none of them is known"
    first, rows = best, 1
    months = sum(month_of_year(cell) for cell in head[best][1] if not blank(cell))
    if best and months >= 2 and any(year_of(cell) for cell in head[best - 1][1] if not blank(cell)):
        first, rows = best - 1, 2
    elif best + 2 < len(head) and _second(head[best][1], head[best + 1][1], head[best + 2][1]):
        rows = 2
    keys = rows == 1 and _keyed(head[best][1])
    layout = _at(layout, head[first][0], head[first + rows - 1][0] - head[first][0] + 1, keys)
    return layout, doubt


def _at(layout: Layout, row: int, rows: int, keys: bool) -> Layout:
    return Layout(
        layout.format, layout.encoding, layout.delimiter, layout.quote, layout.sheet, row, rows, keys
    )  # fmt: skip


def score(cells: Cells) -> int:
    """How much a row looks like names: known ones, and months where there are two or more."""
    held = [cell for cell in cells if not blank(cell)]
    if len(held) < 2:
        return 0
    if _keyed(cells):
        return 100
    months = sum(is_month(cell) or month_of_year(cell) for cell in held)
    counted = [str(cell).strip() for cell in held if str(cell).strip().isdigit()]
    ordinals = [str(number) for number in range(1, 13)]
    if [each.lstrip("0") for each in counted][-12:] == ordinals:
        months = 12
    elif any(is_number(cell) and not is_month(cell) and year_of(cell) is None for cell in held):
        return 0
    known = {role for role in roles.ORDER for cell in held if roles.folded(str(cell)) in roles.ORDER[role]}
    return 3 * (months if months >= 2 else 0) + 2 * len(known)


def is_month(cell: Any) -> bool:
    """True where a cell names a month with its year, by whatever order of day and month."""
    return column_span(cell) is not None or readings(cell) is not None


def column_span(cell: Any, year: int | None = None) -> Span | None:
    """The span that the name of a column says, or None."""
    if isinstance(cell, bool | float):
        return None
    try:
        return span_of(cell, year=year)
    except RowFault:
        return None


def is_number(cell: Any) -> bool:
    """True where a cell is a number by either decimal sign."""
    if isinstance(cell, bool | dt.date):
        return False
    for sign in (".", ","):
        try:
            if number_in(cell, sign).value is not None:
                return True
        except RowFault:
            continue
    return False


def _keyed(cells: Cells) -> bool:
    first = cells[0] if len(cells) else None
    return isinstance(first, str) and "\\" in first and "," in first


def _keys(names: Sequence[str]) -> tuple[str, ...]:
    return (*(part.strip() for part in names[0].partition("\\")[0].split(",")), *names[1:])


def _heads(cells: Cells, below: Cells) -> bool:
    texts = all(not is_number(cell) for cell in cells if not blank(cell))
    return filled(cells) > 1 and texts and any(is_number(cell) for cell in below if not blank(cell))


def _second(names: Cells, below: Cells, third: Cells) -> bool:
    """True where the row below goes on with the names: it fills gaps in them, and figures come after it."""
    if filled(below) < 2 or any(is_number(cell) or is_month(cell) for cell in below if not blank(cell)):
        return False
    gaps = [at for at, cell in enumerate(below) if not blank(cell) and (at >= len(names) or blank(names[at]))]
    return bool(gaps) and any(is_number(cell) for cell in third if not blank(cell))


def _names(rows: Sequence[Cells]) -> tuple[str, ...]:
    width = max(len(cells) for cells in rows)
    parts: list[list[str]] = [[] for _ in range(width)]
    for at, cells in enumerate(rows):
        carried = ""
        for column in range(width):
            text = _text(cells[column]) if column < len(cells) else ""
            lower = any(column < len(below) and not blank(below[column]) for below in rows[at + 1 :])
            carried = text or (carried if lower else "")
            if carried and carried not in parts[column]:
                parts[column].append(carried)
    return tuple(" / ".join(each) for each in parts)


def _text(cell: Any) -> str:
    if blank(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join((cell.date() if isinstance(cell, dt.datetime) else cell).__str__().split())


def _said(cells: Cells) -> str:
    return " ".join(str(cell).strip() for cell in cells if not blank(cell))[:200]
