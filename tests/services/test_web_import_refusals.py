"""A bad file is refused by name, place, what was read and what to do; a terminal is told in few lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from api_stage import MAGNETS, Stage, served
from httpx import Client

from services.web.app import create_web
from services.web.pages.import_words import MOST_FAULTS

HEAD = "series_id,month,value,unit\n"
OWN = {"Sec-Fetch-Site": "same-origin"}
PAGE = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard that takes anything, as a terminal does; magnets are registered."""
    stage.register()
    with (
        served(create_web(stage.app.state.service)) as address,
        Client(base_url=address, headers=OWN, timeout=30, follow_redirects=True) as client,
    ):
        yield client


def plain(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "there is no row in it; give a file with a row of names"),
        ("a.csv", HEAD.encode(), "there is no figure in it: no row follows the names; add a row a figure"),
        (
            "a.csv",
            f"{HEAD}{MAGNETS},2025-05,many,t\n".encode(),
            "row 2, column 'value': 'many' is not a number; write digits, or nothing where there is none",
        ),
        (
            "a.csv",
            f"{HEAD}{MAGNETS},2025-04,5,t\n{MAGNETS},2025-13,5,t\n".encode(),
            "row 3, column 'month': '2025-13' is not a month, as 13 is none of the twelve; write it as",
        ),
        ("a.csv", bytes(range(256)), "it holds NUL bytes and is not a text file; give the table as CSV"),
        ("a.xlsx", b"MZ" + bytes(99), "is not a text file, nor the .xlsx file that its name says"),
        ("a.xlsx", b"PK\x03\x04" + bytes(99), "it is cut short or no zip file that can be read"),
        ("a.csv", b"\n<!doctype html><html>Error 500</html>", "it is a page or a picture, not a table"),
    ],
    ids=["empty", "names alone", "text as figure", "no such month", "binary", "no workbook", "cut", "page"],
)
def test_a_bad_file_says_where_what_and_what_to_do(
    stage: Stage, pages: Client, name: str, content: bytes, words: str
) -> None:
    """File, place, what was read and what to do, on the page and to a terminal; nothing is recorded."""
    for accepted in (PAGE, {}):
        answer = pages.post("/imports", files={"file": (name, content)}, headers=accepted)
        said = plain(answer.text)
        assert name in said
        assert words in said
        assert answer.headers["content-type"].startswith("text/html" if accepted else "text/plain")
    assert stage.rows()["observations"] == 0


def test_where_no_column_holds_months_one_may_be_said_for_all(stage: Stage, pages: Client) -> None:
    """The page names the columns there are, and asks for one or for the month of all rows."""
    content = f"series_id,value,unit\n{MAGNETS},12,t\n".encode()
    shown = pages.post("/imports", files={"file": ("a.csv", content)}, headers=PAGE)
    assert "name the one that does, or say the month of all rows" in plain(shown.text)
    assert "Columns: 'series_id', 'value', 'unit'" in plain(shown.text)
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", shown.text, re.DOTALL)
    assert text is not None
    form = {"text": unescape(text[1]), "asked.table.month": "why", "answer.months.month": "2025-05"}
    whole = pages.post(shown.url.path, data=form, headers=PAGE)
    assert "Record it" in whole.text, plain(whole.text)
    pages.post(f"{shown.url.path}/confirm")
    (held,) = stage.client.get(f"/v1/series/{MAGNETS}/observations").json()["items"]
    assert (held["month"], held["value"]) == ("2025-05", 12.0)


def test_a_terminal_is_told_the_first_faults_and_the_count(pages: Client) -> None:
    """Of many rows that cannot be read twenty are named, and how many more there are."""
    rows = "".join(f"{MAGNETS},2025-05,many,t\n" for _ in range(150))
    said = pages.post("/imports", files={"file": ("a.csv", f"{HEAD}{rows}".encode())}).text.splitlines()
    assert "150 places cannot be read:" in said
    assert sum(line.startswith("  row ") for line in said) == MOST_FAULTS
    assert "  and 130 more" in said


def test_a_terminal_is_told_counts_and_not_a_line_a_row(stage: Stage, pages: Client) -> None:
    """Shown and recorded, a file of many rows is few lines; its figures are in the file named last."""
    rows = "".join(
        f"{MAGNETS},{year}-{month:02d},5000,t\n" for year in (2023, 2024) for month in range(1, 13)
    )
    shown = pages.post("/imports", files={"file": ("a.csv", f"{HEAD}{rows}".encode())})
    lines = shown.text.splitlines()
    assert lines[0] == "a.csv: 24 rows, 24 figures, 0 new series."
    assert lines[1].startswith(
        "If it were recorded now: 24 new figures, 0 revisions, 0 held already; alerts: "
    )
    road = lines[-1].rpartition(" ")[2]
    assert len(lines) <= 4
    recorded = pages.post(road)
    lines = recorded.text.splitlines()
    counts = "24 new figures, 0 revisions, 0 held already; alerts: none."
    assert re.fullmatch(rf"a.csv is recorded as release \d+: {counts}", lines[0])
    assert len(lines) == 2
    table = pages.get(lines[1].rpartition(" ")[2]).text
    assert len(table.splitlines()) == 25
    assert stage.rows()["observations"] == 24
