"""What the columns of a table seem to be: by their names, else by what a sample of their cells holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from services.ingestion.cells import RowFault
from services.ingestion.files import roles
from services.ingestion.files.cell_readers import plain_text
from services.ingestion.files.columns import CARRIED
from services.ingestion.files.flags import stage_of
from services.ingestion.files.grids import Cells, blank
from services.ingestion.files.headers import column_span, is_month, is_number
from services.ingestion.files.months import month_of_year, plain, span_of, year_of
from services.ingestion.files.numbers import MARKERS
from services.ingestion.files.units import unit_named

IN_NAME = {"kgliquido": "kg", "netwgt": "kg", "netmass": "kg", "netweight": "kg", "quantityinkg": "kg"}
"""Units that agencies give in the documentation of a column and not in its name."""

_BRACKETS = re.compile(r"[(\[\uff08]([^()\[\]\uff08\uff09]+)[)\]\uff09]")
_UNIT_LINE = re.compile(
    r"(?:unit|units|\u5355\u4f4d|\u8a08\u91cf\u5358\u4f4d|\u5358\u4f4d)\s*[:\uff1a]\s*([^;,|]{1,40})",
    re.IGNORECASE,
)
_MONTH_IN = re.compile(
    r"[A-Za-z]{3,9}\.? ?(?:-|to) ?[A-Za-z]{3,9}\.? ?\d{4}|[A-Za-z]{3,9}\.? ?\d{4}|"
    r"\d{4}\u5e74\d{1,2}(?:\u6708?[-\u81f3~]\d{1,2})?\u6708|\d{4}-\d{2}\b"
)
_YEAR_IN = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")


class Sample:
    """Names of a table with its first rows, and how a cell of them is named."""

    def __init__(
        self,
        names: Sequence[str],
        rows: Sequence[tuple[int, Cells]],
        above: Sequence[str],
        place: Callable[[int, int | None, str | None], str],
    ) -> None:
        self.names, self.above, self._place = names, above, place
        self.rows = [cells for _, cells in rows]
        self._numbers = [number for number, _ in rows]
        self.named = [name for name in names if name and list(names).count(name) == 1]

    def cells(self, name: str) -> list[Any]:
        """Cells of a column that hold something."""
        at = list(self.names).index(name)
        return [row[at] for row in self.rows if at < len(row) and not blank(row[at])]

    def every(self, name: str, test: Any) -> bool:
        """True where all cells of a column pass, and there is one."""
        held = self.cells(name)[:500]
        return bool(held) and all(test(cell) for cell in held)

    def months(self, year: str | None) -> list[str]:
        """Columns of months, the likeliest first: by their name, then by their cells."""
        by_name = [
            name for name in roles.columns_for("month", self.named)
            if name != year
            and (not self.cells(name) or any(_monthly(cell, year) for cell in self.cells(name)[:50]))
        ]  # fmt: skip
        if by_name:
            whole = [name for name in by_name if any(_monthly(cell, None) for cell in self.cells(name)[:50])]
            return whole or by_name
        return [name for name in self.named if not self.every(name, _integer) and self.every(name, is_month)]

    def unread_month(self, year: str | None) -> tuple[str, str, str] | None:
        """A column that is named for months and holds none: its name, its first cell, and why."""
        for name in roles.columns_for("month", self.named):
            at = list(self.names).index(name)
            for number, row in zip(self._numbers, self.rows, strict=True):
                if name != year and at < len(row) and not blank(row[at]):
                    try:
                        span_of(plain_text(row[at]))
                    except RowFault as fault:
                        return name, self._place(number, at, name), str(fault)
                    break
        return None

    def years(self) -> str | None:
        """The column of years, if there is one."""
        for name in roles.columns_for("year", self.named):
            if any(_year(cell) for cell in self.cells(name)[:50]):
                return name
        first = next(iter(self.named), None)
        return first if first is not None and self.every(first, _year) else None

    def values(self, used: Sequence[str | None]) -> list[str]:
        """Columns of figures, the likeliest first: by their name, else all in which only numbers stand.

        None whose name says that it holds no volume.
        """
        free = [name for name in self.named if name not in used and not roles.is_no_volume(name)]
        by_name = roles.columns_for("value", free)
        if by_name:
            return [name for name in by_name if self._figures(name)] or by_name
        return [
            name for name in free
            if not roles.known(name) and roles.folded(name) not in roles.NEVER and not roles.is_code(name)
            and roles.scale_of(name) is None and self._figures(name)
        ]  # fmt: skip

    def _figures(self, name: str) -> bool:
        cells = self.cells(name)[:200]
        return not cells or any(_figure(cell) for cell in cells)

    def units(self, used: Sequence[str | None]) -> tuple[str, ...]:
        """Columns that say the unit, the one that scales it first."""
        found = roles.columns_for("unit", [name for name in self.named if name not in used])
        if not found:
            free = [name for name in self.named if name not in used and not roles.known(name)]
            found = [
                name
                for name in free
                if self.every(name, lambda cell: unit_named(plain_text(cell)) is not None)
            ]
        return (*self.scales()[:1], *found[:1])

    def scales(self) -> list[str]:
        """Columns that scale the unit, exponents of ten first."""
        found = [name for name in self.named if roles.scale_of(name) is not None]
        return sorted(found, key=lambda name: roles.scale_of(name) not in roles.EXPONENTS)

    def stages(self, used: Sequence[str | None]) -> str | None:
        """The column of flags or stages."""
        found = roles.columns_for("stage", [name for name in self.named if name not in used])
        return next(
            (name for name in found if self.cells(name) and all(map(_staged, self.cells(name)[:200]))), None
        )

    def carried(self) -> tuple[str, ...]:
        """Columns under our own names that are taken along."""
        return tuple(name for name in self.named if name in CARRIED)

    def ids(self, month: str | None, used: Sequence[str | None]) -> tuple[str, ...]:
        """The fewest columns that, with the month, tell the rows apart; from left to right."""
        free = [
            name for name in self.named
            if name not in used and name not in CARRIED and not roles.known(name) and self.cells(name)
            and roles.folded(name) not in roles.NEVER and roles.scale_of(name) is None
        ]  # fmt: skip
        chosen: list[str] = []
        apart = len(self._distinct([*chosen, month]))
        for name in free:
            if apart >= len(self.rows):
                break
            more = len(self._distinct([*chosen, name, month]))
            if more > apart:
                chosen.append(name)
                apart = more
        return tuple(chosen)

    def _distinct(self, columns: Sequence[str | None]) -> set[tuple[str, ...]]:
        at = [list(self.names).index(name) for name in columns if name is not None]
        return {tuple(plain_text(row[each]) if each < len(row) else "" for each in at) for row in self.rows}

    def unit_said(self, value: str | None) -> tuple[str, str] | None:
        """A unit for the whole table with where it was found: the name of the figures, or above the table."""
        if value is not None:
            if folded := IN_NAME.get(roles.folded(value)):
                return folded, f"{value!r} is in {folded} by the agency's documentation"
            for part in [*_BRACKETS.findall(value), *re.split(r"[,;/]", value)[1:], value]:
                if unit_named(part.strip()) is not None:
                    return part.strip(), f"the name of the column {value!r} says it"
        for text in self.above:
            for part in [*_UNIT_LINE.findall(text), *_BRACKETS.findall(text), *text.split(",")[1:]]:
                if unit_named(part.strip()) is not None:
                    return part.strip(), f"it stands above the table: {text[:80]!r}"
        return None

    def month_said(self) -> str | None:
        """A month in the titles above the table."""
        for text in self.above:
            for found in _MONTH_IN.findall(plain(text)) + _MONTH_IN.findall(text):
                if (span := column_span(found)) is not None:
                    return str(span)
        return None

    def year_said(self) -> int | None:
        """The one year in the titles above the table."""
        years = {int(year) for text in self.above for year in _YEAR_IN.findall(text)}
        return years.pop() if len(years) == 1 else None


def _monthly(cell: Any, year: str | None) -> bool:
    if is_month(plain_text(cell) if isinstance(cell, int | float) else cell):
        return True
    return year is not None and (month_of_year(cell) or column_span(plain_text(cell), 2000) is not None)


def _integer(cell: Any) -> bool:
    return plain_text(cell).isdigit() and len(plain_text(cell)) != 6


def _year(cell: Any) -> bool:
    return year_of(plain_text(cell)) is not None


def _figure(cell: Any) -> bool:
    return is_number(cell) or (isinstance(cell, str) and cell.strip().lower() in MARKERS)


def _staged(cell: Any) -> bool:
    try:
        return bool(stage_of(plain_text(cell), {}))
    except RowFault:
        return plain_text(cell).lower() in MARKERS
