"""What was understood of a file, in plain words that a person can check who has never seen this project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from services.ingestion.files.errors import FileRefusedError
from services.ingestion.files.mapping import Mapping
from services.ingestion.files.reading import FileReading
from services.ingestion.files.roles import EXPONENTS, scale_of
from services.ingestion.files.tally import ReadFigure, Tally
from services.ingestion.files.understanding import Understood
from services.ingestion.files.units import doubtful
from services.ingestion.files.units import said as conversion

FIRST = 8
"""Figures that a preview shows."""
LISTED = 8
"""Names that it lists before it counts."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A trial reading. ``refused`` where a cell could not be read; ``figures`` are those before it."""

    understood: Understood
    figures: tuple[ReadFigure, ...]
    tally: Tally
    refused: FileRefusedError | None = None

    @property
    def ready(self) -> bool:
        """True where the mapping, once confirmed, would record the file."""
        return self.refused is None and not self.understood.questions


def lines(preview: Preview) -> list[str]:
    """The preview as lines of text."""
    understood, tally = preview.understood, preview.tally
    said = [f"{understood.grid.name}: {'; '.join(understood.said)}."]
    said += _made(understood.mapping, preview)
    if tally.figures:
        said += _counts(tally)
        said.append("The first figures:")
        said += [f"  {shown(each)}" for each in preview.figures]
    if understood.guesses:
        said.append("Guessed, so look whether it is right before it is recorded:")
        said += [f"  {choice}: {guess}." for choice, guess in understood.guesses.items()]
    if understood.questions:
        said.append("To be said before it can be recorded:")
        said += [f"  {choice}: {question}." for choice, question in understood.questions.items()]
    if preview.refused is not None and not understood.questions:
        said.append(str(preview.refused))
    return said


def _made(mapping: Mapping, preview: Preview) -> list[str]:
    table, numbers = mapping.table, mapping.numbers
    shapes = {
        "long": "one row a figure",
        "months across": "one row a series, months across",
        "years down": "one row a year, months across",
    }
    said = [f"Its shape: {shapes[table.shape]}."]
    whose = f"all are of {table.series_id}" if table.series_id else f"named by {_and(table.series)}"
    said.append(f"Series: {whose}." if table.series_id or table.series else "Series: not known.")
    if table.shape == "long":
        month = f"the column {table.month!r}" if table.month else f"{mapping.months.month} for all rows"
        month += f" with the year in {table.year!r}" if table.year and table.month else ""
        said.append(f"Months: {month if table.month or mapping.months.month else 'not known'}.")
        said.append(f"Figures: the column {table.value!r}." if table.value else "Figures: not known.")
    elif mapping.months.year:
        said.append(f"Months: of the year {mapping.months.year}.")
    if mapping.months.day_first is not None:
        said.append(f"Dates have their {'day' if mapping.months.day_first else 'month'} first.")
    if numbers.decimal == ",":
        said.append("Numbers have a decimal comma.")
    if table.unit:
        said.append(f"Units: named by {_and(table.unit)}.")
        powers = [name for name in table.unit if scale_of(name) in EXPONENTS]
        said += [
            f"{name!r} is an exponent of ten: 3 makes thousands of the unit, 6 millions." for name in powers
        ]
    elif mapping.unit:
        said.append(f"Unit: {mapping.unit}.")
    said += [f"  {each}" for each in preview.tally.converted()]
    if table.stage:
        said.append(f"Stages: from the flags in {table.stage!r}.")
    return said


def _counts(tally: Tally) -> list[str]:
    held = tally.figures - tally.missing.total()
    said = [
        f"{tally.rows:,} rows; {held:,} figures, {tally.first} to {tally.last}.",
        f"{len(tally.series):,} series: {_and(list(islice(tally.series, LISTED)), len(tally.series))}.",
    ]
    if tally.spans:
        said.append(f"{tally.spans:,} are totals of several months.")
    if stages := {stage: count for stage, count in tally.stages.items() if stage != "final"}:
        said.append(f"Not final: {', '.join(f'{count:,} {stage}' for stage, count in stages.items())}.")
    return said + tally.left_aside()


def shown(figure: ReadFigure) -> str:
    """A figure as a line."""
    value = f"missing ({figure.marker!r})" if figure.value is None else f"{figure.value:,.12g} {figure.unit}"
    return f"row {figure.row}: {figure.series_id}, {figure.span}: {value}, {figure.stage}"


def _and(names: Sequence[str], count: int | None = None) -> str:
    more = (count or len(names)) - len(names)
    return ", ".join(repr(name) for name in names) + (f" and {more:,} more" if more > 0 else "")


def doubted(understood: Understood, tally: Tally) -> Understood:
    """What was understood, with the doubts that show only once a file was read: what its units mean."""
    pair = next((each for each in sorted(tally.units) if doubtful(*each)), None)
    if pair is None:
        return understood
    choice = "table.unit" if understood.mapping.table.unit else "unit"
    doubt = f"Mt was taken for a million tonnes ({conversion(*pair)}); some write it for a metric ton"
    earlier = understood.guesses.get(choice)
    guesses = {**understood.guesses, choice: f"{earlier}; {doubt}" if earlier else doubt}
    return replace(understood, guesses=guesses)


def try_reading(understood: Understood, reading: FileReading) -> Preview:
    """A whole reading that records nothing."""
    first: list[ReadFigure] = []
    refused = None
    try:
        for batch in reading.batches():
            first += batch[: FIRST - len(first)]
    except FileRefusedError as error:
        refused = error
    return Preview(understood, tuple(first), reading.tally, refused)
