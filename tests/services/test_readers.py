"""Files into figures: read whole, or refused by row and reason, whatever is in them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.months import Month, Span
from services.ingestion.cells import EARLIEST, LARGEST, SMALLEST
from services.ingestion.errors import Fault, UploadRefusedError, UploadTooLargeError
from services.ingestion.figures import OPTIONAL, REQUIRED, ArrivingFigure, check
from services.ingestion.readers import read_body, read_csv, read_file, read_json

LIMIT = 100_000
ROW: dict[str, Any] = {"series_id": "A", "month": "2025-05", "value": 1238, "unit": "t"}

signs = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
texts = st.text(signs, min_size=1, max_size=30).filter(lambda text: text.strip() == text)
moments = st.datetimes(timezones=st.just(dt.UTC))
months = st.integers(EARLIEST.ordinal, Month.of(2090, 1).ordinal).map(Month)
figures = st.builds(
    ArrivingFigure,
    row=st.just(0),
    series_id=texts,
    span=st.builds(Span, months, st.integers(1, 12)),
    value=st.none() | st.just(0.0) | st.floats(SMALLEST, LARGEST),
    unit=texts,
    known_from=st.none() | moments,
    known_basis=st.sampled_from(["first_seen", "printed", "calendar"]),
    stage=texts,
    source=st.none() | texts,
    source_url=st.none() | texts,
    claim=st.none() | texts,
)


def written(figure: ArrivingFigure) -> dict[str, Any]:
    """A figure as the row that says it."""
    row = {name: getattr(figure, name) for name in (*REQUIRED, *OPTIONAL) if name != "month"}
    row |= {
        "month": str(figure.span),
        "value": "withdrawn" if figure.value is None else figure.value,
        "known_from": figure.known_from and figure.known_from.isoformat(),
    }
    return {name: "" if value is None else value for name, value in row.items()}


@given(figures)
def test_csv_and_json_give_back_what_was_written(figure: ArrivingFigure) -> None:
    """Whatever figure is written as CSV or JSON is read back as it was."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*REQUIRED, *OPTIONAL])
    writer.writeheader()
    writer.writerow(written(figure))
    (from_csv,) = read_csv(text.getvalue().encode(), limit=LIMIT)
    (from_json,) = read_json(json.dumps([written(figure)]).encode(), limit=LIMIT)
    expected = replace(figure, row=1)
    assert from_csv == expected
    assert from_json == expected


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """No bytes end in anything but figures or a refusal with a reason."""
    header = b"series_id,month,value,unit\n"
    for read, given_bytes in ((read_csv, content), (read_csv, header + content), (read_json, content)):
        faults: tuple[Fault, ...] | None = None
        try:
            read(given_bytes, limit=LIMIT)
        except UploadRefusedError as error:
            faults = error.faults
        assert faults is None or (faults and all(fault.reason for fault in faults))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*REQUIRED, *OPTIONAL, "other"]), json_values)
def test_any_value_in_a_cell_is_read_or_refused(name: str, value: Any) -> None:
    """No value of a cell ends in anything but a figure or a refusal of its row."""
    try:
        (figure,) = check([{**ROW, name: value}])
    except UploadRefusedError as error:
        rows = [fault.row for fault in error.faults]
    else:
        rows = [figure.row]
        assert figure.value is None or 0 <= figure.value < float("inf")
    assert rows == [1]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"value": "1,238"}, "not a number"),
        ({"value": "1_238"}, "not a number"),
        ({"value": "\uff11"}, "not a number"),
        ({"series_id": "  "}, "series_id is missing"),
        ({"valeu": 1}, "'valeu' is not a column; did you mean"),
        ({"valeu": 1}, "did you mean 'value'"),
        ({"month": "0203-01"}, "before 1900-01"),
        ({"month": "9999-12"}, "after 2100-12"),
        ({"value": True}, "not a number"),
        ({"value": "1e400"}, "finite"),
        ({"value": "1e160"}, "the value is 1e160, and a figure beyond 10¹⁵ is refused: check its unit"),
        ({"value": 1e160}, "a figure beyond 10¹⁵ is refused: check its unit"),
        ({"value": 10**16}, "a figure beyond 10¹⁵ is refused: check its unit"),
        ({"value": ""}, "value is missing"),
        ({"month": "1899-12"}, "before 1900-01"),
        ({"month": "2025-05..2025-04"}, "span"),
        ({"month": "2025-5"}, "not a month"),
        ({"known_basis": "guessed"}, "one of"),
        ({"claim": "x" * 2001}, "longer than 2000"),
        ({"source": "a\x00b"}, "NUL"),
    ],
)
def test_each_fault_says_what_it_is(changed: dict[str, Any], reason: str) -> None:
    """A fault is said in the words of whoever has to mend it."""
    with pytest.raises(UploadRefusedError) as refused:
        check([ROW, {**ROW, **changed}])
    assert reason in str(refused.value)
    assert [fault.row for fault in refused.value.faults] == [2]


