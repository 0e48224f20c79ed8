"""Excel into a grid: the sheet found or named, its values as they were last reckoned."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from services.ingestion.binary_tables import cell_shown
from services.ingestion.cells import instead
from services.ingestion.files.errors import FileRefusedError, refusal
from services.ingestion.files.grids import MOST_COLUMNS, Cells, Grid, blank, filled
from services.ingestion.files.headers import is_number
from services.ingestion.files.mapping import Layout
from services.ingestion.files.packing import Given

UNRECKONED = "=?"
"""Stands for a formula whose value the file does not hold."""
MOST_SHEETS = 100
LOOKED_AT = 200


def sheet_grid(given: Given, layout: Layout) -> Grid:
    """The grid of one sheet; where several hold figures and none is named, the first is a guess and said."""
    with _refused(given):
        book = _book(given)
        names = [sheet.title for sheet in book.worksheets[:MOST_SHEETS]]
        hidden = [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]
        if layout.sheet is not None:
            if layout.sheet not in names:
                raise refusal(given.name, f"there is no sheet {layout.sheet!r}{instead(layout.sheet, names)}")
            holding = [layout.sheet]
        else:
            holding = [name for name in names if name not in hidden and _holds(book, name)]
        book.close()
    if not holding:
        raise refusal(
            given.name, f"no sheet of it holds figures; its sheets are {', '.join(names) or 'none'}"
        )
    layout = replace(layout, sheet=holding[0])
    others = [name for name in names if name != holding[0]]
    said = [f"sheet {holding[0]!r}" + (f"; left aside: {', '.join(map(repr, others))}" if others else "")]
    guesses = []
    if len(holding) > 1:
        listed = ", ".join(map(repr, holding))
        guesses.append(("file.sheet", f"the sheets {listed} hold figures; {holding[0]!r} was taken"))
    return Grid(given.name, lambda: _rows(given, holding[0]), layout, tuple(said), tuple(guesses))


class _refused:  # noqa: N801 - a context manager, read like a word of the language
    """Whatever a hostile workbook breaks in the library, it is not a workbook."""

    def __init__(self, given: Given) -> None:
        self.name = given.name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, FileRefusedError):
            raise refusal(self.name, f"it is not an Excel workbook ({type(error).__name__})") from error


def _book(given: Given, *, formulas: bool = False) -> Any:
    from openpyxl import load_workbook  # noqa: PLC0415 - 0.2 s to import, and most files are CSV

    return load_workbook(io.BytesIO(given.content()), read_only=True, data_only=not formulas)


def _holds(book: Any, name: str) -> bool:
    """True where a sheet has a row with a number and something beside it."""
    for cells in book[name].iter_rows(values_only=True, max_row=LOOKED_AT, max_col=MOST_COLUMNS):
        numbers = any(is_number(cell) for cell in cells if not blank(cell))
        if numbers and filled(cells) > 1:
            return True
    return False


def _rows(given: Given, name: str) -> Iterator[tuple[int, Cells]]:
    with _refused(given):
        values, formulas = _book(given), _book(given, formulas=True)
        pairs = zip(
            (tuple(map(cell_shown, cells)) for cells in values[name].iter_rows(max_col=MOST_COLUMNS)),
            formulas[name].iter_rows(values_only=True, max_col=MOST_COLUMNS),
            strict=True,
        )
        held = enumerate(((_reckoned(*pair), pair) for pair in pairs), start=1)
    while True:
        with _refused(given):
            following = next(held, None)
        if following is None:
            break
        yield following[0], following[1][0]
    values.close()
    formulas.close()


def _reckoned(values: Cells, formulas: Cells) -> Cells:
    """Values of a row; a formula without one is marked, since what it would give is not in the file."""
    return [
        UNRECKONED if value is None and isinstance(formula, str) and formula.startswith("=") else _cell(value)
        for value, formula in zip(values, formulas, strict=True)
    ]


def _cell(value: Any) -> Any:
    if isinstance(value, dt.time | dt.timedelta):
        return str(value)
    return None if blank(value) else value
