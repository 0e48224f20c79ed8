"""What is no volume is not taken for one unseen: prices, shares, percentages, units that mean two things."""

from __future__ import annotations

import pytest
from agency_files import saved
from openpyxl import Workbook
from openpyxl.cell import Cell

from services.ingestion.errors import UploadRefusedError
from services.ingestion.files.errors import FileRefusedError
from services.ingestion.files.mapping import Mapping
from services.ingestion.files.packing import Given
from services.ingestion.files.preview import doubted, lines, try_reading
from services.ingestion.files.reading import FileReading
from services.ingestion.files.understanding import Understood, understand
from services.ingestion.files.units import ratio
from services.ingestion.readers import read_file

LIMIT = 100_000
Read = list[tuple[float | None, str]]


def understood(content: bytes | str, name: str = "a.csv") -> Understood:
    held = content.encode() if isinstance(content, str) else content
    return understand(Given.of_bytes(name, held), limit=LIMIT)


def read(found: Understood, mapping: Mapping | None = None, **units: str) -> Read:
    """Values and units of all figures, those of series ``units`` in theirs."""
    reading = FileReading(found.grid, mapping or found.mapping, units=units)
    return [(each.value, each.unit) for batch in reading.batches() for each in batch]


@pytest.mark.parametrize(
    "name",
    [
        "price", "Price USD", "PriceUSD", "unit_price", "yoy_pct", "share %", "Percent change", "Index",
        "growth rate", "mom", "value (USD)", "exports (% change)", "同比", "价格", "金额",
        "Anteil", "preco_fob", "Prix", "exports, yoy",
    ],
)  # fmt: skip
def test_a_column_that_says_it_is_no_volume_is_not_taken_for_one(name: str) -> None:
    """The one column of numbers beside series, month and unit is asked about where its name says a price."""
    found = understood(f'series_id,month,"{name}",unit\nA,2025-05,5.5,t\n')
    assert found.mapping.table.value is None
    assert repr(name) in found.questions["table.value"]


def test_a_column_of_unknown_name_is_a_guess() -> None:
    """The one column of numbers whose name is not known is taken, and not recorded before it was shown."""
    found = understood("series_id,month,shipped,unit\nA,2025-05,5.5,t\n")
    assert found.mapping.table.value == "shipped"
    assert "'shipped'" in found.guesses["table.value"]
    assert not understood("series_id,month,volume,unit\nA,2025-05,5.5,t\n").guesses


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [
        ("2025-13", "as 13 is none of the twelve"),
        ("2025M00", "as 00 is none of the twelve"),
        ("soon", "'soon' is not a month; write it as 2025-05"),
    ],
)
def test_a_column_of_months_whose_only_cell_is_none_names_the_cell(cell: str, wrong: str) -> None:
    """Nothing says that no column holds months where one is named so: its cell is quoted, with its fault."""
    found = understood(f"series_id,month,value,unit\n\nA,{cell},5.5,t\n")
    asked = found.questions["table.month"]
    assert "no cell of the column 'month' holds a month" in asked
    assert f"row 3, column 'month': '{cell}'" in asked
    assert wrong in asked
    assert (
        "no column holds months"
        in understood("series_id,when,value,unit\nA,soon,5.5,t\n").questions["table.month"]
    )


def test_one_month_that_can_be_read_makes_the_column_the_months() -> None:
    """Another cell that is none is then refused with its row, as any other."""
    found = understood("series_id,month,value,unit\nA,2025-13,5.5,t\nA,2025-12,5.5,t\n")
    assert (found.mapping.table.month, found.questions) == ("month", {})
    with pytest.raises(FileRefusedError, match="row 2, column 'month': '2025-13' is not a month, as 13"):
        read(found, A="t")


def test_a_price_beside_the_volume_is_no_doubt() -> None:
    """Where a column is known as the volume, a price beside it is left aside and asks nothing."""
    found = understood("series_id,month,price,volume,unit\nA,2025-05,900,5.5,t\n")
    assert found.sure
    assert found.mapping.table.value == "volume"


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("Mt", (1_000_000, 1)), ("mt", (1, 1)), ("MT", (1, 1)), ("MMT", (1_000_000, 1)),
        ("million tonnes", (1_000_000, 1)), ("mln t", (1_000_000, 1)), ("mln. t", (1_000_000, 1)),
        ("Mio. t", (1_000_000, 1)), ("Tsd. t", (1000, 1)), ("1000 t", (1000, 1)), ("1,000 MT", (1000, 1)),
        ("megatonnes", (1_000_000, 1)), ("тыс. тонн", (1000, 1)), ("thousand Mt", None), ("1000 Mt", None),
        ("100Mt", None), ("10000 tons", (10_000, 1)), ("Millionen t", (1_000_000, 1)),
        ("mT", None), ("10^6 t", (1_000_000, 1)), ("10^-3 t", (1, 1000)),
    ],
)  # fmt: skip
def test_megatonnes_are_not_metric_tons(given: str, rule: tuple[int, int] | None) -> None:
    """Mt is a million tonnes and mt one; what could be either has no rule, and so is refused."""
    assert ratio(given, "t") == rule


