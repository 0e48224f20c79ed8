"""Whatever bytes arrive, they are read whole or refused with a reason, within bounds."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from agency_files import (
    CENSUS,
    CENSUS_WIRE,
    COMTRADE,
    DATES,
    ESTAT_JAPAN,
    YEARS_DOWN,
    arrow,
    parquet,
    workbook,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingestion.errors import UploadRefusedError, UploadTooLargeError
from services.ingestion.files.errors import SHOWN, FileRefusedError
from services.ingestion.files.mapping import parse
from services.ingestion.files.packing import Given
from services.ingestion.files.reading import FileReading
from services.ingestion.files.understanding import Asked, understand

LIMIT = 100_000
SEEDS = [
    COMTRADE, CENSUS, CENSUS_WIRE, DATES, ESTAT_JAPAN, YEARS_DOWN, gzip.compress(COMTRADE),
    parquet(series_id=["A"], month=["2025-05"], value=[1.0]),
    arrow(series_id=["A"], month=["2025-05"], value=[1.0]),
]  # fmt: skip
asked = Asked(series_id="A", unit="t")


def read(content: bytes) -> int | str:
    """The count of figures, or why there is none."""
    try:
        understood = understand(Given.of_bytes("any", content), limit=LIMIT, asked=asked)
        reading = FileReading(understood.grid, understood.mapping)
        return sum(len(batch) for batch in reading.batches())
    except (UploadRefusedError, UploadTooLargeError) as error:
        return str(error)


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """No bytes end in anything but figures or a refusal that says why."""
    assert read(content)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SEEDS), st.data())
def test_a_broken_file_is_read_or_refused(seed: bytes, data: st.DataObject) -> None:
    """A file of which bytes were lost, changed or added is read whole or refused."""
    at = data.draw(st.integers(0, len(seed)))
    until = data.draw(st.integers(at, min(len(seed), at + 40)))
    assert read(seed[:at] + data.draw(st.binary(max_size=20)) + seed[until:])


@settings(deadline=None)
@given(st.lists(st.lists(st.text(max_size=8), min_size=1, max_size=5), max_size=8), st.sampled_from(",;\t|"))
def test_any_table_of_texts_is_read_or_refused(rows: list[list[str]], sign: str) -> None:
    """A table of any texts under names that are known is read or refused."""
    body = "\n".join(sign.join(row) for row in [["month", "value", "unit", "flag"], *rows])
    assert read(body.encode("utf-8", "ignore"))


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_mapping_or_refused(text: str) -> None:
    """No text given as a mapping ends in anything but a mapping or a refusal."""
    kept = None
    try:
        parse("m.toml", text)
    except FileRefusedError as error:
        kept = error.faults
    assert kept is None or all(fault.reason for fault in kept)


def test_what_unpacks_beyond_the_bound_is_refused() -> None:
    """A bomb is refused once its bound is reached, whatever its head says of its size."""
    bomb = gzip.compress(b"0" * (50 * LIMIT))
    assert len(bomb) < LIMIT
    with pytest.raises(UploadTooLargeError):
        understand(Given.of_bytes("bomb.csv.gz", bomb), limit=LIMIT)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as kept:
        kept.writestr("a.csv", b"0" * (50 * LIMIT))
    with pytest.raises(UploadTooLargeError):
        understand(Given.of_bytes("bomb.zip", packed.getvalue()), limit=LIMIT)


def test_all_faults_come_at_once_and_at_most_a_hundred() -> None:
    """Each fault has its place, what was found and what to do; beyond a hundred they are counted."""
    rows = "".join(f"{2000 + at // 12}-{at % 12 + 1:02d},five\n" for at in range(250))
    understood = understand(
        Given.of_bytes("a.csv", f"month,value\n{rows}".encode()), limit=LIMIT, asked=asked
    )
    with pytest.raises(FileRefusedError) as refused:
        list(FileReading(understood.grid, understood.mapping).batches())
    assert refused.value.count == 250
    assert len(refused.value.faults) == SHOWN
    assert "row 2, column 'value': 'five' is not a number" in str(refused.value)
    assert "and 150 more" in str(refused.value)


def test_a_month_given_twice_with_two_values_is_refused() -> None:
    """Two values of one month of one series are a fault of the second row; the same value twice is none."""
    content = b"month,value\n2025-05,5\n2025-06,6\n2025-05,5\n2025-06,7\n"
    understood = understand(Given.of_bytes("a.csv", content), limit=LIMIT, asked=asked)
    with pytest.raises(FileRefusedError) as refused:
        list(FileReading(understood.grid, understood.mapping).batches())
    assert [fault.row for fault in refused.value.faults] == [5]
    assert "7 here and 6 in row 3" in str(refused.value)


def test_a_cell_of_a_sheet_is_named_as_the_sheet_names_it() -> None:
    """A fault in a workbook names sheet and cell."""
    content = workbook(
        ["month", "value"], ["2025-05", 5], ["2025-06", "five"], ["2025-07", "=A1+1"], sheet="May"
    )
    understood = understand(Given.of_bytes("a.xlsx", content), limit=LIMIT, asked=asked)
    with pytest.raises(FileRefusedError, match="May!B3: 'five' is not a number") as refused:
        list(FileReading(understood.grid, understood.mapping).batches())
    assert "May!B4: it is a formula whose value is not in the file" in str(refused.value)
