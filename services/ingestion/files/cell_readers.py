"""The cells of one file read by its mapping; what was read once is looked up after."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from functools import lru_cache
from typing import Any

from forecasting.months import Span
from services.ingestion.cells import RowFault, absent, can_be_id, text_of, unfit_id, within_size
from services.ingestion.files.flags import stage_of
from services.ingestion.files.mapping import Mapping
from services.ingestion.files.months import order, span_of, year_of
from services.ingestion.files.numbers import Decimal, Number, number_in, shows
from services.ingestion.files.roles import EXPONENTS, scale_of
from services.ingestion.files.sheet_grid import UNRECKONED
from services.ingestion.files.units import exponent, multiplier, ratio, unit_named

KEPT = 1 << 16
"""Cells of a kind that are looked up; a file has a few thousand months and flags, whatever its length."""
Figure = tuple[float | None, str | None, str, str, str]
"""Value or None, its marker, stage, the unit it was given in, and the unit it is in now."""


def plain_text(cell: Any) -> str:
    """A cell's text, a whole number without a point."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if absent(cell) else str(cell).strip()


class CellReaders:
    """How each kind of cell is read; RowFault says what is wrong with one, and what to do."""

    def __init__(self, mapping: Mapping, units: Dictionary[str, str]) -> None:
        self.mapping, self.units = mapping, units
        self.decimal = mapping.numbers.decimal
        self._new = {each.id for each in mapping.register}
        self.series_id = lru_cache(KEPT)(self._series_id)
        self.unit = lru_cache(KEPT)(self._unit)
        self.stage = lru_cache(KEPT)(self._stage)
        self._said_month = lru_cache(KEPT)(self._month)
        self._sign: Decimal | None = None
        self._day_first: bool | None = None
        self._whole = None if mapping.months.month is None else span_of(mapping.months.month)

    def span(self, month: Any, year: Any = None) -> Span:
        """The months of a row, by its month and, where it stands apart, its year."""
        if self._whole is not None and self.mapping.table.month is None:
            return self._whole
        if absent(month):
            raise RowFault("the month is missing")
        if isinstance(month, float | int) and not isinstance(month, bool):
            month = plain_text(month)
        return self._said_month(month, year)

    def _month(self, month: Any, year: Any) -> Span:
        of = self.mapping.months.year if year is None else self.year(year)
        first = order(month) if self.mapping.months.day_first is None else None
        if first is not None:
            if self._day_first not in {None, first}:
                raise RowFault(
                    f"{month!r} has its {'day' if first else 'month'} first, and dates before it have not"
                )
            self._day_first = first
        return span_of(month, day_first=self.mapping.months.day_first, year=of)

    def year(self, given: Any) -> int:
        """The year of a cell."""
        year = given if isinstance(given, int) and 1900 <= given <= 2100 else year_of(plain_text(given))
        if year is None:
            raise RowFault(f"{plain_text(given)[:40]!r} is not a year; write it as 2025")
        return year

    def _series_id(self, cells: tuple[Any, ...]) -> str:
        if self.mapping.table.series_id is not None:
            return self.mapping.table.series_id
        parts = [text_of("the series", plain_text(cell)) for cell in cells]
        if not all(parts):
            raise RowFault("the series is missing")
        said = self.mapping.table.join.join(part for part in parts if part)
        found = self.mapping.ids.get(said, said)
        if found in self._new and not can_be_id(found):
            raise RowFault(f"{unfit_id(found)}; give it one under [ids] of the mapping")
        return found

    def _unit(self, cells: tuple[Any, ...]) -> str | None:
        """The unit of a row: what scales it first, then its name, which may be that of the whole file."""
        scale, parts = "", []
        for name, cell in zip(self.mapping.table.unit, cells, strict=True):
            part, kind = text_of("the unit", plain_text(cell)), scale_of(name)
            if part and kind in EXPONENTS:
                scale = f"10^{power} " if (power := exponent(part)) else ""
            elif part and kind is not None:
                if not multiplier(part):
                    raise RowFault(f"{part[:40]!r} is no multiplier that is known; write thousand or million")
                scale = f"{part} "
            elif part:
                parts.append(part)
        unit = " ".join(parts) or self.mapping.unit
        return unit and scale + unit

    def _stage(self, flag: str) -> str:
        return stage_of(flag, self.mapping.flags)

    def figure(self, cell: Any, flag: Any, series_id: str | None, unit: str | None) -> Figure:
        """What a cell of figures says of a series, in the unit of the series."""
        if cell == UNRECKONED:
            raise RowFault("it is a formula whose value is not in the file; paste its value instead")
        if self.decimal is None and isinstance(cell, str):
            self._same_sign(cell)
        number = number_in(cell, self.decimal)
        behind = number.rest
        if behind and (meant := unit_named(behind)) is not None:
            if unit is None:
                unit = behind
            elif unit_named(unit) != meant:
                raise RowFault(f"{str(cell)[:40]!r} is in {behind}, and the table is in {unit}")
            behind = ""
        if unit is None:
            raise RowFault('nothing says the unit; say unit = "t" in the mapping, or which it is')
        stage = self._worth(number, behind, plain_text(flag), cell)
        wanted = self.units.get(series_id or "", unit)
        rule = ratio(unit, wanted)
        if rule is None:
            raise RowFault(
                f"the unit is {unit!r}, {series_id} is in {wanted!r}, and no rule makes one the other"
            )
        value = number.value
        if value is None:
            return None, number.marker, stage, unit, wanted
        if value < 0:
            raise RowFault(f"the value {str(cell)[:40]} is negative, and an export volume cannot be")
        return within_size(value * rule[0] / rule[1], cell), None, stage, unit, wanted

    def _same_sign(self, cell: str) -> None:
        """RowFault where a figure proves another decimal sign than one before it."""
        sign = shows(cell)
        if sign is not None and self._sign not in {None, sign}:
            reason = f"{cell[:40]!r} has another decimal sign than figures before it"
            raise RowFault(f'{reason}; say decimal = "." or "," under [numbers] of the mapping')
        self._sign = sign or self._sign

    def _worth(self, number: Number, behind: str, flag: str, cell: Any) -> str:
        """The stage of a figure by its flags, in its cell and in the column beside it."""
        try:
            return self.stage(behind or flag)
        except RowFault:
            if number.value is None:
                return "final"
            if behind:
                raise RowFault(
                    f"{behind[:40]!r} behind {str(cell)[:40]!r} is neither a unit nor a flag that is known"
                ) from None
            raise
