"""A file as a grid of cells, read afresh from its first row each time, never held as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.ingestion.files.mapping import Layout

Cells = Sequence[Any]
MOST_COLUMNS = 1000
"""Columns of the widest table that is read: 80 years of months across."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of one table of a file, numbered from 1 as the sheet or the file shows them.

    ``layout`` says how it was opened; ``said`` what there is to say of that, ``guesses`` by choice what could
    have been otherwise. ``named`` where the first row is the names and needs no looking for.
    """

    name: str
    rows: Callable[[], Iterator[tuple[int, Cells]]]
    layout: Layout
    said: tuple[str, ...] = ()
    guesses: tuple[tuple[str, str], ...] = ()
    named: bool = False

    def place(self, row: int, column: int | None = None, name: str | None = None) -> str:
        """A cell as whoever opens the file sees it."""
        if self.layout.sheet is not None:
            letters = "" if column is None else letters_of(column)
            return f"{self.layout.sheet}!{letters}{row}" if letters else f"{self.layout.sheet}, row {row}"
        if column is None:
            return f"row {row}"
        return f"row {row}, column {name!r}" if name else f"row {row}, column {column + 1}"


def letters_of(column: int) -> str:
    """A column's letters in a sheet: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def blank(cell: Any) -> bool:
    """True where a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def filled(cells: Cells) -> int:
    """Cells of a row that hold something."""
    return sum(not blank(cell) for cell in cells)
