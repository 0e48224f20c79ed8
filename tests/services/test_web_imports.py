"""Importing a file on a page: shown in plain words, corrected, confirmed once, and never half recorded."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, served
from httpx import Client, Response

from services.bootstrap import REFRESH_FORECASTS
from services.usecases.manage_keys import add_key
from services.usecases.sign_in import sign_in
from services.web.app import create_web
from services.web.csrf import token
from services.web.pages.import_answers import CONTROLS, Said, answered

OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
TABLE = "series;month;value;unit\nM;May 2025;1.234.500;kg\nM;June 2025;n/a;kg\n".encode("utf-16")
UNSURE = b"month;value\n2025-05;1.234\n"


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard on a stage's database and clock."""
    with (
        served(create_web(stage.app.state.service)) as address,
        Client(base_url=address, headers=OWN, timeout=30) as client,
    ):
        yield client


def sent(pages: Client, content: bytes, name: str = "a.csv", **said: str) -> Response:
    """The page that a file is shown on."""
    return pages.post("/imports", files={"file": (name, content)}, data=said, follow_redirects=True)


def import_id(answer: Response) -> str:
    """Id of the import that a page shows."""
    found = re.search(r"/imports/(imp_\w+)", answer.text)
    assert found is not None, answer.text
    return found[1]


def typed(answer: Response) -> dict[str, str]:
    """What the form of a page holds: its mapping as text, and the questions that it carries along."""
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", answer.text, re.DOTALL)
    assert text is not None, answer.text
    asked = re.findall(r'name="(asked\.[\w.]+)" value="([^"]*)"', answer.text)
    return {"text": html.unescape(text[1]), **{name: html.unescape(value) for name, value in asked}}


def test_a_file_is_shown_said_which_series_and_confirmed_once(stage: Stage, pages: Client) -> None:
    """Figures, months and what would follow stand there; nothing is recorded before the button, and once."""
    stage.register()
    shown = sent(pages, TABLE, source="desk")
    assert shown.status_code == 200, shown.text
    for words in ("How it is read", "M", "May 2025", "Series that are not held yet", "Record it"):
        assert words in shown.text, words
    assert stage.rows()["observations"] == 0
    found = import_id(shown)
    again = pages.post(f"/imports/{found}", data={**typed(shown), "meant.M": MAGNETS})
    assert again.status_code == 200, again.text
    assert MAGNETS in again.text
    assert "1,234.5\u00a0t" in again.text.replace("&nbsp;", "\u00a0")
    assert "Series that are not held yet" not in again.text
    assert stage.rows()["observations"] == 0
    for said in ("Recorded.", "It was recorded before"):
        confirmed = pages.post(f"/imports/{found}/confirm", follow_redirects=True)
        assert said in confirmed.text
        assert "What was made of each figure" in confirmed.text
        assert stage.rows()["observations"] == 1
    assert stage.nudged.count(REFRESH_FORECASTS) == 1
    table = list(csv.DictReader(io.StringIO(pages.get(f"/imports/{found}?format=csv").text)))
    assert [(row["series_id"], row["month"], row["outcome"]) for row in table] == [
        (MAGNETS, "2025-05", "recorded")
    ]


def test_a_reload_sends_no_file_again(stage: Stage, pages: Client) -> None:
    """The upload leads to the address of what was shown, which asks the same each time it is loaded."""
    stage.register()
    said = {"series_id": MAGNETS, "unit": "kg", "header": "1", "replay": "on"}
    answer = pages.post("/imports", files={"file": ("a.csv", UNSURE)}, data=said)
    assert answer.status_code == 303
    for _ in range(2):
        shown = pages.get(answer.headers["location"])
        assert shown.status_code == 200
        assert [name for name in typed(shown) if name.startswith("asked.")] == ["asked.numbers.decimal"]
    assert stage.rows()["imports"] == 1
    wrong = pages.post("/imports", files={"file": ("a.csv", UNSURE)}, data={"header": "0"})
    assert wrong.status_code == 422
    assert "a number from 1 to 10,000" in wrong.text


def test_a_new_series_is_registered_with_its_figures(stage: Stage, pages: Client) -> None:
    """On an empty installation a file alone is enough: its series stands in the list afterwards."""
    shown = sent(pages, TABLE, history="on", replay="on")
    assert "no rule is woken" in shown.text
    assert "as it became known: forecasts count" in shown.text
    pages.post(f"/imports/{import_id(shown)}/confirm")
    assert stage.rows()["observations"] == 1
    assert ">M<" in pages.get("/series").text


def test_a_question_is_answered_by_a_choice_and_the_rest_stays_asked(stage: Stage, pages: Client) -> None:
    """What the file cannot say is asked in words; each answer stays, what is open is asked again."""
    stage.register()
    shown = sent(pages, UNSURE)
    assert "To be said before it can be recorded" in shown.text
    assert "Record it" not in shown.text
    form = typed(shown)
    assert {"asked.unit", "asked.numbers.decimal", "asked.table.series_id"} <= form.keys()
    found = import_id(shown)
    assert form.keys() <= typed(pages.get(f"/imports/{found}")).keys()
    said = {"answer.table.series_id": MAGNETS, "answer.unit": "kg"}
    half = pages.post(f"/imports/{found}", data={**form, **said})
    assert 'name="answer.numbers.decimal"' in half.text
    assert 'name="answer.unit"' not in half.text
    assert "Record it" not in half.text
    whole = pages.post(f"/imports/{found}", data={**typed(half), "answer.numbers.decimal": "."})
    assert "Record it" in whole.text
    assert "0.001234" in whole.text
    assert pages.post(f"/imports/{found}/confirm", follow_redirects=True).status_code == 200
    assert stage.rows()["observations"] == 1


