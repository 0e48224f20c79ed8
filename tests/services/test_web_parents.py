"""What was left to a parent's alert stands under it on the first page, and is said by nobody beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from api_stage import MAGNETS, NOW, Stage, served
from httpx import Client

from services.queries import now as now_queries
from services.queries.now import now_view
from services.usecases.preview_file import told_alerts
from services.web.app import create_web

PARTNERS = {"USA": "CN_EXP_REPM_USA_T", "DEU": "CN_EXP_REPM_DEU_T"}
RULE = {
    "name": "Low",
    "desk": "metals",
    "scope": {"hs_prefixes": ["8505"]},
    "condition": {"kind": "level", "below": 3000},
    "inhibits": "children",
}
OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


def figure(month: int, value: float, series_id: str = MAGNETS) -> dict[str, Any]:
    known = f"2025-{month + 1:02d}-20T02:00:00Z"
    return {"month": f"2025-{month:02d}", "value": value, "known_from": known, "series_id": series_id}


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard; exports to the world and two partners are watched by one rule."""
    goods: dict[str, Any] = {"reporter": "CHN", "hs_code": "8505", "tags": ["exports"]}
    stage.register(MAGNETS, **goods)
    for partner, series_id in PARTNERS.items():
        stage.register(series_id, name=f"To {partner}", partner=partner, **goods)
    assert stage.client.put("/v1/rules/low", json=RULE).status_code == 200
    with (
        served(create_web(stage.app.state.service)) as address,
        Client(base_url=address, headers=OWN) as client,
    ):
        yield client


def part(page: str, section: str) -> str:
    """A section of the first page."""
    found = re.search(rf'<section id="{section}".*?</section>', page, re.DOTALL)
    assert found is not None, page
    return found[0]


def plain(marked: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", marked)).split())


def test_children_stand_under_the_parent_that_spoke_for_them(stage: Stage, pages: Client) -> None:
    """One alert is told, two are under it, openable; what was said last is the parent's alone."""
    stage.upload(figure(5, 1238), figure(5, 200, PARTNERS["USA"]), figure(5, 300, PARTNERS["DEU"]))
    page = pages.get("/").text
    open_alerts = part(page, "open-alerts")
    assert "Open alerts 1 and 2 under it" in plain(open_alerts)
    assert open_alerts.count('<li class="alert ') == 1
    under = re.search(r"<details class=\"under\">(.*?)</details>", open_alerts, re.DOTALL)
    assert under is not None
    assert "and 2 series under it, left to this alert" in plain(under[1])
    assert re.findall(r"To \w+</a>", under[1]) == ["To DEU</a>", "To USA</a>"]
    assert "300 t in May 2025" in plain(under[1])
    assert pages.get("/alerts").text.count("left to a parent's alert") == 2
    news = part(page, "news")
    assert news.count('<li class="event">') == 1
    assert "and 2 more" in plain(news)


def test_a_child_stands_for_itself_once_nobody_speaks_for_it(stage: Stage, pages: Client) -> None:
    """Where the parent's alert is over, or its child was told on its own, the child is an alert like any."""
    stage.upload(figure(5, 1238), figure(5, 200, PARTNERS["USA"]))
    assert "under it" in part(pages.get("/").text, "open-alerts")
    stage.upload(figure(6, 5000))
    open_alerts = part(pages.get("/").text, "open-alerts")
    assert "To USA" in open_alerts
    assert "under" not in plain(open_alerts)


def test_a_child_of_which_a_person_let_its_desk_hear_stands_for_itself(stage: Stage, pages: Client) -> None:
    """An acknowledgement is told with what was held back: no page says still that a parent speaks for it."""
    stage.upload(figure(5, 1238), figure(5, 200, PARTNERS["USA"]))
    assert pages.get("/alerts").text.count("left to a parent's alert") == 1
    items = stage.client.get("/v1/alerts").json()["items"]
    (child,) = [each["id"] for each in items if each["series_id"] == PARTNERS["USA"]]
    assert stage.client.post(f"/v1/alerts/{child}/acknowledge", json={"by": "ada"}).status_code == 200
    assert "left to a parent's alert" not in pages.get("/alerts").text
    open_alerts = part(pages.get("/").text, "open-alerts")
    assert open_alerts.count('<li class="alert ') == 2
    assert "under" not in plain(open_alerts)


def test_many_children_are_counted_and_the_first_named(stage: Stage, pages: Client) -> None:
    """What is named is bounded, the count is of all, and no child takes the place of a parent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(now_queries, "MOST_UNDER", 1)
        patch.setattr(now_queries, "MOST_ALERTS", 1)
        stage.upload(figure(5, 1238), *(figure(5, 200, each) for each in PARTNERS.values()))
        with stage.engine.begin() as connection:
            view = now_view(connection, desk="metals", now=NOW)
            other = now_view(connection, desk="soy", now=NOW)
        (head,) = view.open
        assert (head.record.state.series_id, head.under_in_all, len(head.under)) == (MAGNETS, 2, 1)
        assert (view.open_in_all, view.left_in_all) == (1, 2)
        assert (other.open_in_all, other.left_in_all) == (0, 0)
        assert "and 1 more, among all that are open" in plain(part(pages.get("/").text, "open-alerts"))


def test_the_stream_says_what_was_left_to_a_parent(stage: Stage, pages: Client) -> None:
    """By it a page keeps from saying a child's event beside its parent's."""
    stage.upload(figure(5, 1238), figure(5, 200, PARTNERS["USA"]))
    told: dict[str, Any] = {}
    with stage.client.stream("GET", "/v1/alerts/stream", headers={"Last-Event-ID": "0"}) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                told[event["series_id"]] = event
            if len(told) == 2:
                break
    assert told[MAGNETS]["inhibited_by"] is None
    assert told[PARTNERS["USA"]]["inhibited_by"] == told[MAGNETS]["alert_id"]


def test_an_import_says_what_is_sent_and_what_is_left_to_a_parent(stage: Stage, pages: Client) -> None:
    """Before it is confirmed and after: one alert opens for its desk, two are left to it."""
    rows = "".join(f"{each},2025-05,300,t\n" for each in (MAGNETS, *PARTNERS.values()))
    files = {"file": ("may.csv", f"series_id,month,value,unit\n{rows}".encode())}
    shown = pages.post("/imports", files=files, follow_redirects=True)
    assert "1 opened, 2 left to a parent's alert" in plain(shown.text)
    waiting = str(shown.url.path)
    confirmed = pages.post(f"{waiting}/confirm", follow_redirects=True)
    assert "1 opened, 2 left to a parent's alert" in plain(confirmed.text)


def test_what_a_silence_keeps_is_said_apart() -> None:
    """Counts are by kind for what is told; a report from before anything kept was counted tells all."""
    report = {"alerts": {"opened": 3, "updated": 1}, "left_to_parents": {"opened": 2}}
    assert told_alerts({**report, "silenced": {"updated": 1}}) == (
        "1 opened, 2 left to a parent's alert, 1 silenced"
    )
    assert told_alerts({"alerts": {"opened": 3}}) == "3 opened"
    assert told_alerts({"alerts": {}}) == "none"
