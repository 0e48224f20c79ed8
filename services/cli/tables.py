"""Tables of the commands: whole where they fit, and a line a value where the terminal is too narrow."""

from __future__ import annotations

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

WIDEST = 10_000
"""Columns asked for when a table's own width is measured."""


def show(table: Table, console: Console | None = None) -> None:
    """Print a table so that nothing of it is cut.

    A file or a pipe has no width, and gets it whole; a terminal that is too narrow gets a line a value.
    """
    console = console or Console()
    needed = Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum
    if not console.is_terminal:
        console.width = max(needed, console.width)
    if needed <= console.width:
        console.print(table)
        return
    titles = [str(column.header) for column in table.columns]
    widest = max(map(len, titles))
    for values in zip(*(column.cells for column in table.columns), strict=True):
        for title, value in zip(titles, values, strict=True):
            if value:
                said = Text.from_markup(str(value)).plain
                console.print(f"{title:{widest}}  {said}", markup=False, highlight=False, soft_wrap=True)
        console.print()
    if table.caption is not None:
        console.print(str(table.caption), markup=False, highlight=False)