def test_a_mapping_that_is_none_is_refused_and_what_was_typed_stays(stage: Stage, pages: Client) -> None:
    """The reason names what was meant; the text is there to be mended, and what was shown before stands."""
    stage.register()
    shown = sent(pages, TABLE)
    found = import_id(shown)
    wrong = pages.post(f"/imports/{found}", data={"text": "[tabel]\nvalue = 'x'  # mine\n"})
    assert wrong.status_code == 422
    assert "did you mean" in wrong.text
    assert "# mine" in wrong.text
    assert "The first figures" in wrong.text
    assert pages.get(f"/imports/{found}").status_code == 200


def test_a_file_with_cells_that_cannot_be_read_names_each_place(stage: Stage, pages: Client) -> None:
    """Every fault stands with its place, and there is no button that would record the rest."""
    stage.register()
    content = f"series_id,month,value,unit\n{MAGNETS},2025-05,many,t\n{MAGNETS},2025-13,5,t\n".encode()
    shown = sent(pages, content)
    assert "cannot be read" in shown.text
    assert "Record it" not in shown.text
    assert stage.rows()["observations"] == 0


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"\x00\x01", 422, "nothing was stored"),
        (b"x" * 210_000, 413, "larger than 200,000 bytes"),
        (b"x" * 230_000, 413, "nothing was changed"),
        (None, 422, "No file was chosen"),
    ],
    ids=["no table", "above the limit", "far above it", "none"],
)
def test_what_is_no_file_of_figures_is_refused_in_words(
    stage: Stage, pages: Client, content: bytes | None, status: int, words: str
) -> None:
    """Each refusal is a page that says why and what may be sent."""
    files: dict[str, Any] = {"other": ("", b"")} if content is None else {"file": ("a.csv", content)}
    answer = pages.post("/imports", files=files)
    assert answer.status_code == status, answer.text
    assert words in answer.text
    assert stage.rows()["imports"] == 0


def test_other_forms_stay_small(pages: Client) -> None:
    """Only the page that takes files takes more than a form's words."""
    answer = pages.post("/rules/builder", data={"name": "x" * 210_000})
    assert answer.status_code == 413


def session(stage: Stage, *scopes: str) -> dict[str, str]:
    """Cookie and token of a session whose key has some scopes."""
    with stage.engine.begin() as connection:
        _, text = add_key(connection, name="k", scopes=scopes, now=stage.at)
        opened = sign_in(connection, text, now=stage.at)
    return {"Cookie": f"tonnage_session={opened}", "x-csrf-token": token(opened)}


def test_only_who_may_write_imports_and_only_from_a_page_of_ours(stage: Stage, pages: Client) -> None:
    """A reader is told what is missing, a forged form is refused, and an import is its sender's alone."""
    reader, writer, other = (session(stage, *each) for each in (("read",), ("read", "write"), ("admin",)))
    assert "scope “write”" in pages.get("/imports", headers=reader).text
    files = {"file": ("a.csv", TABLE)}
    assert pages.post("/imports", files=files, headers=reader).status_code == 403
    forged = {"Cookie": writer["Cookie"]}
    assert pages.post("/imports", files=files, headers=forged).status_code == 403
    assert pages.post("/imports", files=files).status_code == 303  # to the sign-in
    assert stage.rows()["imports"] == 0
    shown = pages.post("/imports", files=files, headers=writer)
    assert shown.status_code == 303
    address = shown.headers["location"]
    assert pages.get(address, headers=writer).status_code == 200
    assert pages.get(address, headers=other).status_code == 404
    assert pages.post(f"{address}/confirm", headers=other).status_code == 404
    assert pages.post(f"{address}/confirm", headers=writer).status_code == 303
    with stage.engine.begin() as connection:
        actions = [row.action for row in connection.exec_driver_sql("select action from audit order by id")]
    assert actions == ["import.shown", "figures.recorded"]


def test_the_way_in_is_where_somebody_looks_for_it(pages: Client) -> None:
    """The bar, the first page of an empty installation and the empty list of series lead there."""
    for address in ("/", "/series"):
        assert pages.get(address).text.count('href="/imports"') >= 2, address


def test_answers_stand_in_their_places_of_the_mapping() -> None:
    """Each is put into its part, of the kind that it is there; a series that is meant is not registered."""
    raw = {"table": {"series": ["a"]}, "register": [{"id": "X-1", "name": "X 1", "unit": "t"}]}
    said = Said.of(
        {
            "answer.months.year": "2025",
            "answer.months.day_first": "no",
            "answer.table.series_id": "S",
            "answer.unit": "t",
            "meant.X-1": "HELD",
            "answer.table.month": " ",
        }
    )
    assert answered(raw, said) == {
        "table": {"series_id": "S"},
        "months": {"year": 2025, "day_first": False},
        "unit": "t",
        "ids": {"X 1": "HELD"},
    }
    assert raw["table"] == {"series": ["a"]}
    assert all(choice in CONTROLS for choice in said.answers)