def test_every_fault_is_listed_at_once() -> None:
    """A file with faults in several rows is mended once, not row by row."""
    with pytest.raises(UploadRefusedError) as refused:
        check([{**ROW, "value": -1}, ROW, {**ROW, "month": "May"}, {**ROW, "unit": ""}])
    assert [fault.row for fault in refused.value.faults] == [1, 3, 4]


def test_a_row_is_named_as_the_sheet_shows_it() -> None:
    """Blank lines are no rows, and still they count."""
    with pytest.raises(UploadRefusedError) as refused:
        read_csv(b"series_id,month,value,unit\n\nA,2025-05,1,t\n\n\nA,2025-06,x,t\n", limit=LIMIT)
    assert [fault.row for fault in refused.value.faults] == [5]
    (figure,) = read_csv(b"\nseries_id,month,value,unit\n\nA,2025-05,1,t\n", limit=LIMIT)
    assert figure.row == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b'[{"series_id": "A", "month": "2025-05", "value": 1, "value": 2, "unit": "t"}]',
            "'value' stands twice",
        ),
        (b'{"observations": [], "observations": []}', "'observations' stands twice"),
        (b'{"observatons": [], "observations": []}', "did you mean 'observations'"),
        (b'{"history": true, "observations": []}', "parameter of the address: \\?history=true"),
        (b'{"source": 5, "observations": []}', "source is not a text"),
        (b'{"source": " ", "observations": []}', "source is not a text"),
    ],
)
def test_a_json_body_is_taken_by_its_word(content: bytes, reason: str) -> None:
    """A key that stands twice, is unknown or is no source is refused, never dropped."""
    with pytest.raises(UploadRefusedError, match=reason):
        read_json(content, limit=LIMIT)


def test_the_source_of_a_body_is_that_of_its_figures() -> None:
    """A figure without a source has the body's; one with its own keeps it."""
    rows = [ROW, {**ROW, "month": "2025-06", "source": "BIS"}]
    body = read_body(json.dumps({"source": " GACC ", "observations": rows}).encode(), limit=LIMIT)
    assert body.source == "GACC"
    assert [figure.source for figure in body.figures] == ["GACC", "BIS"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the column series_id, month, value, unit is missing"),
        (b"series_id,month,value,unit\n", "no row"),
        (b"series_id,month,value,unit\nA,2025-05,1\n", "does not have the 4 cells"),
        (b"series_id,month,value,unit\nA,2025-05,1,t,5\n", "does not have the 4 cells"),
        (b'series_id,month,value,unit\n"A,2025-05,1,t\n', "not CSV"),
        (b"series_id;month;value;unit\nA;2025-05;1.234,5;t\n", "first line is parted by ';'"),
        (b"series_id,month,value,value,unit\nA,2025-05,1200,98000,t\n", "the column 'value' stands twice"),
        (b"series_id,month,value,unit,stag\nA,2025-05,1,t,x\n", "did you mean 'stage'"),
        ("series_id,month,value,unit\nA,2025-05,1,t\n".encode("utf-16"), "UTF-8"),
        (b"PK\x03\x04\x14\x00\x00\x00", "NUL"),
    ],
)
def test_broken_csv_is_refused(content: bytes, reason: str) -> None:
    """A file that is no CSV of figures is refused with what is wrong about it."""
    with pytest.raises(UploadRefusedError, match=reason):
        read_csv(content, limit=LIMIT)


def test_byte_order_mark_is_no_part_of_a_name() -> None:
    """A CSV as spreadsheets save it reads as any other."""
    (figure,) = read_csv(b"\xef\xbb\xbfseries_id,month,value,unit\nA,2025-05,1,t\n", limit=LIMIT)
    assert figure.series_id == "A"


def test_file_is_read_by_its_ending_and_within_its_limit() -> None:
    """An unknown ending and a file beyond the limit are refused before they are read."""
    assert read_file("may.CSV", b"series_id,month,value,unit\nA,2025-05,1,t\n", limit=LIMIT)
    with pytest.raises(UploadRefusedError, match=r"may\.pdf"):
        read_file("may.pdf", b"", limit=LIMIT)
    with pytest.raises(UploadTooLargeError):
        read_csv(b"x" * 11, limit=10)
