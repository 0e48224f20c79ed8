"""A panel is read as an upload is: the same months, texts, numbers and refusals by row; a pair is a total."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from forecasting.months import Month, Span
from forecasting.series import Total
from services.ingestion.errors import PanelRefusedError, UploadRefusedError
from services.ingestion.figures import check
from services.usecases.panel_file import Panel, read_panel

HEADER = "series_id,month,value\n"


def read(folder: Path, text: str | bytes, name: str = "panel.csv") -> Panel:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_panel(path)


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("2025-05", "2025-05"),
        (" 2025-05 ", "2025-05"),
        ("202505", "2025-05"),
        ("2025-05-31", "2025-05"),
        ("2025-05-01 00:00:00", "2025-05"),
        ("2025-05-01T00:00:00", "2025-05"),
        ("2025-01..2025-02", "2025-01..2025-02"),
    ],
)
def test_months_have_one_grammar(tmp_path: Path, written: str, span: str) -> None:
    """A month that a panel may write names the same months in an upload."""
    (series,) = read(tmp_path, f"{HEADER}X,{written},5\n").series
    assert series.over(Span.parse(span)) == 5
    (figure,) = check([{"series_id": "X", "month": written, "value": 5, "unit": "t"}])
    assert str(figure.span) == span


@pytest.mark.parametrize(
    "written",
    [
        "2022-01garbage", "2022-13", "202213", "2022-02-30", "0203-01", "1899-12", "9999-12", "2101-01",
        "44562", "45993.0", "2022", "2022M01", "Jan-Feb 2025", "\uff12\uff10\uff12\uff12-01", "2022-1", "-5",
        "2022-01-15x", "2025-02..2025-01",
    ],
)  # fmt: skip
def test_what_is_no_month_is_refused_by_row(tmp_path: Path, written: str) -> None:
    """A cell that is no month, or lies outside 1900 to 2100, is refused by its row in panel and upload."""
    with pytest.raises(PanelRefusedError) as refused:
        read(tmp_path, f"{HEADER}X,2022-01,1\nX,{written},5\n")
    assert [fault.row for fault in refused.value.faults] == [2]
    with pytest.raises(UploadRefusedError):
        check([{"series_id": "X", "month": written, "value": 5, "unit": "t"}])


@pytest.mark.parametrize("months", [["44562", "44593"], ["2019", "2020"], ["1", "2022-01"], ["1", "12001"]])
def test_numbers_that_are_no_steps_are_not_taken_for_them(tmp_path: Path, months: list[str]) -> None:
    """Days of Excel, years, and numbers among months are refused and not counted as months 1, 2, …."""
    with pytest.raises(PanelRefusedError, match="month"):
        read(tmp_path, HEADER + "".join(f"X,{month},1\n" for month in months))


def test_numbered_months_count_from_one(tmp_path: Path) -> None:
    """Months 1, 2, … are a panel without a calendar, written back as numbers."""
    panel = read(tmp_path, f"{HEADER}X,1,5\nX,3,6\n")
    assert panel.numbered
    assert [panel.label(month) for month in Span(panel.series[0].start, 3)] == [1, 2, 3]
    np.testing.assert_array_equal(panel.series[0].values, [5, np.nan, 6])


@pytest.mark.parametrize("series_id", ["0402", "NA", "1E5", "nan", "None", "True"])
def test_identifiers_are_text(tmp_path: Path, series_id: str) -> None:
    """An identifier is kept as it is written, whatever it looks like."""
    (series,) = read(tmp_path, f"{HEADER}{series_id},2022-01,1\n").series
    assert series.id == series_id


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",2022-02,5", "series_id is missing"),
        ("  ,2022-02,5", "series_id is missing"),
        ("X,,5", "month is missing"),
        ("X,2022-02,1_238", "not a number"),
        ("X,2022-02,\uff11\uff12", "not a number"),
        ('X,2022-02,"1,238"', "not a number"),
        ("X,2022-02,1e999", "not a finite number"),
        ("X,2022-02,1e160", "a figure beyond 10¹⁵ is refused: check its unit"),
        ("X,2022-02,5e-324", "a figure nearer to zero than 10⁻¹⁰⁰ is refused: write 0"),
        ("X,2022-02,-1e16", "a figure beyond 10¹⁵ is refused: check its unit"),
        ("X,2022-02,NA", "not a number"),
        ("X,2022-01,5", "X has 2022-01 twice, first in row 1"),
        ("X,2022-01-09,5", "X has 2022-01 twice, first in row 1"),
    ],
)
def test_a_bad_row_is_named_as_the_sheet_shows_it(tmp_path: Path, row: str, reason: str) -> None:
    """A fault names its row with blank lines counted, and does not speak of storing."""
    with pytest.raises(PanelRefusedError, match=reason) as refused:
        read(tmp_path, f"{HEADER}X,2022-01,1\n\n\n{row}\n")
    assert [fault.row for fault in refused.value.faults] == [4]
    assert str(refused.value).startswith("panel.csv was not read, 1 fault: row 4: ")


def test_a_series_has_one_unit(tmp_path: Path) -> None:
    """Kilograms among tonnes are refused by row, and a unit that is written stands in the series."""
    head = "series_id,month,value,unit\nX,2022-01,1,t\n"
    assert read(tmp_path, head).series[0].unit == "t"
    with pytest.raises(PanelRefusedError, match="row 2: X is in 'kg' here and in 't' in row 1"):
        read(tmp_path, f"{head}X,2022-02,900,kg\n")
    with pytest.raises(PanelRefusedError, match="row 2: unit is missing"):
        read(tmp_path, f"{head}X,2022-02,900,\n")


def test_a_pair_is_one_figure_of_two_months(tmp_path: Path) -> None:
    """January and February together are a total, and neither month is held alone."""
    (series,) = read(tmp_path, f"{HEADER}X,2024-12,900\nX,2025-01..2025-02,2100\nX,2025-03,\n").series
    assert series.totals == (Total(Span(Month.of(2025, 1), 2), 2100.0),)
    np.testing.assert_array_equal(series.values, [900, np.nan, np.nan, np.nan])
    (empty,) = read(tmp_path, f"{HEADER}X,2024-12,900\nX,2025-01..2025-02,\n").series
    assert (empty.totals, str(empty.end)) == ((), "2025-02")


def workbook() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["series_id", "month", "value"],
        ["0402", dt.date(2025, 5, 1), 7],
        [],
        ["0402", "2025-06", None],
    ):
        sheet.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def test_every_kind_of_file_is_a_panel(tmp_path: Path) -> None:
    """Excel, Parquet and JSON are read as CSV is, and an ending in capitals is an ending."""
    frame = pd.DataFrame({"series_id": ["0402"] * 2, "month": ["2025-05", "2025-06"], "value": [7.0, np.nan]})
    frame.to_parquet(tmp_path / "frame.parquet")
    contents = {
        "panel.CSV": f"{HEADER}0402,2025-05,7\n0402,2025-06,\n".encode(),
        "panel.XLSX": workbook(),
        "panel.PARQUET": (tmp_path / "frame.parquet").read_bytes(),
        "panel.json": frame.to_json(orient="records").encode(),
    }
    for name, content in contents.items():
        (series,) = read(tmp_path, content, name).series
        assert (series.id, str(series.start), str(series.end)) == ("0402", "2025-05", "2025-06"), name
        np.testing.assert_array_equal(series.values, [7, np.nan])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gbk.csv", f"{HEADER}中国,2022-01,1\n".encode("gbk"), "save the file as UTF-8"),
        ("empty.csv", b"", "no row"),
        ("bare.csv", HEADER.encode(), "no row"),
        ("no.xlsx", b"PK", "not an Excel workbook"),
        ("panel.pdf", b"", "ends in none of"),
        ("twice.csv", b"series_id,month,value,value\nX,2022-01,1,2\n", "'value' stands twice"),
        ("other.csv", b"series,month,value\nX,2022-01,1\n", "did you mean 'series'"),
    ],
)
def test_what_is_no_panel_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    """A file in another encoding, of another kind, or empty is refused with what to do about it."""
    with pytest.raises(PanelRefusedError, match=reason) as refused:
        read(tmp_path, content, name)
    assert "\n" not in str(refused.value)