@pytest.mark.parametrize(
    "table",
    ["series_id,month,value,unit\nA,2025-05,5,Mt\n", "series_id,month,value\nA,2025-05,5 Mt\n"],
)
def test_megatonnes_are_shown_before_they_are_converted(table: str) -> None:
    """Some write Mt for a metric ton: the factor of a million is a doubt until somebody has seen it."""
    found = understood(table)
    preview = try_reading(found, FileReading(found.grid, found.mapping, units={"A": "t"}))
    assert "a million tonnes" in str(doubted(found, preview.tally).guesses)
    assert any("\N{MULTIPLICATION SIGN} 1,000,000" in line for line in lines(preview))
    same = try_reading(found, FileReading(found.grid, found.mapping, units={"A": "Mt"}))
    assert doubted(found, same.tally) is found


def exponents(unit: str, *rows: str) -> str:
    head = f"DATAFLOW,SERIES,TIME_PERIOD,OBS_VALUE,{unit}\n"
    return head + "".join(f"X:Y(1.0),DE,{row}\n" for row in rows)


def test_a_unit_mult_is_an_exponent_of_ten() -> None:
    """UNIT_MULT 3 makes thousands and 6 millions, as SDMX has it, and the preview says so."""
    found = understood(
        exponents("UNIT_MULT,UNIT_MEASURE", "2025-04,5,6,t", "2025-05,7,3,T", "2025-06,8,0,t", "2025-07,9,,t")
    )
    assert read(found, DE="t") == [(5e6, "t"), (7e3, "t"), (8.0, "t"), (9.0, "t")]
    said = "\n".join(lines(try_reading(found, FileReading(found.grid, found.mapping, units={"DE": "t"}))))
    assert "'UNIT_MULT' is an exponent of ten" in said
    assert "'10^6 t' becomes 't': \N{MULTIPLICATION SIGN} 1,000,000" in said
    labelled = understood(exponents("UNIT_MULT: Unit multiplier,UNIT_MEASURE", "2025-04,5,6: Millions,t"))
    assert read(labelled, DE="t") == [(5e6, "t")]


@pytest.mark.parametrize("given", ["x", "2.5", "40", "million"])
def test_a_unit_mult_that_is_none_is_refused(given: str) -> None:
    """A multiplier that is no small whole number is a fault of its cell, and is not left out."""
    found = understood(exponents("UNIT_MULT,UNIT_MEASURE", f"2025-04,5,{given},t"))
    with pytest.raises(FileRefusedError, match=r"row 2, column 'UNIT_MULT'.*exponent of ten"):
        read(found, DE="t")


def test_a_multiplier_without_a_unit_beside_it_is_not_lost() -> None:
    """UNIT_MULT scales the unit that is said for the whole file too, and that is a guess."""
    table = "series_id,month,value,UNIT_MULT\nA,2025-05,5,6\n"
    asked = understood(table)
    assert "unit" in asked.questions
    assert "UNIT_MULT" in asked.guesses["table.unit"]
    said = Mapping(asked.mapping.file, asked.mapping.table, asked.mapping.months, unit="t")
    assert read(asked, said, A="t") == [(5e6, "t")]


def test_a_multiplier_in_words_that_are_not_known_is_refused() -> None:
    """SCALAR_FACTOR and its like hold words; a number that may be an exponent or a factor is refused."""
    for word, factor in (("units", 1.0), ("thousands", 1e3), ("millions", 1e6), ("1000", 1e3)):
        table = f"series_id,month,value,multiplier,unit\nA,2025-05,5,{word},t\n"
        assert read(understood(table), A="t") == [(5 * factor, "t")], word
    with pytest.raises(FileRefusedError, match="'3' is no multiplier that is known"):
        read(understood("series_id,month,value,multiplier,unit\nA,2025-05,5,3,t\n"), A="t")


def percentages(names: list[str], number_format: str, cell: object = 0.05) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(names)
    page.append(["A", "2025-05", 5, "t"])
    page.append(["A", "2025-06", cell, "t"])
    held = page["C3"]
    assert isinstance(held, Cell)
    held.number_format = number_format
    return saved(book)


@pytest.mark.parametrize(
    ("number_format", "cell", "shown"),
    [("0%", 0.05, "5%"), ("0.0%", 0.125, "12.5%"), ('0"%"', 5, "5%"), (r"0\%", 5, "5%")],
)
def test_a_cell_shown_as_a_percentage_is_refused(number_format: str, cell: float, shown: str) -> None:
    """A cell that a sheet shows as 5% is a share as the text 5% is, and no figure of 0.05."""
    book = percentages(["series", "month", "volume", "unit"], number_format, cell)
    with pytest.raises(FileRefusedError, match=f"Sheet!C3: {shown!r} is a share, not a volume"):
        read(understood(book, "a.xlsx"), A="t")


@pytest.mark.parametrize("number_format", ["0.0", "#,##0", '0" t"', "[Red]0", "General"])
def test_a_cell_shown_as_a_number_is_read(number_format: str) -> None:
    """Other formats leave a number what it is."""
    book = percentages(["series", "month", "volume", "unit"], number_format, 5.5)
    assert read(understood(book, "a.xlsx"), A="t") == [(5.0, "t"), (5.5, "t")]


def test_our_own_columns_refuse_a_percentage_too() -> None:
    """A workbook with our columns is read strictly, and a percentage in it is a fault."""
    book = percentages(["series_id", "month", "value", "unit"], "0.0%")
    with pytest.raises(UploadRefusedError, match=r"row 2.*5%"):
        read_file("a.xlsx", book, limit=LIMIT)
