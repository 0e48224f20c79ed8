"""A file as it was understood: a mapping of every choice, what was guessed, and what has to be asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from services.ingestion.files.columns import month_columns
from services.ingestion.files.grids import Cells, Grid
from services.ingestion.files.guessing import Sample
from services.ingestion.files.headers import column_span, find_header, header_of, is_month
from services.ingestion.files.mapping import Layout, Mapping, Months, Numbers, Shape, Table
from services.ingestion.files.months import month_of_year, readings
from services.ingestion.files.opening import open_grid
from services.ingestion.files.packing import Given
from services.ingestion.files.reading import BATCH
from services.ingestion.files.roles import columns_for, is_no_volume, known, scale_of
from services.ingestion.files.survey import DayOrder, DecimalSign

SAMPLED = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller says before the file is looked at."""

    layout: Layout = field(default_factory=Layout)
    series_id: str | None = None
    unit: str | None = None
    header: int | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """``said`` is how it is made; ``guesses`` by choice could be otherwise, ``questions`` have no answer.

    A file without a guess and a question may be recorded straight; one with a guess only once it was shown.
    """

    grid: Grid
    mapping: Mapping
    said: tuple[str, ...]
    guesses: dict[str, str]
    questions: dict[str, str]

    @property
    def sure(self) -> bool:
        """True where nothing was guessed and nothing is to be asked."""
        return not self.guesses and not self.questions


def understand(
    given: Given, *, limit: int, asked: Asked | None = None, progress: Callable[[int], None] | None = None
) -> Understood:
    """A file of any kind and shape, read once from end to end; FileRefusedError where it is no table.

    ``progress`` is told the rows that were looked at.
    """
    wanted = asked or Asked()
    grid = open_grid(given, limit=limit, asked=wanted.layout)
    guesses = dict(grid.guesses)
    if wanted.header is None:
        layout, doubt = find_header(grid)
        guesses |= {"file.header": doubt} if doubt else {}
    else:
        layout = replace(grid.layout, header=wanted.header)
    header = header_of(grid, layout)
    sample = Sample(header.names, list(islice(header.body(grid), SAMPLED)), header.above, grid.place)
    questions: dict[str, str] = {}
    table, months, unit = _table(sample, wanted, guesses, questions)
    mapping = Mapping(file=layout, table=table, months=months, unit=unit)
    mapping = _surveyed(grid, mapping, header.names, questions, progress)
    said = _said(grid, mapping, header.above, header.row)
    aside = _aside(header.names, mapping)
    return Understood(grid, mapping, (*said, *aside), guesses, questions)


def _aside(names: Sequence[str], mapping: Mapping) -> tuple[str, ...]:
    """Columns that nothing is read from, in one line."""
    table = mapping.table
    read = {*table.series, table.month, table.year, table.value, table.stage, *table.unit, *table.carry}
    wide = replace(mapping, months=replace(mapping.months, day_first=True, year=mapping.months.year or 2000))
    read |= {names[at] for at, _ in month_columns(names, wide)} if table.shape != "long" else set()
    left = [name for name in names if name and name not in read]
    return (f"columns that are not read: {_listed(left)}",) if left else ()


def _said(grid: Grid, mapping: Mapping, above: Sequence[str], row: int) -> tuple[str, ...]:
    said = list(grid.said)
    if not grid.named:
        count = mapping.file.header_rows
        said.append(f"names in row {row}" + (f" and the {count - 1} below" if count > 1 else ""))
    said += [f"above the table, left out: {text!r}" for text in above[:5]]
    return tuple(said)


def _table(
    sample: Sample, wanted: Asked, guesses: dict[str, str], questions: dict[str, str]
) -> tuple[Table, Months, str | None]:
    shape, year, titled = _shape(sample)
    months = Months()
    across = (
        {name for name in sample.named if is_month(name) or month_of_year(name)} if shape != "long" else set()
    )
    if shape == "years down":
        across = {name for name in sample.named if column_span(name, 2000) is not None}
    if shape == "months across" and titled:
        months = replace(months, year=sample.year_said())
        if months.year is None:
            questions["months.year"] = "the columns name months without a year; say year under [months]"
        else:
            guesses["months.year"] = (
                f"the columns name months without a year; {months.year} stands above the table"
            )
    month = value = None
    used: list[str | None] = [year, *across]
    if shape == "long":
        month, months = _month(sample, year, months, guesses, questions)
        if month is not None and any(is_month(cell) for cell in sample.cells(month)[:50]):
            year = None
        used.append(month)
        value = _value(sample, used, guesses, questions)
        used.append(value)
    units = sample.units(used)
    stage = sample.stages([*used, *units])
    used += [*units, stage]
    series = _series(sample, wanted, month or year, used, guesses=guesses, questions=questions)
    unit = wanted.unit
    scales = tuple(name for name in units if scale_of(name) is not None)
    beside = unit is None and len(units) > len(scales)
    if scales and not beside:
        guesses["table.unit"] = f"{scales[0]!r} was taken to scale the unit, which no column beside it says"
    if unit is None and not beside:
        found = sample.unit_said(value)
        if found is None:
            questions["unit"] = 'nothing says the unit; say unit = "t" in the mapping, or --unit t'
        else:
            unit = found[0]
            guesses["unit"] = f"the unit was taken to be {found[0]!r}: {found[1]}"
    table = Table(
        shape=shape, series=series, series_id=wanted.series_id, month=month, year=year, value=value,
        unit=scales if wanted.unit else units, stage=stage, carry=sample.carried() if shape == "long" else (),
    )  # fmt: skip
    return table, months, unit


