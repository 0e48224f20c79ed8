"""Figures of a file as the recording takes them; what is missing is skipped or withdraws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.ingestion.cells import RowFault, text_of
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.figures import BASES, ArrivingFigure, moment_of
from services.ingestion.files.errors import Faults, FileRefusedError
from services.ingestion.files.reading import FileReading
from services.ingestion.files.tally import ReadFigure


def arriving(reading: FileReading) -> Iterator[list[ArrivingFigure]]:
    """Batches of figures to record; FileRefusedError at the end where one of the file had a fault."""
    withdraw = reading.mapping.numbers.missing == "withdraw"
    faults = Faults(reading.grid.name)
    for batch in reading.batches():
        yield list(_figures(batch, reading, faults, withdraw=withdraw))
    faults.refuse()


def _figures(
    batch: Iterable[ReadFigure], reading: FileReading, faults: Faults, *, withdraw: bool
) -> Iterator[ArrivingFigure]:
    for each in batch:
        if each.value is None and not withdraw:
            continue
        try:
            yield _figure(each)
        except RowFault as fault:
            faults.add(each.row, reading.grid.place(each.row), str(fault))


def _figure(each: ReadFigure) -> ArrivingFigure:
    if not each.beside:
        return ArrivingFigure(each.row, each.series_id, each.span, each.value, each.unit, stage=each.stage)
    beside = dict(each.beside)
    basis = text_of("known_basis", beside.get("known_basis")) or "first_seen"
    if basis not in BASES:
        raise RowFault(f"known_basis is {basis!r}; it is one of {', '.join(BASES)}")
    return ArrivingFigure(
        row=each.row,
        series_id=each.series_id,
        span=each.span,
        value=each.value,
        unit=each.unit,
        known_from=moment_of(beside.get("known_from")),
        known_basis=basis,
        stage=each.stage,
        source=text_of("source", beside.get("source")),
        source_url=text_of("source_url", beside.get("source_url")),
        claim=text_of("claim", beside.get("claim")),
    )


def named(reading: FileReading, error: UploadRefusedError) -> FileRefusedError:
    """A refusal of the recording, whose rows are those of the file."""
    faults = Faults(reading.grid.name)
    for fault in error.faults:
        faults.add(fault.row, reading.grid.place(fault.row) if fault.row else "", fault.reason)
    kept: list[Fault] = list(faults.kept)
    return FileRefusedError(reading.grid.name, kept, faults.count)
