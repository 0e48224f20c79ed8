"""Silences, releases and the list of series: made, ended, looked back on and searched on their pages."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from html import unescape
from operator import itemgetter
from urllib.parse import unquote

import pytest
from api_stage import MAGNETS, Stage, served
from httpx import Client

from services.web.app import create_web
from services.web.exports import Column, as_csv
from services.web.pages import alerts as web_alerts
from services.web.pages.releases import _days
from services.web.words import lead

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard on a stage's database and clock."""
    with (
        served(create_web(stage.app.state.service)) as address,
        Client(base_url=address, headers=OWN, timeout=30) as client,
    ):
        yield client


def rows(client: Client, address: str) -> list[dict[str, str]]:
    """The rows of a table that a page gives as a file."""
    return list(csv.DictReader(io.StringIO(client.get(address).text)))


def has_a_desk(stage: Stage) -> None:
    """The desk metals, by an endpoint of it."""
    stage.client.post("/v1/endpoints", json={"desk": "metals", "url": "https://desk.example.com/hook"})


def test_a_silence_is_made_seen_and_ended(stage: Stage, pages: Client) -> None:
    """It stands in the list with its end and who made it, the alerts page counts it, and it can be ended."""
    stage.register(name="Magnet exports")
    has_a_desk(stage)
    said = {"desk": "metals", "by": "Li Wei", "series_ids": MAGNETS, "hours": "168", "note": "port closed"}
    page = pages.post("/silences", data=said, follow_redirects=True)
    for words in ("Magnet exports", "Li Wei", "port closed", "8 Aug 2025"):
        assert words in page.text, words
    assert "Silences: 1 in force" in pages.get("/alerts").text
    (row,) = rows(pages, "/silences?format=csv")
    assert (row["desk"], row["on"], row["ends"]) == ("metals", f"series: {MAGNETS}", "2025-08-08T12:00:00Z")
    ended = pages.post(f"/silences/{row['silence']}/end", follow_redirects=True)
    assert "Nothing is silenced" in ended.text
    assert pages.post("/silences/none/end").status_code == 404


def test_a_silence_of_what_is_not_there_is_refused_and_stays_typed(stage: Stage, pages: Client) -> None:
    """It would match nothing: the page says so, with the series or the desk that may be meant."""
    stage.register()
    has_a_desk(stage)
    said = {"desk": "metals", "by": "Li Wei", "series_ids": "CN_EXP_REPM", "note": "typed"}
    page = pages.post("/silences", data=said)
    assert page.status_code == 422
    assert MAGNETS in page.text
    assert 'value="typed"' in page.text
    assert "may be metals" in pages.post("/silences", data={**said, "desk": "metal"}).text
    assert rows(pages, "/silences?format=csv") == []


def test_releases_are_told_by_how_they_stand(stage: Stage, pages: Client) -> None:
    """The customs' calendar awaits magnets: months that came, months to come, and as of a day none later."""
    stage.register(name="Magnet exports", reporter="CHN", tags=["cn-customs-detail"])
    figures = [
        {"month": f"2025-{month:02d}", "value": 5000, "known_from": f"2025-{month + 1:02d}-20T04:00:00+00:00"}
        for month in range(1, 7)
    ]
    assert stage.upload(*figures, history="true", replay="true").status_code < 300
    page = pages.get("/releases").text
    for words in ("To come", "Came", "How punctual each source is", "Magnet exports"):
        assert words in page, words
    told = {row["period"]: row for row in rows(pages, "/releases?format=csv")}
    assert (told["2025-06"]["state"], told["2025-06"]["arrived"]) == ("arrived", "2025-07-20T04:00:00Z")
    assert (told["2025-07"]["state"], told["2025-07"]["missing"]) == ("expected", MAGNETS)
    then = rows(pages, "/releases?format=csv&as_of=2025-07-19")
    assert all(row["arrived"] < "2025-07-20" for row in then)
    assert {row["period"]: row["state"] for row in then}["2025-06"] != "arrived"


