"""A file by its mapping into figures, a batch at a time; every fault of it is found before it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from typing import Any

from forecasting.months import Span
from services.ingestion.cells import RowFault, text_of
from services.ingestion.files.cell_readers import CellReaders, plain_text
from services.ingestion.files.columns import columns_of
from services.ingestion.files.errors import Faults
from services.ingestion.files.grids import Cells, Grid, blank, filled
from services.ingestion.files.headers import header_of
from services.ingestion.files.mapping import Mapping
from services.ingestion.files.repeats import Repeats
from services.ingestion.files.tally import ReadFigure, Tally

BATCH = 10_000
Batch = list[ReadFigure]


class FileReading:
    """One reading of a grid. ``tally`` counts what it met; it is whole once ``batches`` has ended."""

    def __init__(
        self,
        grid: Grid,
        mapping: Mapping,
        *,
        units: Dictionary[str, str] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.grid, self.mapping, self.progress = grid, mapping, progress
        self.header = header_of(grid, mapping.file)
        self.names = self.header.names
        self.columns = columns_of(grid.name, self.names, mapping)
        registering = {each.id: each.unit for each in mapping.register}
        self.cells = CellReaders(mapping, {**registering, **(units or {})})
        self.tally = Tally()
        self._faults = Faults(grid.name)
        self._repeats = Repeats(self._fault)
        self._width = len(self.names)
        self._padded = mapping.file.format != "text"

    def batches(self, size: int = BATCH) -> Iterator[Batch]:
        """Figures in the order of the file, missing ones too; at the end FileRefusedError if one had a fault.

        What was given before it is then not to be recorded: whoever records does so in one transaction.
        """
        batch: Batch = []
        for number, cells in self.header.body(self.grid):
            self.tally.rows += 1
            batch += self._row(number, cells)
            if len(batch) >= size:
                yield batch
                batch = []
                if self.progress is not None:
                    self.progress(self.tally.rows)
        self._repeats.tell()
        if not self.tally.figures and not self._faults.count:
            rows = (
                f"none of its {self.tally.rows:,} rows holds one"
                if self.tally.rows
                else "no row follows the names"
            )
            self._faults.add(0, "", f"there is no figure in it: {rows}; add a row a figure")
        self._faults.refuse()
        if batch:
            yield batch

    def _fault(self, row: int, column: int | None, reason: object) -> None:
        name = self.names[column] if column is not None and 0 <= column < self._width else None
        self._faults.add(row, self.grid.place(row, column, name), str(reason))

    def _row(self, number: int, given: Cells) -> Batch:
        cells = self._whole(number, given)
        if cells is None:
            return []
        for column, texts, wanted in self.columns.keep:
            if (plain_text(cells[column]) in texts) is not wanted:
                self.tally.left_out += 1
                return []
        if self.columns.months:
            return self._wide(number, cells)
        columns = self.columns
        assert columns.value is not None  # noqa: S101 - columns_of has refused a long table without one
        bare = blank(cells[columns.value]) and (columns.month is None or blank(cells[columns.month]))
        if bare and self._noted(cells):
            return self._note(number, cells)
        span: Span | None = None
        try:
            span = self.cells.span(
                None if columns.month is None else cells[columns.month],
                None if columns.year is None else cells[columns.year],
            )
        except RowFault as fault:
            if bare or self._noted(cells):
                return self._note(number, cells)
            self._fault(number, columns.month if columns.year is None else columns.year, fault)
        return self._figures(number, cells, [(columns.value, span)])

    def _wide(self, number: int, cells: Cells) -> Batch:
        if self._noted(cells):
            return self._note(number, cells)
        year: int | None = None
        if self.mapping.table.shape == "years down" and self.columns.year is not None:
            try:
                year = self.cells.year(cells[self.columns.year])
            except RowFault as fault:
                self._fault(number, self.columns.year, fault)
                return []
        spans = [
            (column, span if isinstance(span, Span) else self.cells.span(span, year))
            for column, span in self.columns.months
        ]
        return self._figures(number, cells, spans)

    def _figures(self, number: int, cells: Cells, places: Sequence[tuple[int, Span | None]]) -> Batch:
        """Figures of a row; a fault of its series, unit or stage is told once."""
        columns = self.columns
        series_id = unit = None
        beside: tuple[tuple[str, Any], ...] = ()
        try:
            series_id = self.cells.series_id(tuple(cells[each] for each in columns.series))
        except RowFault as fault:
            self._fault(number, columns.series[0] if columns.series else None, fault)
        at = columns.unit[0] if columns.unit else None
        try:
            unit = self.cells.unit(tuple(cells[each] for each in columns.unit))
            beside = tuple((name, cells[each]) for name, each in columns.carry if not blank(cells[each]))
        except RowFault as fault:
            self._fault(number, at, fault)
        flag = None if columns.stage is None else cells[columns.stage]
        found: Batch = []
        for column, span in places:
            try:
                read = self.cells.figure(cells[column], flag, series_id, unit)
            except RowFault as fault:
                self._fault(number, column, fault)
                continue
            if span is None or series_id is None:
                continue
            value, marker, stage, given, wanted = read
            figure = ReadFigure(number, column, series_id, span, value, marker, stage, wanted, beside)
            self.tally.add(figure, given)
            self._repeats.see(figure)
            found.append(figure)
        return found

    def _whole(self, number: int, cells: Cells) -> Cells | None:
        """A row as wide as the names; None where it is a note, or a fault that was told."""
        if len(cells) == self._width:
            stray = None
        elif self._padded or len(cells) > self._width:
            stray = next((at for at, cell in enumerate(cells[self._width :]) if not blank(cell)), None)
        elif filled(cells) <= 1:
            self._note(number, cells)
            return None
        else:
            reason = f"it has {len(cells)} cells, and the names in row {self.header.row} are {self._width}"
            self._fault(number, None, reason)
            return None
        if stray is not None:
            at = self._width + stray
            self._fault(number, at, f"{str(cells[at])[:40]!r} stands beyond the last name")
            return None
        return (
            [*cells[: self._width], *[None] * (self._width - len(cells))]
            if len(cells) != self._width
            else cells
        )

    def _noted(self, cells: Cells) -> bool:
        """True where one cell alone holds something, neither a month nor a figure of the table."""
        if filled(cells) > 1 or self._width < 2:
            return False
        at = next(at for at, cell in enumerate(cells) if not blank(cell))
        figures = {self.columns.value, *(column for column, _ in self.columns.months)}
        return at not in figures or not self._padded

    def _note(self, number: int, cells: Cells) -> Batch:
        said = " ".join(str(cell).strip() for cell in cells if not blank(cell))
        self.tally.note(self.grid.place(number), said)
        return []


def told(beside: tuple[tuple[str, Any], ...]) -> dict[str, str | None]:
    """Cells that are carried along as texts; RowFault where one holds what no text does."""
    return {name: text_of(name, cell) for name, cell in beside}
