"""Tables as CSV and Parquet, and answers that are not sent twice."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from api_stage import MAGNETS, Stage, assert_problem

PARQUET = "application/vnd.apache.parquet"


@pytest.fixture(autouse=True)
def figures(stage: Stage) -> None:
    """Two figures, one with a source that a spreadsheet would run."""
    stage.register()
    stage.upload(
        {"month": "2025-04", "value": 2626, "known_from": "2025-05-20T02:00:00Z", "source": "=HYPERLINK()"},
        {"month": "2025-05", "value": 1238.5, "known_from": "2025-06-20T02:00:00Z"},
    )


@pytest.mark.parametrize("path", ["observations", "verdicts"])
def test_every_format_holds_the_same_figures(stage: Stage, path: str) -> None:
    """CSV and Parquet hold the months and values that JSON does."""
    address = f"/v1/series/{MAGNETS}/{path}"
    items = stage.client.get(address).json()["items"]
    expected = [(each["month"], each["value"]) for each in items]
    as_csv = stage.client.get(address, headers={"Accept": "text/csv"})
    assert as_csv.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(as_csv.text)))
    assert [(row["month"], float(row["value"])) for row in rows] == expected
    as_parquet = stage.client.get(address, headers={"Accept": f"{PARQUET}, text/csv;q=0.5"})
    table = pq.read_table(io.BytesIO(as_parquet.content)).to_pylist()
    assert [(row["month"], row["value"]) for row in table] == expected


def test_formula_in_a_text_is_inert_in_csv(stage: Stage) -> None:
    """A text that begins like a formula is written so that a spreadsheet shows it."""
    text = stage.client.get(f"/v1/series/{MAGNETS}/observations", headers={"Accept": "text/csv"}).text
    assert "'=HYPERLINK()" in text
    assert ",=HYPERLINK()" not in text


def test_formats_that_are_not_offered_are_refused(stage: Stage) -> None:
    """A caller that takes nothing of what is offered is told what is."""
    for accept in ("application/xml", "text/csv;q=0", "text/csv;q=x"):
        answer = stage.client.get(f"/v1/series/{MAGNETS}/observations", headers={"Accept": accept})
        assert "text/csv" in assert_problem(answer, 406, "not-acceptable")["detail"]


def test_answer_that_is_held_is_not_sent_again(stage: Stage) -> None:
    """With its ETag an unchanged answer is 304 without a body; a new figure changes the tag."""
    address = f"/v1/series/{MAGNETS}/observations"
    first = stage.client.get(address)
    tag = first.headers["etag"]
    again = stage.client.get(address, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    known = (stage.at - dt.timedelta(days=1)).isoformat()
    stage.upload({"month": "2025-06", "value": 3188, "known_from": known})
    changed = stage.client.get(address, headers={"If-None-Match": tag})
    assert (changed.status_code, len(changed.json()["items"])) == (200, 3)
    assert changed.headers["etag"] != tag


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "identity"])
def test_a_large_answer_is_packed_as_the_caller_can_unpack_it(stage: Stage, encoding: str) -> None:
    """The same JSON comes by zstd, by gzip, or as it is."""
    accepted = {"Accept-Encoding": encoding}
    answer = stage.client.get("/openapi.json", headers=accepted)
    assert answer.headers.get("content-encoding", "identity") == encoding
    plain = stage.client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert answer.json() == plain.json()


@pytest.mark.parametrize("path", ["observations", "verdicts"])
def test_pages_hold_everything_once(stage: Stage, path: str) -> None:
    """Pages of one give, in order, what one page of all gives; a table names its next page in a header."""
    address = f"/v1/series/{MAGNETS}/{path}"
    every = stage.client.get(address).json()["items"]
    cursor = {"observations": "after", "verdicts": "before"}[path]
    first = stage.client.get(address, params={"limit": 1}).json()
    rest = stage.client.get(address, params={"limit": 1, cursor: first["next"]}).json()
    assert (first["items"] + rest["items"], rest["next"]) == (every, None)
    as_csv = stage.client.get(address, params={"limit": 1}, headers={"Accept": "text/csv"})
    assert as_csv.headers["x-next-cursor"] == first["next"]


def test_arrow_is_a_stream_of_the_same_rows(stage: Stage) -> None:
    """Arrow's stream holds what JSON does, readable without a file."""
    address = f"/v1/series/{MAGNETS}/observations"
    answer = stage.client.get(address, headers={"Accept": "application/vnd.apache.arrow.stream"})
    rows = pa.ipc.open_stream(answer.content).read_all().to_pylist()
    assert [row["value"] for row in rows] == [2626, 1238.5]
