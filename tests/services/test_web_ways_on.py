"""Every page leads on: a file holds all rows, a reload changes nothing, and an error says where to go."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator

import pytest
from api_stage import MAGNETS, Stage, key, served
from httpx import Client

from services.storage import jobs
from services.storage.jobs import Job
from services.web import exports
from services.web.app import create_web
from services.web.pages import alerts, deliveries, operations

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard on a stage's database and clock."""
    with (
        served(create_web(stage.app.state.service)) as address,
        Client(base_url=address, headers=OWN, timeout=30) as client,
    ):
        yield client


def told(stage: Stage, count: int) -> None:
    """So many series whose low figure opens an alert, each sent to one endpoint, and a job of each."""
    for place in range(count):
        stage.register(f"S{place}")
    rule = {"name": "Low", "desk": "metals", "scope": {"series": [f"S{each}" for each in range(count)]}}
    rule |= {"condition": {"kind": "level", "below": 3000}, "severity": "info"}
    assert stage.client.put("/v1/rules/low", json=rule).status_code < 300
    endpoint = {"desk": "metals", "url": "https://desk.example/hooks"}
    assert stage.client.post("/v1/endpoints", json=endpoint).status_code < 300
    known = {"month": "2025-05", "value": 100, "known_from": "2025-06-20T04:00:00Z"}
    for each in range(count):  # a release apart, since the alerts of one are told in one message
        assert stage.upload({**known, "series_id": f"S{each}"}).status_code < 300
    with stage.engine.begin() as connection:
        jobs.add(connection, [Job("refit", f"k{each}", {}) for each in range(count)], now=stage.at)


def rows(client: Client, address: str) -> list[dict[str, str]]:
    """The rows of a table that a page gives as a file."""
    answer = client.get(address)
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_file_holds_all_rows_of_its_filter(
    stage: Stage, pages: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of five rows a page shows two; the file has five, once each, in the page's order, from any page."""
    for module in (alerts, deliveries, operations):
        monkeypatch.setattr(module, "MOST", 2)
        monkeypatch.setattr(module, "SLICE", 2)
    told(stage, 5)
    for address, column in (("/alerts", "alert"), ("/deliveries", "delivery"), ("/operations", "job")):
        found = [row[column] for row in rows(pages, f"{address}?format=csv")]
        assert len(found) == len(set(found)), address
        assert len(found) >= 5, address
        assert f"{address}?format=csv" in pages.get(address).text
    assert rows(pages, "/alerts?format=csv&status=resolved") == []
    page = pages.get("/operations").text
    assert "The newest 2; the CSV holds all" in page
    assert exports.SLICE >= 500


def test_a_reload_after_a_new_secret_makes_no_other(stage: Stage, pages: Client) -> None:
    """Adding and rotating lead to a page that shows the secret once; no cookie or address tells it."""
    made = pages.post("/endpoints", data={"desk": "metals", "url": "https://desk.example/hooks"})
    assert made.status_code == 303
    where = made.headers["location"]
    assert "whsec_" not in f"{where}{made.headers['set-cookie']}"
    assert "httponly" in made.headers["set-cookie"].lower()
    first = pages.get(where)
    (secret,) = re.findall(r"data-secret>([^<]+)<", first.text)
    assert secret.startswith("whsec_")
    assert "data-secret>" not in pages.get(where).text
    rotated = pages.post(f"{where}/rotate")
    assert (rotated.status_code, rotated.headers["location"]) == (303, where)
    assert secret not in pages.get(where).text
    assert "data-secret>" not in pages.get(where).text


def test_a_secret_that_was_not_looked_at_in_time_is_not_shown(stage: Stage, pages: Client) -> None:
    """A minute after it was made, and on the page of another endpoint, the cookie opens nothing."""
    others = pages.post("/endpoints", data={"desk": "metals", "url": "https://other.example/hooks"})
    pages.cookies.clear()
    made = pages.post("/endpoints", data={"desk": "metals", "url": "https://desk.example/hooks"})
    sealed = {"Cookie": made.headers["set-cookie"].partition(";")[0]}
    assert "data-secret>" not in pages.get(others.headers["location"], headers=sealed).text
    stage.at += dt.timedelta(minutes=2)
    assert "data-secret>" not in pages.get(made.headers["location"], headers=sealed).text


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("{base}/alerts?status=all", "/alerts?status=all"),
        ("https://elsewhere.example/alerts?status=all", "/alerts"),
        ("{base}/rules/save", "/alerts"),
        ("", "/alerts"),
    ],
    ids=["its page", "another site", "an answer to a form", "nothing told"],
)
def test_a_form_that_was_refused_leads_back(pages: Client, referer: str, back: str) -> None:
    """To the page that the form came from, else to its list: never to an address that takes forms alone."""
    told_by = {"Referer": referer.format(base=str(pages.base_url).rstrip("/"))}
    answer = pages.post("/alerts/none/comment", data={}, headers=told_by)
    assert answer.status_code == 422
    assert f'href="{back}">Begin anew' in answer.text
    assert answer.headers["referrer-policy"] == "same-origin"


def test_families_lead_to_the_list_that_names_them(pages: Client) -> None:
    """They have no list of their own, and their address is no dead end."""
    answer = pages.get("/families", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/series")


def test_an_address_of_a_form_says_so(pages: Client) -> None:
    """Opening it answers in words, with a link to the list."""
    answer = pages.get("/endpoints/none/rotate")
    assert answer.status_code == 405
    assert "Method Not Allowed" not in answer.text
    assert "No page stands here" in answer.text
    assert 'href="/endpoints"' in answer.text


def test_an_error_page_leads_on_and_out(stage: Stage, pages: Client) -> None:
    """Whoever is signed in finds the navigation and the way out; a stranger finds neither."""
    text = key(stage, "admin")["Authorization"].removeprefix("Bearer ")
    stranger = pages.get("/nowhere")
    assert 'aria-label="Pages"' not in stranger.text
    assert pages.post("/sign-in", data={"key": text}).status_code == 303
    for address in ("/nowhere", "/alerts/none", "/alerts?nonsense=1", "/endpoints/none/rotate"):
        page = pages.get(address)
        assert page.status_code >= 400, address
        assert 'aria-label="Pages"' in page.text, address
        assert "Sign out" in page.text, address


def test_a_family_with_a_slash_has_a_page(stage: Stage, pages: Client) -> None:
    """Its link from the list of series leads to it, and its file is named without one."""
    stage.register(family="oils/meals")
    (link,) = re.findall(r'href="(/families/[^"?]+)"', pages.get("/series").text)
    assert pages.get(link).status_code == 200
    named = pages.get(f"{link}?format=csv").headers["content-disposition"]
    assert 'filename="oils_meals-family.csv"' in named
    assert MAGNETS in pages.get(f"/series/{MAGNETS}").text
