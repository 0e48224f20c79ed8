"""A table written in any supported spelling gives back the figures that were written."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json

from agency_files import workbook, zipped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.months import Month
from services.ingestion.files.mapping import Mapping, Months, NewSeries, Numbers, Table, parse, to_dictionary
from services.ingestion.files.mapping_text import to_toml
from services.ingestion.files.packing import Given
from services.ingestion.files.reading import FileReading
from services.ingestion.files.understanding import Asked, understand

LIMIT = 1_000_000
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {
    "iso": str,
    "short": lambda month: f"{month.year}-{month.number}",
    "slash": lambda month: f"{month.year}/{month.number:02d}",
    "compact": lambda month: f"{month.year}{month.number:02d}",
    "m": lambda month: f"{month.year}M{month.number:02d}",
    "name": lambda month: f"{month.name}",
    "mmm-yy": lambda month: f"{NAMES[month.number - 1]}-{month.year % 100:02d}",
    "month first": lambda month: f"{month.number:02d}/{month.year}",
    "last day": lambda month: month.last_day.isoformat(),
    "day first": lambda month: month.last_day.strftime("%d/%m/%Y"),
    "moment": lambda month: f"{month.first_day.isoformat()}T00:00:00",
    "chinese": lambda month: f"{month.year}年{month.number}月",
}
NUMBERS = {  # thousands and decimal sign
    "plain": ("", "."), "english": (",", "."), "german": (".", ","),
    "french": ("\u202f", ","), "blank": (" ", ","),
    "swiss": ("'", "."),
}  # fmt: skip
MARKERS = ("-", "..", "n/a", ":", "")


Made = tuple[dict[tuple[str, Month], float | str], list[str], list[Month]]
"""Values or markers by series and month, the series, and the months."""


def spelt(value: float | str, spelling: str) -> str:
    if isinstance(value, str):
        return value
    thousands, decimal = NUMBERS[spelling]
    return f"{value:,.2f}".replace(",", "\x00").replace(".", decimal).replace("\x00", thousands)


values = st.integers(0, 10**9).map(lambda cents: cents / 100) | st.sampled_from(MARKERS)
ids = st.lists(st.from_regex(r"[A-Z]{1,3}-[0-9]{1,4}", fullmatch=True), min_size=1, max_size=4, unique=True)
firsts = st.integers(Month.of(1960, 1).ordinal, Month.of(2040, 1).ordinal).map(Month)


@st.composite
def tables(draw: st.DrawFn) -> Made:
    names, first = draw(ids), draw(firsts)
    months = [first + step for step in range(draw(st.integers(2, 14)))]
    table = {(name, month): draw(values) for name in names for month in months}
    table[names[0], months[0]] = draw(st.integers(0, 10**9)) / 100
    return table, names, months


def read(content: bytes, asked: Asked) -> dict[tuple[str, str], float | str]:
    understood = understand(Given.of_bytes("table", content), limit=LIMIT, asked=asked)
    assert not understood.questions
    mapping = parse("m", to_toml(understood.mapping))
    found: dict[tuple[str, str], float | str] = {}
    for batch in FileReading(understood.grid, mapping).batches():
        for each in batch:
            assert (each.series_id, str(each.span)) not in found
            found[each.series_id, str(each.span)] = (each.marker or "") if each.value is None else each.value
    return found


def lines(rows: list[list[str]], delimiter: str, encoding: str) -> bytes:
    kept = io.StringIO()
    csv.writer(kept, delimiter=delimiter).writerows(rows)
    return kept.getvalue().encode(encoding)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(
    made=tables(),
    months=st.sampled_from(sorted(MONTHS)),
    numbers=st.sampled_from(sorted(NUMBERS)),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    packing=st.sampled_from(["plain", "gzip", "zip"]),
    shape=st.sampled_from(["long", "across", "down"]),
)
def test_what_is_written_is_read_back(
    made: Made,
    *,
    months: str,
    numbers: str,
    delimiter: str,
    encoding: str,
    packing: str,
    shape: str,
) -> None:
    """In every shape, month, number, delimiter, encoding and packing a table says what it was made of.

    A name with nothing beside it is a note below a table, and no series.
    """
    table, names, held = made
    if months == "mmm-yy" and held[-1].year >= 2050:
        months = "iso"
    month, asked = MONTHS[months], Asked(unit="t")
    if shape == "long":
        rows = [["series", "month", "value"]]
        rows += [[name, month(at), spelt(value, numbers)] for (name, at), value in table.items()]
    elif shape == "across":
        rows = [["series", *(month(at) for at in held)]]
        names = [name for name in names if any(table[name, at] != "" for at in held)]
        table = {key: value for key, value in table.items() if key[0] in names}
        rows += [[name, *(spelt(table[name, at], numbers) for at in held)] for name in names]
    else:
        table = {key: value for key, value in table.items() if key[0] == names[0]}
        asked = Asked(unit="t", series_id=names[0])
        years = sorted({at.year for at in held})
        rows = [["Year", *NAMES]]
        rows += [
            [
                str(year),
                *(spelt(table.get((names[0], Month.of(year, at)), "-"), numbers) for at in range(1, 13)),
            ]
            for year in years
        ]
        table |= {
            (names[0], Month.of(year, at)): "-"
            for year in years
            for at in range(1, 13)
            if (names[0], Month.of(year, at)) not in table
        }
    content = lines(rows, delimiter, encoding)
    content = {"gzip": gzip.compress, "zip": lambda held: zipped("t.csv", held)}.get(packing, bytes)(content)
    assert read(content, asked) == {(name, str(at)): value for (name, at), value in table.items()}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.sampled_from(["sheet", "json", "lines"]))
def test_typed_cells_are_read_back(made: Made, kind: str) -> None:
    """Numbers and dates of a workbook or of JSON are the numbers and months that were written."""
    table, _, _ = made
    objects = [{"series": name, "month": str(at), "value": value} for (name, at), value in table.items()]
    if kind == "sheet":
        dated = [
            [name, dt.datetime.combine(at.first_day, dt.time()), None if value == "" else value]
            for (name, at), value in table.items()
        ]
        content = workbook(["series", "month", "value"], *dated)
    elif kind == "json":
        content = json.dumps({"figures": objects}).encode()
    else:
        content = "\n".join(map(json.dumps, objects)).encode()
    assert read(content, Asked(unit="t")) == {(name, str(at)): value for (name, at), value in table.items()}


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12)
mappings = st.builds(
    Mapping,
    table=st.builds(
        Table,
        shape=st.sampled_from(["long", "months across", "years down"]),
        series=st.lists(words, max_size=3).map(tuple),
        month=st.none() | words,
        keep=st.dictionaries(words, st.lists(words, min_size=1, max_size=3).map(tuple), max_size=2),
    ),
    months=st.builds(Months, day_first=st.none() | st.booleans(), year=st.none() | st.integers(1900, 2100)),
    numbers=st.builds(
        Numbers, decimal=st.sampled_from([None, ".", ","]), missing=st.sampled_from(["skip", "withdraw"])
    ),
    unit=st.none() | words,
    ids=st.dictionaries(words, words, max_size=3),
    register=st.lists(st.builds(NewSeries, words, words, words, st.none() | words), max_size=2).map(tuple),
)


@settings(deadline=None)
@given(mappings, st.dictionaries(st.sampled_from(["unit", "table.shape", "other"]), words))
def test_a_mapping_is_read_back_as_it_was_written(mapping: Mapping, remarks: dict[str, str]) -> None:
    """A mapping in TOML or JSON, with remarks or without, is the mapping that was written."""
    assert parse("m", to_toml(mapping, remarks)) == mapping
    assert parse("m", json.dumps(to_dictionary(mapping))) == mapping
