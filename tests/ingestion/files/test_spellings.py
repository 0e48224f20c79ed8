"""Months, numbers, units and flags in every spelling; what could be two is refused with both."""

from __future__ import annotations

import json

import pytest

from services.ingestion.cells import RowFault
from services.ingestion.files.errors import FileRefusedError
from services.ingestion.files.flags import stage_of
from services.ingestion.files.months import span_of
from services.ingestion.files.numbers import number_in
from services.ingestion.files.packing import Given
from services.ingestion.files.understanding import Asked, understand
from services.ingestion.files.units import ratio

MAY = [
    "2025-05", "2025-5", "2025/05", "202505", "2025M05", "2025M5", "2025-M05", "May-25", "May 2025",
    "05/2025",    "2025-05-31", "2025-05-01T00:00:00", "2025年5月",
    "2025 年 5 月", "20250531", "2025.05", "MAY 2025", "mai 2025",
    "31-May-2025", "31/05/2025", "05/31/2025", "2025000505", "２０２５年５月", "2025 May", "may'25",
]  # fmt: skip


@pytest.mark.parametrize("text", MAY)
def test_every_spelling_of_a_month_is_that_month(text: str) -> None:
    """However a file writes May 2025, it is May 2025."""
    assert str(span_of(text)) == "2025-05"


@pytest.mark.parametrize(
    "text", ["2025年1-2月", "2025年1至2月", "Jan-Feb 2025", "January to February 2025", "2025 Jan-Feb"]
)
def test_a_span_of_months_is_one_total(text: str) -> None:
    """Two months that an agency publishes as one are one span."""
    assert str(span_of(text)) == "2025-01..2025-02"
    assert str(span_of("1-2月", year=2025)) == str(span_of("Jan-Feb", year=2025)) == "2025-01..2025-02"


@pytest.mark.parametrize(
    "text",
    ["2025-13", "May", "45778", "2025", "5", "25-May", "13/13/2025", "31/02/2025", "1899-01", "Mayo", "x"],
)
def test_what_is_no_month_is_refused(text: str) -> None:
    """A month is never made up: without its year, beyond the calendar, or as a day of Excel it is refused."""
    with pytest.raises(RowFault):
        span_of(text)


def test_an_order_of_day_and_month_is_never_guessed() -> None:
    """01/05/2025 is refused with its two readings, and read once the order is said."""
    with pytest.raises(RowFault, match="2025-05 with the day first and 2025-01 with the month first"):
        span_of("01/05/2025")
    assert str(span_of("01/05/2025", day_first=True)) == "2025-05"
    assert str(span_of("01/05/2025", day_first=False)) == "2025-01"


def test_one_date_decides_for_its_column() -> None:
    """A column with 31/05/2025 has its days first; one without such a date is asked about."""
    asked = Asked(series_id="A", unit="t")
    sure = understand(
        Given.of_bytes("a.csv", b"date,value\n01/05/2025,5\n30/06/2025,6\n"), limit=999, asked=asked
    )
    assert sure.mapping.months.day_first is True
    assert sure.sure
    unsure = understand(
        Given.of_bytes("a.csv", b"date,value\n01/05/2025,5\n01/06/2025,6\n"), limit=999, asked=asked
    )
    assert list(unsure.questions) == ["months.day_first"]
    both = understand(
        Given.of_bytes("a.csv", b"date,value\n31/05/2025,5\n06/30/2025,6\n"), limit=999, asked=asked
    )
    assert "one file, one order" in both.questions["months.day_first"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", 1234.5), ("1.234,5", 1234.5), ("1 234,5", 1234.5), ("1\u202f234,5", 1234.5),
        ("1\u00a0234,5", 1234.5), ("1'234.5", 1234.5), ("1.2E+03", 1200.0), ("1,234,567", 1234567.0),
        ("1.234.567", 1234567.0),
        ("0,5", 0.5), ("0.125", 0.125), ("12345", 12345.0), ("0", 0.0), ("0.0", 0.0),
        ("+5.5", 5.5), (".5", 0.5), ("\uff11\uff12", 12.0), (7, 7.0), ("1,234.5 t", 1234.5), ("7.5 p", 7.5),
    ],
)  # fmt: skip
def test_every_spelling_of_a_number_is_that_number(text: object, value: float) -> None:
    """However a file parts its thousands and decimals, where only one reading is possible it is read."""
    assert number_in(text, None).value == value


