"""What the pages say of one thing they say in one way: outlooks, episodes, states, numbers that sort."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from api_stage import MAGNETS, Stage, served
from httpx import Client
from sqlalchemy import create_engine
from web_stage import tell, tell_later

from alerts.stated import stated
from alerts.wording import IF
from forecasting.shocks.episodes import Status
from forecasting.shocks.interventions import Intervention
from services.bootstrap import Service
from services.queries import alerts
from services.storage import jobs
from services.storage.jobs import Job
from services.web.app import create_web
from services.web.words import STANDS, TYPES, chance

OWN = {"Sec-Fetch-Site": "same-origin"}
TABLES = ("/", "/series", f"/series/{MAGNETS}", "/families/magnets", "/episodes", "/track-record")
TABLES += ("/releases", "/alerts?status=all", "/rules", "/deliveries", "/endpoints", "/operations")
WITHOUT_END = {"input", "meta", "link", "br", "img"}


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard on a stage's database and clock."""
    with (
        served(create_web(stage.app.state.service)) as address,
        Client(base_url=address, headers=OWN, timeout=30) as client,
    ):
        yield client


class Cells(HTMLParser):
    """Cells over which a number stands, with what they sort by; and what stands inside live parts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[tuple[str | None, str]] = []
        self.outside: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._cell: tuple[str | None, list[str]] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in WITHOUT_END:
            return
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        self._open.append((tag, "data-live" in given and "id" in given))
        if tag == "td" and "number" in classes:
            self._cell = (given.get("data-value"), [])
        if {"state", "count"} & set(classes) and not any(live for _, live in self._open):
            self.outside.append(str(given.get("class")))

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "td" and self._cell is not None:
            value, said = self._cell
            self.cells.append((value, "".join(said).strip()))
            self._cell = None


def test_a_shock_has_two_outlooks_each_in_words(stage: Stage, pages: Client) -> None:
    """While it goes on, the message's outlook stands beside the published forecast, with the same numbers."""
    tell(stage)
    with stage.engine.begin() as connection:
        (record,) = alerts.listed(connection, limit=1).rows
        said = stated(alerts.life(connection, record.state.id).events[-1].payload["data"])
    page = pages.get(f"/series/{MAGNETS}?as_of=2025-06-20").text.replace("\u00a0", " ")
    outlook = page.partition("Outlook given the shock, June 2025")[2].partition("</div>")[0]
    assert f">{said['next_expected.expected']} t<" in outlook
    assert "80 %: " in outlook
    published = page.partition("Published forecast for June 2025")[2].partition("</div>")[0]
    assert published
    assert said["next_expected.expected"] not in published
    assert "knows of no shock as such" in page
    before = pages.get(f"/series/{MAGNETS}?as_of=2025-06-19").text
    assert "Outlook given the shock" not in before
    assert "Expected for May 2025" in before


def test_an_episode_is_over_or_not_and_an_alert_open_or_not(stage: Stage, pages: Client) -> None:
    """No state of an episode is said to be open, on any page."""
    tell(stage)
    for address in ("/", "/episodes", f"/series/{MAGNETS}"):
        page = pages.get(address).text
        assert "not over</span>" in page, address
        assert 'state-open">open<' not in page, address
    assert "open" not in STANDS.values()
    assert STANDS.keys() == set(Status)
    tell_later(stage)
    assert "recovering</span>" in pages.get("/episodes").text


def test_one_month_below_has_a_picture_of_its_loss(stage: Stage, pages: Client) -> None:
    """An episode of one month is an area half a month to each side, on Now and on the series."""
    tell(stage)
    for address in ("/", f"/series/{MAGNETS}"):
        page = pages.get(address).text
        (drawn,) = re.findall(r'<path d="M([^"]+)Z" class="loss loss-down">', page)
        places = {point.split()[0] for point in drawn.split("L")}
        assert len(places) == 2, address
        assert 'class="would-be"' in page, address