def _shape(sample: Sample) -> tuple[Shape, str | None, bool]:
    """The shape, the column of years, and whether the months of the columns lack their year."""
    year = sample.years()
    dated = [name for name in sample.named if is_month(name)]
    if len(dated) >= 2:
        return "months across", None, False
    bare = [name for name in sample.named if month_of_year(name)]
    counted = [name for name in sample.named if name.isdigit() and column_span(name, 2000) is not None]
    if len(bare) >= 2 or len(counted) == 12:
        return ("years down", year, False) if year is not None else ("months across", None, True)
    return "long", year, False


def _month(
    sample: Sample, year: str | None, months: Months, guesses: dict[str, str], questions: dict[str, str]
) -> tuple[str | None, Months]:
    found = sample.months(year)
    if found:
        if len(found) > 1:
            guesses["table.month"] = f"the months may stand in {_listed(found)}; {found[0]!r} was taken"
        return found[0], months
    if (said := sample.month_said()) is not None:
        guesses["months.month"] = f"no column holds months; {said} stands above the table"
        return None, replace(months, month=said)
    if (unread := sample.unread_month(year)) is not None:
        column, place, reason = unread
        questions["table.month"] = (
            f"no cell of the column {column!r} holds a month. {place}: {reason}. Mend it, or name the column "
            f"that does. Columns: {_listed(sample.named)}"
        )
        return None, months
    questions["table.month"] = (
        "no column holds months, such as 2025-05 or May 2025; name the one that does, or say the month of "
        f"all rows (month under [months]). Columns: {_listed(sample.named)}"
    )
    return None, months


def _value(
    sample: Sample, used: Sequence[str | None], guesses: dict[str, str], questions: dict[str, str]
) -> str | None:
    found = sample.values(used)
    if not found:
        free = [name for name in sample.named if name not in used]
        none = [name for name in free if is_no_volume(name)]
        said = f" ({_listed(none)} by name a price, share, change, index or rate)" if none else ""
        questions["table.value"] = (
            f"no column holds figures that are known as such; candidates are {_listed(free)}{said}"
        )
        return None
    if len(found) > 1:
        guesses["table.value"] = f"the figures may stand in {_listed(found)}; {found[0]!r} was taken"
    elif not known(found[0]):
        guesses["table.value"] = f"{found[0]!r} alone holds numbers, and its name does not say of what"
    return found[0]


def _series(
    sample: Sample,
    wanted: Asked,
    month: str | None,
    used: Sequence[str | None],
    *,
    guesses: dict[str, str],
    questions: dict[str, str],
) -> tuple[str, ...]:
    if wanted.series_id is not None:
        return ()
    named = columns_for("series", [name for name in sample.named if name not in used])
    if named:
        if len(named) > 1:
            guesses["table.series"] = f"the series may be named by {_listed(named)}; {named[0]!r} was taken"
        return (named[0],)
    found = sample.ids(month, used)
    if found:
        guesses["table.series"] = (
            f"no column is known to name the series; {_listed(found)} tell the rows apart"
        )
    else:
        questions["table.series_id"] = (
            "it holds one series and does not say which; say --series-id, or series_id"
        )
    return found


def _surveyed(
    grid: Grid,
    mapping: Mapping,
    names: Sequence[str],
    questions: dict[str, str],
    progress: Callable[[int], None] | None,
) -> Mapping:
    """The mapping with the order of days and the decimal sign that the file proves, or the questions."""
    if mapping.file.format not in {"text", "excel", "json", "jsonl"}:
        return replace(mapping, numbers=Numbers("."))
    header = header_of(grid, mapping.file)
    days, sign = DayOrder(), DecimalSign()
    for name in names if mapping.table.shape == "months across" else ():
        if readings(name) or is_month(name):
            days.see(name, "the names of the columns")
    columns = list(names)
    month = columns.index(mapping.table.month) if mapping.table.month is not None else None
    if mapping.table.value is not None:
        values = [(columns.index(mapping.table.value), mapping.table.value)]
    else:
        wide = replace(
            mapping, months=replace(mapping.months, day_first=True, year=mapping.months.year or 2000)
        )
        found = month_columns(names, wide) if mapping.table.shape != "long" else ()
        values = [(at, names[at]) for at, _ in found]
    for at, (number, cells) in enumerate(header.body(grid), start=1):
        if progress is not None and not at % BATCH:
            progress(at)
        if month is not None and month < len(cells):
            days.see(cells[month], f"row {number}")
        sign.see(_held(cells, values), f"row {number}")
    asked = {"months.day_first": days.question(), "numbers.decimal": sign.question()}
    questions |= {choice: question for choice, question in asked.items() if question is not None}
    months = replace(mapping.months, day_first=days.decided())
    return replace(mapping, months=months, numbers=Numbers(sign.decided()))


def _held(cells: Cells, values: Sequence[tuple[int, str]]) -> list[tuple[object, str | None]]:
    return [(cells[at], name) for at, name in values if at < len(cells)]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:20])
