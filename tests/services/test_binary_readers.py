"""Parquet and Excel into figures: read as the CSV would be, or refused with a reason, whatever is in them."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from api_stage import MAGNETS, Stage, assert_problem
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from services.ingestion.binary_readers import read_excel, read_parquet
from services.ingestion.errors import UploadRefusedError, UploadTooLargeError
from services.ingestion.figures import ArrivingFigure

LIMIT = 100_000
ROW: dict[str, Any] = {"series_id": MAGNETS, "month": "2025-05", "value": 1238.5, "unit": "t"}
PARQUET = "application/vnd.apache.parquet"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
READERS = pytest.mark.parametrize("read", [read_parquet, read_excel])
Reader = Callable[..., list[ArrivingFigure]]


def parquet(*rows: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink)
    return sink.getvalue()


def excel(*rows: dict[str, Any]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


@pytest.mark.parametrize(("media_type", "written"), [(PARQUET, parquet), (EXCEL, excel)])
def test_a_file_is_recorded_as_its_figures(
    stage: Stage, media_type: str, written: Callable[..., bytes]
) -> None:
    """Through the API each format records what it holds; a date in the month's column is its month."""
    stage.register()
    content = written(ROW, {**ROW, "month": "2025-06", "value": 7})
    answer = stage.client.post("/v1/observations", content=content, headers={"content-type": media_type})
    assert answer.json()["recorded"] == 2, answer.text
    dated = written({**ROW, "month": dt.datetime(2025, 4, 1), "value": 3})  # noqa: DTZ001 - as sheets hold dates
    stage.client.post("/v1/observations", content=dated, headers={"content-type": media_type})
    items = stage.client.get(f"/v1/series/{MAGNETS}/observations").json()["items"]
    assert [(each["month"], each["value"]) for each in items] == [
        ("2025-04", 3.0),
        ("2025-05", 1238.5),
        ("2025-06", 7.0),
    ]


def bomb() -> bytes:
    """A workbook whose sheet unpacks to 40 MB of spaces."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 40_000_000)
    return sink.getvalue()


def laughs() -> bytes:
    """A workbook whose XML defines entities of entities."""
    nested = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    text = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{nested}]><x>&l9;</x>'
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        packed.writestr("[Content_Types].xml", text)
    return sink.getvalue()


def wide_parquet() -> bytes:
    """A Parquet file of 5,000 columns."""
    return parquet({f"c{number}": 1 for number in range(2_000)})


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (read_excel, bomb()),
        (read_excel, laughs()),
        (read_excel, b"PK\x03\x04"),
        (read_excel, excel({**ROW, "value": "=1+1"})),
        (read_excel, excel({**ROW, "value": 1e308 * 10})),
        (read_excel, excel({**ROW, "month": "0000-01"})),
        (read_excel, excel({"series_id": "A"})),
        (read_parquet, wide_parquet()),
        (read_parquet, b"PAR1" * 20),
        (read_parquet, parquet({**ROW, "value": float("nan")})),
        (read_parquet, parquet({**ROW, "value": -1.0})),
        (read_parquet, parquet({**ROW, "value": [1.0]})),
        (read_parquet, parquet({**ROW, "series_id": "A\x00B"})),
        (read_parquet, parquet({**ROW, "other": 1})),
    ],
)  # fmt: skip
def test_hostile_files_are_refused(read: Reader, content: bytes) -> None:
    """Bombs, entities, formulas, infinities, year 0, NUL and strange columns are refused with a reason."""
    with pytest.raises((UploadRefusedError, UploadTooLargeError)) as refused:
        read(content, limit=LIMIT)
    assert str(refused.value)


@READERS
@given(content=st.binary(max_size=500))
def test_any_bytes_are_read_or_refused(read: Reader, content: bytes) -> None:
    """No bytes end in another error; nor does a whole file with bytes changed."""
    for given_bytes in (content, parquet(ROW)[:40] + content, excel(ROW)[:200] + content):
        with pytest.raises((UploadRefusedError, UploadTooLargeError)):
            read(given_bytes, limit=LIMIT)


def twice(written: str) -> bytes:
    """A file whose column value stands twice."""
    if written == "parquet":
        names = [*ROW, "value"]
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_arrays([pa.array([each]) for each in (*ROW.values(), 2.0)], names), sink)
        return sink.getvalue()
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([*ROW, "value"])
    sheet.append([*ROW.values(), 2.0])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


@pytest.mark.parametrize(("read", "written"), [(read_parquet, "parquet"), (read_excel, "excel")])
def test_a_column_that_stands_twice_is_refused(read: Reader, written: str) -> None:
    """Of two columns of one name neither is taken for the other."""
    with pytest.raises(UploadRefusedError, match="'value' stands twice"):
        read(twice(written), limit=LIMIT)


def test_a_row_is_named_as_the_sheet_shows_it() -> None:
    """Empty rows of a sheet are no rows, and still they count."""
    blank = dict.fromkeys(ROW)
    with pytest.raises(UploadRefusedError) as refused:
        read_excel(excel(ROW, blank, blank, {**ROW, "value": -1}), limit=LIMIT)
    assert [fault.row for fault in refused.value.faults] == [4]


def test_a_file_of_the_wrong_kind_is_refused(stage: Stage) -> None:
    """A CSV that says it is Parquet is refused before anything is stored."""
    stage.register()
    answer = stage.client.post("/v1/observations", content=b"a,b\n1,2\n", headers={"content-type": PARQUET})
    assert_problem(answer, 422, "upload-refused")
