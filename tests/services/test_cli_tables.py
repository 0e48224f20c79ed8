"""What a command prints as a table is whole, however narrow the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from services.cli.tables import show

EPISODE = "CN_EXP_REPM_T:2025-04:down"
ROWS = [
    (f"{EPISODE}{place}", "2025-12", "recovering", "2025-05", "81%", "5", "12,345", "10,001 to 14,999")
    for place in range(3)
]
TITLES = ("episode", "as of", "status", "trough", "recovered", "months under", "shortfall", "90 % interval")


def printed(width: int, *, terminal: bool) -> str:
    table = Table(*TITLES, caption="naive: the same of seasonal naive")
    for row in ROWS:
        table.add_row(*row)
    file = io.StringIO()
    show(table, Console(file=file, width=width, force_terminal=terminal, color_system=None))
    return file.getvalue()


@pytest.mark.parametrize(("width", "terminal"), [(40, True), (80, True), (200, True), (80, False)])
def test_nothing_is_cut(width: int, terminal: bool) -> None:
    """Every title and value stands in what is printed: as a table where it fits, else a line a value."""
    told = printed(width, terminal=terminal)
    for row in ROWS:
        assert all(value in told for value in row), told
    assert "…" not in told
    assert all(title in told for title in TITLES)
    assert " ".join(told.split()).endswith("naive: the same of seasonal naive")


def test_a_table_that_fits_is_a_table() -> None:
    """A row stands on one line where the terminal has the room, and goes to a pipe as one too."""
    for told in (printed(200, terminal=True), printed(80, terminal=False)):
        assert any(all(value in line for value in ROWS[0]) for line in told.splitlines())