def test_numbers_sort_as_numbers(stage: Stage, pages: Client) -> None:
    """Whatever stands over a number and is not one as it is written carries its value."""
    tell(stage)
    tell_later(stage)
    seen = 0
    for address in TABLES:
        for value, said in Cells(pages.get(address).text).cells:
            seen += 1
            sorts = said if value is None else value
            plain = sorts == "" or re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", sorts)
            assert plain or said in {"\u2013", "withdrawn"}, (address, value, said)
    assert seen > 200


def test_what_is_counted_changes_with_what_it_counts(stage: Stage, pages: Client) -> None:
    """No state or count stands outside the parts that are fetched anew beside lists that are."""
    tell(stage)
    assert stage.client.post("/v1/endpoints", json={"desk": "metals", "url": "https://a.example/"}).is_success
    (endpoint,) = stage.client.get("/v1/endpoints").json()["items"]
    (alert,) = stage.client.get("/v1/alerts").json()["items"]
    for address in ("/", "/operations", f"/endpoints/{endpoint['id']}", f"/alerts/{alert['id']}", "/alerts"):
        assert Cells(pages.get(address).text).outside == [], address


def test_a_job_says_when_and_how_long(stage: Stage, pages: Client) -> None:
    """When it was asked for and what its last run took; failed jobs are a link, not a request to type."""
    with stage.engine.begin() as connection:
        jobs.add(connection, [Job("refit", "k", {})], now=stage.at)
        connection.exec_driver_sql(
            "update jobs set status = 'failed', started_at = %(at)s, finished_at = %(at)s + interval '90 s'",
            {"at": stage.at},
        )
    page = pages.get("/operations").text
    assert '<a href="/operations?status=failed' in page
    assert "GET /v1" not in page
    assert "90.0 s" in page
    assert '<time datetime="2025-08-01T12:00:00Z"' in page
    assert "seconds" in pages.get("/operations?format=csv").text.splitlines()[0]


def test_without_a_database_operations_says_what_to_do(stage: Stage) -> None:
    """It is the page that is opened then: each fault with its remedy, and no address to whoever asks."""
    nowhere = create_engine("postgresql+psycopg://127.0.0.1:1/nowhere")
    service = Service(stage.settings, nowhere, lambda: stage.at, lambda _: None)
    with served(create_web(service)) as address, Client(base_url=address, timeout=60) as client:
        answer = client.get("/operations")
    assert answer.status_code == 503
    assert "Start it, or correct DATABASE_URL." in answer.text
    assert "127.0.0.1" not in answer.text
    assert "The broker does not answer" in answer.text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/deliveries", ("Exhausted</a>", ">Event<", ">Sequence<")),
        ("/operations", (">Failed</a>",)),
        ("/endpoints", (">Accepted<", ">Median time<", ">Exhausted<")),
    ],
)
def test_a_state_has_one_word(stage: Stage, pages: Client, address: str, words: tuple[str, ...]) -> None:
    """A tab is called as the state that it shows, and a column as what stands in it."""
    tell(stage)
    assert stage.client.post("/v1/endpoints", json={"desk": "metals", "url": "https://a.example/"}).is_success
    (endpoint,) = stage.client.get("/v1/endpoints").json()["items"]
    pages.post(f"/endpoints/{endpoint['id']}/ping")
    page = pages.get(address).text
    for word in words:
        assert word in page, word
    for other in ("Given up", "given up", "Middle time", ">Told<", ">Taken<"):
        assert other not in page, other


def test_a_type_of_shock_has_one_word(stage: Stage, pages: Client) -> None:
    """Pages call a type as the alert's sentence does, on the picture, in the table and in the ledger."""
    assert {kind: f"it {IF[kind]}" for kind in Intervention} == TYPES
    tell(stage)
    for address in (f"/series/{MAGNETS}", "/episodes"):
        page = pages.get(address).text
        assert any(words in page for words in TYPES.values()), address
        for other in ("fades away", "fading", "lasting", ">LS<", ">TC<"):
            assert other not in page, (address, other)


def test_no_chance_is_the_whole() -> None:
    """A type is never certain, whatever rounding makes of it."""
    assert chance(0.9996) == "more than 99\u00a0%"
    assert chance(0.5) == "50 %"
