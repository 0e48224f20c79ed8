"""One pass over a whole column of cells: what it proves of months and numbers, and leaves open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.ingestion.files.months import order, readings
from services.ingestion.files.numbers import Decimal, both, open_to_both, shows

KEPT = 1 << 16


class DayOrder:
    """Whether dates have their day first: known once one date allows no other, a fault where two disagree."""

    def __init__(self) -> None:
        self.day_first: str | None = None
        self.month_first: str | None = None
        self.open: tuple[str, str] | None = None
        self._seen: set[Any] = set()

    def see(self, cell: Any, place: str) -> None:
        """One cell of months."""
        if cell in self._seen or not isinstance(cell, str):
            return
        if len(self._seen) < KEPT:
            self._seen.add(cell)
        first = order(cell)
        if first is True:
            self.day_first = self.day_first or f"{cell!r} in {place}"
        elif first is False:
            self.month_first = self.month_first or f"{cell!r} in {place}"
        elif self.open is None and (two := readings(cell)) is not None:
            self.open = (cell, f"{two[0]} with the day first and {two[1]} with the month first")

    def decided(self) -> bool | None:
        """True, False, or None where nothing decides or two cells contradict each other."""
        if (self.day_first is None) == (self.month_first is None):
            return None
        return self.day_first is not None

    def question(self) -> str | None:
        """What has to be asked, with both readings; None where there is nothing to ask."""
        if self.day_first and self.month_first:
            return (
                f"{self.day_first} has its day first, and {self.month_first} its month; one file, one order"
            )
        if self.open is not None and self.decided() is None:
            return f"{self.open[0]!r} is {self.open[1]}, and no date of the column decides; say day_first"
        return None


class DecimalSign:
    """Which decimal sign the figures have: known once one figure allows no other."""

    def __init__(self) -> None:
        self.proof: dict[Decimal, str] = {}
        self.open: dict[str, str] = {}

    def see(self, cells: Iterable[tuple[Any, str | None]], place: str) -> None:
        """Cells of figures of one row."""
        for cell, name in cells:
            if not isinstance(cell, str) or cell.isdigit():
                continue
            sign = shows(cell)
            if sign is not None:
                if sign not in self.proof:
                    self.proof[sign] = f"{cell.strip()!r} in {place}" + (f", column {name!r}" if name else "")
            elif not self.open.get("," if "," in cell else ".") and open_to_both(cell):
                self.open["," if "," in cell else "."] = cell.strip()

    def decided(self) -> Decimal | None:
        """The sign; None where nothing decides or two figures contradict each other."""
        if len(self.proof) == 2:
            return None
        if self.proof:
            return next(iter(self.proof))
        return None if self.open else "."

    def question(self) -> str | None:
        """What has to be asked, with both readings; None where there is nothing to ask."""
        if len(self.proof) == 2:
            point, comma = self.proof["."], self.proof[","]
            return f"{point} has a decimal point, and {comma} a decimal comma; one file, one sign"
        if self.decided() is None:
            return both(next(iter(self.open.values())))
        return None
