"""Which columns a mapping means: found by their names, each once, or refused with what there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forecasting.months import Span
from services.ingestion.cells import instead
from services.ingestion.errors import Fault
from services.ingestion.files.errors import FileRefusedError
from services.ingestion.files.headers import column_span
from services.ingestion.files.mapping import Mapping
from services.ingestion.files.months import readings, span_of

CARRIED = ("known_from", "known_basis", "source", "source_url", "claim")


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions of the columns that are read. ``months`` are those of a wide table with what each names."""

    series: tuple[int, ...]
    month: int | None
    year: int | None
    value: int | None
    unit: tuple[int, ...]
    stage: int | None
    carry: tuple[tuple[str, int], ...]
    keep: tuple[tuple[int, frozenset[str], bool], ...]
    months: tuple[tuple[int, Span | str], ...]


def columns_of(name: str, names: Sequence[str], mapping: Mapping) -> Columns:
    """Positions by the mapping; FileRefusedError with every column that is not there, or there twice."""
    faults: list[Fault] = []
    table = mapping.table

    def at(column: str | None, choice: str) -> int | None:
        if column is None:
            return None
        if names.count(column) != 1:
            held = [each for each in dict.fromkeys(names) if each]
            found = "stands twice" if column in names else f"is not there{instead(column, held)}"
            faults.append(Fault(0, f"the column {column!r} of {choice} {found}"))
            return -1
        return names.index(column)

    def many(columns: Sequence[str], choice: str) -> tuple[int, ...]:
        return tuple(found for each in columns if (found := at(each, choice)) is not None)

    long = table.shape == "long"
    faults += _unsaid(names, mapping)
    columns = Columns(
        series=() if table.series_id is not None else many(table.series, "table.series"),
        month=at(table.month, "table.month") if long else None,
        year=at(table.year, "table.year"),
        value=at(table.value, "table.value") if long else None,
        unit=many(table.unit, "table.unit"),
        stage=at(table.stage, "table.stage"),
        carry=tuple((each, at(each, "table.carry") or 0) for each in table.carry),
        keep=tuple(
            (at(column, choice) or 0, frozenset(texts), wanted)
            for choice, held, wanted in (
                ("table.keep", table.keep, True),
                ("table.leave_out", table.leave_out, False),
            )
            for column, texts in held.items()
        ),
        months=() if long else month_columns(names, mapping),
    )
    if not long and not columns.months:
        faults.append(Fault(0, f"no column is named as a month is{_of(names)}"))
    if faults:
        raise FileRefusedError(name, faults)
    return columns


def _unsaid(names: Sequence[str], mapping: Mapping) -> list[Fault]:
    """Faults of a mapping that leaves out what its shape needs."""
    table, long = mapping.table, mapping.table.shape == "long"
    said = {
        f"no column of figures is named; say value under [table]{_of(names)}": long and table.value is None,
        f"no column of months is named; say month under [table]{_of(names)}": (
            long and table.month is None and mapping.months.month is None
        ),
        f"no column of years is named; say year under [table]{_of(names)}": (
            table.shape == "years down" and table.year is None
        ),
        "nothing says whose figures these are; say series or series_id under [table]": (
            not table.series and table.series_id is None
        ),
        **{
            f"{each!r} of table.carry is none of {', '.join(CARRIED)}": True
            for each in table.carry
            if each not in CARRIED
        },
    }
    return [Fault(0, reason) for reason, wrong in said.items() if wrong]


def month_columns(names: Sequence[str], mapping: Mapping) -> tuple[tuple[int, Span | str], ...]:
    """Columns of a wide table that name months: their span, or their name where rows say the year."""
    used = {*mapping.table.series, *mapping.table.unit, mapping.table.stage, mapping.table.year}
    found: list[tuple[int, Span | str]] = []
    for at, name in enumerate(names):
        if not name or name in used:
            continue
        if mapping.table.shape == "years down":
            if column_span(name, 2000) is not None:
                found.append((at, name))
        elif readings(name) is not None and mapping.months.day_first is not None:
            found.append((at, span_of(name, day_first=mapping.months.day_first)))
        elif (span := column_span(name, mapping.months.year)) is not None:
            found.append((at, span))
    return tuple(found)


def _of(names: Sequence[str]) -> str:
    return f"; the columns are {', '.join(repr(name) for name in names if name)[:500]}"