@pytest.mark.parametrize("text", ["1,234", "1.234", "12,345", "999.999"])
def test_a_separator_that_could_be_either_is_refused(text: str) -> None:
    """1,234 is refused with its two readings, and read once the decimal sign is said."""
    whole = float(text.replace(",", "").replace(".", ""))
    with pytest.raises(RowFault, match=r"by thousands and .* by a decimal sign"):
        number_in(text, None)
    assert {number_in(text, ".").value, number_in(text, ",").value} == {whole, whole / 1000}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(1,234)", "in brackets"), ("5 %", "is a share"), ("1,23,456", "whole groups"),
        ("12abc34", "neither"),
        ("five", "not a number"), ("1,234.5.6", "whole groups"), (True, "not a number"), ("1e999", "finite"),
        ("1e160", "check its unit"), ("1 000 000 000 000 001.5", "check its unit"), (1e16, "check its unit"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(text: object, reason: str) -> None:
    """Brackets, shares and words are refused with what to do, never read as something near."""
    asked = Asked(series_id="A", unit="t")
    if reason == "neither":
        assert number_in(text, None).rest == "abc34"
        understood = understand(
            Given.of_bytes("a.csv", b"month,value\n2025-05,12abc34\n"), limit=999, asked=asked
        )
        assert not understood.guesses
        return
    with pytest.raises(RowFault, match=reason):
        number_in(text, None)


@pytest.mark.parametrize(
    "marker",
    ["-", "\u2013", "\u2014", "..", "\u2026", "n/a", "NA", ":", ":c", ": c", "*", "", "#N/A", "NaN", "x"],
)
def test_a_marker_is_missing_and_never_zero(marker: str) -> None:
    """What says that there is no figure is kept as it was written, and is not zero."""
    read = number_in(marker, ".")
    assert read.value is None
    assert read.marker == marker


def test_one_figure_decides_for_its_column() -> None:
    """A column with 0,5 has decimal commas; one with 1,234 alone is asked about; one with both signs too."""
    asked = Asked(series_id="A", unit="t")

    def read(*values: str) -> tuple[str | None, dict[str, str]]:
        rows = "".join(f"2025-0{at};{value}\n" for at, value in enumerate(values, start=1))
        understood = understand(
            Given.of_bytes("a.csv", f"month;value\n{rows}".encode()), limit=999, asked=asked
        )
        return understood.mapping.numbers.decimal, understood.questions

    assert read("1.234", "0,5") == (",", {})
    assert read("1,234", "2.5") == (".", {})
    decimal, questions = read("1,234", "5,678")
    assert decimal is None
    assert "1234 by thousands and 1.234" in questions["numbers.decimal"]
    assert "one file, one sign" in read("1.5", "1,5")[1]["numbers.decimal"]


@pytest.mark.parametrize(
    ("given", "wanted", "rule"),
    [
        ("kg", "t", (1, 1000)), ("kt", "t", (1000, 1)), ("thousand tonnes", "t", (1000, 1)),
        ("metric tons", "t", (1, 1)), ("lb", "t", (45_359_237, 100_000_000_000)),
        ("lb", "kg", (45_359_237, 100_000_000)),
        ("万吨", "t", (10_000, 1)),
        ("10,000 tons", "t", (10_000, 1)), ("QUANTITY_IN_100KG", "t", (1, 10)), ("pieces", "pieces", (1, 1)),
        ("pieces", "t", None), ("USD", "USD", (1, 1)), ("USD", "t", None), ("thousands Tonnes", "kt", (1, 1)),
    ],
)  # fmt: skip
def test_units_are_converted_by_the_table_alone(
    given: str, wanted: str, rule: tuple[int, int] | None
) -> None:
    """A unit becomes another by a stated rule; where there is none, nothing is converted."""
    assert ratio(given, wanted) == rule


def test_flags_become_stages() -> None:
    """Letters of agencies say a stage; letters that say something else leave the figure final."""
    letters = {
        "p": "provisional",
        "e": "estimate",
        "r": "revised",
        "c": "confidential",
        "": "final",
        "b": "final",
    }
    assert {letter: stage_of(letter, {}) for letter in letters} == letters
    assert stage_of("bp", {}) == "provisional"
    assert stage_of("flash", {}) == "flash"
    assert stage_of("q", {"q": "bulletin"}) == "bulletin"
    with pytest.raises(RowFault, match="not known"):
        stage_of("q", {})


def test_codes_are_names_and_a_unit_in_brackets_is_no_part_of_a_name() -> None:
    """HS codes name the series though they are digits, and "Net weight (kg)" is the figure, in kilograms."""
    file = b"HS code;Month;Net weight (kg)\n850511;2025-05;1.238.000\n850519;2025-05;12.000\n"
    understood = understand(Given.of_bytes("desk.csv", file), limit=9999)
    table = understood.mapping.table
    assert (table.series, table.month, table.value) == (("HS code",), "Month", "Net weight (kg)")
    assert understood.mapping.unit == "kg"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([["series", "month", "value"], ["A", "2025-05"]], "row 2: it has 2 cells, and the names are 3"),
        ([["series", "series", "value"], ["A", "B", 5]], "row 2: the column 'series' stands twice"),
        ([["series", "month", 3], ["A", "2025-05", 5]], "the first of its lists is to hold the names"),
        ([[], []], "the first of its lists is to hold the names"),
        ([["series", "month"], {"series": "A"}], "a list of objects is wanted"),
    ],
)
def test_lists_of_json_that_are_no_table_are_refused(rows: list[object], reason: str) -> None:
    """A short list, a name with two values and a first list without names are refused with their row."""
    with pytest.raises(FileRefusedError, match=reason):
        understand(Given.of_bytes("a.json", json.dumps(rows).encode()), limit=9999)