def test_a_number_that_is_none_is_an_empty_cell() -> None:
    """What is not a number is written as nothing, as is what is not there."""
    columns = tuple(Column(str(place), itemgetter(place)) for place in range(3))
    answer = as_csv("table", columns, [(float("nan"), None, 1.5)])
    assert bytes(answer.body).decode() == "0,1,2\n,,1.5\n"


def test_a_file_that_says_all_holds_all(pages: Client) -> None:
    """The link beside a tab names what its file holds: all, or all that stand so."""
    for address, status, words in (
        ("/alerts", "opened", "CSV of all that are open"),
        ("/alerts", "all", "CSV of all"),
        ("/deliveries", "pending", "CSV of all that are waiting"),
    ):
        page = pages.get(f"{address}?status={status}").text
        assert f'{address}?format=csv&amp;status={status}" download>{words}</a>' in page, (address, status)


def test_a_next_figure_is_by_calendar_or_by_usual_delay(stage: Stage, pages: Client) -> None:
    """Without a calendar Now says by what it expects a figure, and Releases that no calendar does."""
    stage.register()
    figures = [
        {"month": f"2025-{month:02d}", "value": 5000, "known_from": f"2025-{month + 1:02d}-20T04:00:00+00:00"}
        for month in range(1, 7)
    ]
    assert stage.upload(*figures, history="true", replay="true").status_code < 300
    assert "as usual about " in pages.get("/").text
    page = pages.get("/releases").text
    assert "No calendar expects a release" in page
    assert "own usual delay" in page


def test_an_empty_field_of_the_rehearsal_says_what_it_stands_for(pages: Client) -> None:
    """Grey words are what happens where nothing is typed, and no value that is not set."""
    page = pages.get("/rules/new").text
    for name, words in (("from", "earliest"), ("to", "latest"), ("budget", "any")):
        field = page.partition(f'name="{name}"')[2].partition(">")[0]
        assert f'placeholder="{words}"' in field, name
        assert 'value=""' in field, name


def test_days_are_said_as_one_says_them() -> None:
    """Early, late or on the day; one day is a day."""
    words = ("on the day", "{} late", "{} early")
    assert [_days(dt.timedelta(days=each), words) for each in (0, 1, -3)] == [
        "on the day",
        "1 day late",
        "3 days early",
    ]


def test_series_are_found_by_words(stage: Stage, pages: Client) -> None:
    """Each word stands in the name, the id, the commodity or the HS code; the file holds the same rows."""
    stage.register(name="Magnet exports", hs_code="85051110")
    stage.register("OTHER", name="Ores")
    assert "Magnet exports" in pages.get("/series?words=MAGNET 8505").text
    assert "Ores" not in pages.get("/series?words=MAGNET").text
    assert [row["id"] for row in rows(pages, "/series?format=csv&words=ores")] == ["OTHER"]
    assert "No series has all of these words" in pages.get("/series?words=wheat").text


@pytest.mark.parametrize("address", ["/episodes", "/track-record", "/releases"])
def test_a_day_left_empty_is_today(pages: Client, address: str) -> None:
    """A form whose day was left empty is sent with an empty day, which is no fault."""
    assert pages.get(f"{address}?as_of=").status_code == 200


def test_alerts_of_one_series_are_listed_alone(stage: Stage, pages: Client) -> None:
    """The list of a series' alerts says whose they are and how to leave."""
    stage.register(name="Magnet exports")
    page = pages.get(f"/alerts?status=all&series={MAGNETS}").text
    assert "Magnet exports" in page
    assert "on all" in page
    assert f"series={MAGNETS}" in page


def has_alerts(stage: Stage) -> None:
    """Six alerts: three series, on each a warning and a critical one, opened by figures of three days."""
    for place, name in enumerate(("Zinc", "alloys", "Magnets")):
        stage.register(f"S{place}", name=name)
    for severity in ("warning", "critical"):
        rule = {"name": severity, "desk": "metals", "scope": {"all": True}, "severity": severity}
        rule |= {"condition": {"kind": "level", "below": 3000}}
        assert stage.client.put(f"/v1/rules/{severity}", json=rule).status_code == 200
    for place in range(3):
        low = {"series_id": f"S{place}", "month": "2025-05", "value": 1000}
        day = dt.datetime(2025, 6, 20 + place, 4, tzinfo=dt.UTC).isoformat()
        assert stage.upload({**low, "known_from": day}, replay="true").status_code < 300
    over = {"series_id": "S0", "month": "2025-06", "value": 5000, "known_from": "2025-07-20T04:00:00Z"}
    assert stage.upload(over, replay="true").status_code < 300


@pytest.mark.parametrize(
    ("sort", "order", "column", "expected"),
    [
        ("severity", "descending", "severity", ["critical"] * 3 + ["warning"] * 3),
        ("severity", "ascending", "severity", ["warning"] * 3 + ["critical"] * 3),
        ("series", "ascending", "series", ["S1", "S1", "S2", "S2", "S0", "S0"]),
        ("series", "descending", "series", ["S0", "S0", "S2", "S2", "S1", "S1"]),
        ("state", "ascending", "status", ["opened"] * 4 + ["resolved"] * 2),
        ("state", "descending", "status", ["resolved"] * 2 + ["opened"] * 4),
        ("opened", "descending", "series", ["S2", "S2", "S1", "S1", "S0", "S0"]),
        ("opened", "ascending", "series", ["S0", "S0", "S1", "S1", "S2", "S2"]),
    ],
)
def test_alerts_are_sorted_by_a_heading(
    *,
    stage: Stage,
    pages: Client,
    monkeypatch: pytest.MonkeyPatch,
    sort: str,
    order: str,
    column: str,
    expected: list[str],
) -> None:
    """Over all pages and in the file, each alert once, whatever is equal; the heading says the order."""
    has_alerts(stage)
    monkeypatch.setattr(web_alerts, "MOST", 1)
    monkeypatch.setattr(web_alerts, "SLICE", 1)
    address = f"/alerts?status=all&sort={sort}&order={order}"
    file = rows(pages, f"{address}&format=csv")
    assert [row[column] for row in file] == expected
    seen: list[str] = []
    following: str | None = address
    while following is not None:
        page = pages.get(following).text
        assert page.count(f'aria-sort="{order}"') == 1
        seen += re.findall(r'<td class="say"><a href="/alerts/([^"]+)">', page)
        link = re.search(r'<a href="([^"]+)">The next', page)
        following = None if link is None else unescape(link[1])
    assert [unquote(each) for each in seen] == [row["alert"] for row in file]
    assert len(set(seen)) == 6


def test_sorting_keeps_what_is_filtered(stage: Stage, pages: Client) -> None:
    """Headings keep tab and series, tabs and file keep the order; pressed again a heading turns it round."""
    has_alerts(stage)
    page = unescape(pages.get("/alerts?status=resolved&series=S0&sort=severity&order=descending").text)
    assert 'href="/alerts?status=resolved&series=S0&sort=severity&order=ascending"' in page
    assert 'href="/alerts?status=resolved&series=S0&sort=series&order=ascending"' in page
    assert 'href="/alerts?status=all&series=S0&sort=severity&order=descending"' in page
    assert "format=csv&status=resolved&series=S0&sort=severity&order=descending" in page
    assert pages.get("/alerts?sort=desk").status_code == 422


@pytest.mark.parametrize(
    ("sentence", "first", "rest"),
    [
        (
            "X fell 53 % to 1,238 t in May 2025. Forecast: 4,300 t.",
            "X fell 53 % to 1,238 t in May 2025.",
            "Forecast: 4,300 t.",
        ),
        ("The U.S. exports fell to 3 t.", "The U.S. exports fell to 3 t.", ""),
        ("", "", ""),
    ],
    ids=["two", "an abbreviation", "none"],
)
def test_what_is_said_first_is_a_whole_sentence(sentence: str, first: str, rest: str) -> None:
    """The part that stands out is what a person would say first, and nothing of the text is lost."""
    assert lead(sentence) == (first, rest)
    assert " ".join(filter(None, lead(sentence))) == sentence
