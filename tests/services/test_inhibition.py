"""An alert on a parent speaks for those on its children, where their rule says so; nothing is lost."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem, served
from httpx import Client

from services.usecases.watch_releases import watch_releases
from services.web.app import create_web

USA = "CN_EXP_REPM_USA_T"
NARROW = "CN_EXP_REPM_NARROW_USA_T"
GOODS: dict[str, Any] = {"reporter": "CHN", "hs_code": "8505", "tags": ["exports"]}
RULE = {
    "name": "Low",
    "desk": "metals",
    "scope": {"hs_prefixes": ["8505"]},
    "condition": {"kind": "level", "below": 3000},
    "escalate": [{"severity": "critical", "when": {"kind": "level", "below": 100}}],
    "inhibits": "children",
}


def figure(month: int, value: float | None, series_id: str = MAGNETS) -> dict[str, Any]:
    known = f"2025-{month + 1:02d}-20T02:00:00Z"
    return {"month": f"2025-{month:02d}", "value": value, "known_from": known, "series_id": series_id}


@pytest.fixture
def desk(stage: Stage) -> Stage:
    """Exports to the world and to one partner, watched by one rule whose parents speak for children."""
    stage.register(MAGNETS, **GOODS)
    stage.register(USA, **GOODS, partner="USA")
    stage.at = stage.at.replace(year=2026)
    save(stage)
    stage.client.post("/v1/endpoints", json={"desk": "metals", "url": "https://desk.example.com/hook"})
    return stage


def save(stage: Stage, **changed: Any) -> None:
    answer = stage.client.put("/v1/rules/low", json={**RULE, **changed})
    assert answer.status_code in {200, 201}, answer.text


def sent(stage: Stage) -> list[tuple[str, str, Any]]:
    """Type, series and what was unheard of each event sent, in order."""
    found = stage.client.get("/v1/deliveries").json()["items"]
    bodies = [each["body"] for each in sorted(found, key=lambda each: each["sequence"])]
    events = [one for body in bodies for one in body["data"].get("events", [body])]
    return [(each["type"], each["data"]["series"]["id"], each["data"]["unheard"]) for each in events]


def story(stage: Stage, series_id: str = USA) -> dict[str, Any]:
    """The one alert on a series."""
    (found,) = [
        each for each in stage.client.get("/v1/alerts").json()["items"] if each["series_id"] == series_id
    ]
    told: dict[str, Any] = stage.client.get(f"/v1/alerts/{found['id']}").json()
    return told


def test_a_parent_speaks_for_its_child_in_one_release(desk: Stage) -> None:
    """The child's alert opens and is not told; its event says whose alert spoke, in API and page."""
    desk.upload(figure(5, 200, USA), figure(5, 1238))
    assert sent(desk) == [("alert.opened", MAGNETS, None)]
    child, parent = story(desk), story(desk, MAGNETS)
    assert (child["status"], parent["status"]) == ("opened", "opened")
    assert [each["inhibited_by"] for each in child["events"]] == [parent["id"]]
    assert [each["inhibited_by"] for each in parent["events"]] == [None]
    with served(create_web(desk.app.state.service)) as address, Client(base_url=address) as pages:
        page = pages.get(f"/alerts/{child['id']}").text
    assert f'href="/alerts/{parent["id"]}"' in page
    assert "left to a parent" in page
    _, _, nobody = page.partition("What was sent to whom")
    assert f'left to <a href="/alerts/{parent["id"]}">the alert on ' in nobody
    assert "Add an endpoint" not in nobody


def test_without_the_key_both_are_told(desk: Stage) -> None:
    """A rule that does not say so tells parent and child, as ever."""
    save(desk, inhibits=None)
    desk.upload(figure(5, 200, USA), figure(5, 1238))
    assert [each[:2] for each in sent(desk)] == [("alert.opened", MAGNETS), ("alert.opened", USA)]


def test_an_open_parent_speaks_though_it_is_not_in_the_release(desk: Stage) -> None:
    """A child's figures of a later release are left to the parent's alert that is open from before."""
    desk.upload(figure(5, 1238))
    desk.upload(figure(6, 200, USA))
    assert sent(desk) == [("alert.opened", MAGNETS, None)]


def test_a_graver_child_is_told(desk: Stage) -> None:
    """A critical child is news beside its parent's warning, and what was held back is told with it."""
    desk.upload(figure(5, 200, USA), figure(5, 1238))
    desk.upload(figure(6, 50, USA), figure(6, 1200))
    missed = {"count": 1, "since": "2025-06-20T02:00:00Z", "events": {"opened": 1}, "inhibited": 1}
    assert sorted(sent(desk)[1:]) == [("alert.opened", USA, missed), ("alert.updated", MAGNETS, None)]
    said = story(desk)["events"][-1]["sentence"]
    assert "It is told now for the first time: what came since 20 June 2025 was held back (opened)." in said


def test_a_child_is_told_once_its_parent_is_over(desk: Stage) -> None:
    """The next figure of a child whose parent has closed tells its opening, with all that was held back."""
    desk.upload(figure(5, 200, USA), figure(5, 1238))
    desk.upload(figure(6, 210, USA), figure(6, 1300))
    desk.upload(figure(7, 220, USA), figure(7, 5000))
    missed = {
        "count": 2, "since": "2025-06-20T02:00:00Z", "events": {"opened": 1, "updated": 1}, "inhibited": 2,
    }  # fmt: skip
    assert sorted(sent(desk)[2:]) == [("alert.opened", USA, missed), ("alert.resolved", MAGNETS, None)]


def test_a_child_that_waits_is_told_without_a_figure(desk: Stage) -> None:
    """Where the parent closes and the child has no figure, the look at releases tells it, once."""
    desk.upload(figure(5, 200, USA), figure(5, 1238))
    look(desk)
    assert len(sent(desk)) == 1
    desk.upload(figure(6, 5000))
    for _ in range(2):
        look(desk)
    missed = {"count": 1, "since": "2025-06-20T02:00:00Z", "events": {"opened": 1}, "inhibited": 1}
    assert [each[:2] for each in sent(desk)[1:]] == [("alert.resolved", MAGNETS), ("alert.opened", USA)]
    assert sent(desk)[2][2] == missed


@pytest.mark.parametrize("together", [False, True], ids=["from before", "in its release"])
def test_an_alert_of_another_desk_speaks_for_nobody_here(desk: Stage, together: bool) -> None:
    """Where a rule moves, its open alert stays with the old desk, and the new one is told of its own."""
    desk.upload(figure(5, 1238))
    save(desk, desk="alloys")
    desk.client.post("/v1/endpoints", json={"desk": "alloys", "url": "https://alloys.example.com/hook"})
    desk.upload(figure(6, 200, USA), *([figure(6, 1200)] if together else []))
    assert story(desk)["events"][0]["inhibited_by"] is None
    assert [each[0] for each in sent(desk) if each[1] == USA] == ["alert.opened"]


def test_what_a_parent_spoke_for_long_ago_keeps_nothing_back(desk: Stage) -> None:
    """A child that was told since, and opens again graver in a silence, is told when the silence ends."""
    save(desk, cooldown_months=2)
    desk.upload(figure(5, 200, USA), figure(5, 1238))
    desk.upload(figure(6, 50, USA))
    desk.upload(figure(7, 5000, USA))
    silence(desk, USA)
    desk.upload(figure(8, 50, USA))
    assert [each["kind"] for each in story(desk)["events"]] == ["opened", "escalated", "resolved", "reopened"]
    before = len(sent(desk))
    look(desk)
    assert len(sent(desk)) == before, "the silence lasts"
    desk.at += dt.timedelta(days=2)
    for _ in range(2):
        look(desk)
    assert [each[:2] for each in sent(desk)[before:]] == [("alert.reopened", USA)]


def test_what_a_silence_kept_is_left_to_a_parent_that_is_as_grave(desk: Stage) -> None:
    """Where a silence ends and a parent speaks, the look leaves the child to it and says so in its story."""
    desk.upload(figure(5, 1238))
    silence(desk, USA)
    desk.upload(figure(6, 200, USA))
    look(desk)
    assert story(desk)["events"][0]["inhibited_by"] is None, "the silence lasts"
    desk.at += dt.timedelta(days=2)
    look(desk)
    assert len(sent(desk)) == 1
    assert story(desk)["events"][0]["inhibited_by"] == story(desk, MAGNETS)["id"]
    before = {"as_of": "2025-07-21T00:00:00Z"}  # of which it was not known that a parent would speak
    (then,) = desk.client.get(f"/v1/alerts/{story(desk)['id']}", params=before).json()["events"]
    assert then["inhibited_by"] is None
    desk.upload(figure(6, 5000))
    look(desk)
    missed = {"count": 1, "since": "2025-07-20T02:00:00Z", "events": {"opened": 1}, "inhibited": 1}
    assert sent(desk)[2] == ("alert.opened", USA, missed)


def test_a_nearer_parent_speaks_once_the_widest_is_over(desk: Stage) -> None:
    """The look tells the widest of those that waited, which speaks for the others from then on."""
    desk.register(NARROW, **{**GOODS, "hs_code": "850511"}, partner="USA")
    desk.upload(figure(5, 210, NARROW), figure(5, 200, USA), figure(5, 1238))
    desk.upload(figure(6, 5000))
    for _ in range(2):
        look(desk)
    assert [each[:2] for each in sent(desk)] == [
        ("alert.opened", MAGNETS),
        ("alert.resolved", MAGNETS),
        ("alert.opened", USA),
    ]
    assert [each["inhibited_by"] for each in story(desk, NARROW)["events"]] == [story(desk)["id"]]
    desk.upload(figure(6, 5000, USA))
    look(desk)
    assert [each[:2] for each in sent(desk)[3:]] == [("alert.resolved", USA), ("alert.opened", NARROW)]


def test_a_graver_descendant_does_not_wait_for_a_nearer_parent(desk: Stage) -> None:
    """A warning that is told in a look speaks for no critical alert that waited beside it."""
    desk.register(NARROW, **{**GOODS, "hs_code": "850511"}, partner="USA")
    desk.upload(figure(5, 50, NARROW), figure(5, 200, USA), figure(5, 90))
    assert [each[:2] for each in sent(desk)] == [("alert.opened", MAGNETS)]
    desk.upload(figure(6, 5000))
    look(desk)
    told = [each[:2] for each in sent(desk)[2:]]
    assert sorted(told) == [("alert.opened", NARROW), ("alert.opened", USA)]


def silence(stage: Stage, series_id: str) -> None:
    """The desk hears nothing of a series for a day."""
    ends = (stage.at + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {"desk": "metals", "by": "ada", "ends": ends, "series": [series_id]}
    assert stage.client.post("/v1/silences", json=given).status_code == 201


def look(stage: Stage) -> None:
    with stage.engine.begin() as connection:
        watch_releases(connection, budget=1.0, now=stage.at)


def test_the_end_of_what_was_told_is_told(desk: Stage) -> None:
    """A child that the desk knows of closes aloud under an open parent."""
    desk.upload(figure(4, 200, USA))
    desk.upload(figure(5, 210, USA), figure(5, 1238))
    desk.upload(figure(6, 5000, USA))
    missed = {"count": 1, "since": "2025-06-20T02:00:00Z", "events": {"updated": 1}, "inhibited": 1}
    assert sent(desk) == [
        ("alert.opened", USA, None),
        ("alert.opened", MAGNETS, None),
        ("alert.resolved", USA, missed),
    ]


def test_a_child_that_comes_and_goes_under_its_parent_is_not_told(desk: Stage) -> None:
    """Opening and end of a child are both left to the parent's alert, also where all end in one release."""
    desk.upload(figure(5, 200, USA), figure(5, 1238))
    desk.upload(figure(6, 5000, USA), figure(6, 6000))
    assert [each[:2] for each in sent(desk)] == [("alert.opened", MAGNETS), ("alert.resolved", MAGNETS)]
    child = story(desk)
    assert child["status"] == "resolved"
    assert [each["inhibited_by"] for each in child["events"]] == [story(desk, MAGNETS)["id"]] * 2


def test_a_silenced_parent_speaks_for_nobody(desk: Stage) -> None:
    """What a silence keeps from the desk cannot stand for what it would else hear."""
    given = {"desk": "metals", "by": "ada", "ends": "2026-08-02T00:00:00Z", "series": [MAGNETS]}
    assert desk.client.post("/v1/silences", json=given).status_code == 201
    desk.upload(figure(5, 200, USA), figure(5, 1238))
    assert sent(desk) == [("alert.opened", USA, None)]
    desk.upload(figure(6, 210, USA))
    assert [each[:2] for each in sent(desk)[1:]] == [("alert.updated", USA)]


def test_a_person_who_acts_on_a_child_is_heard(desk: Stage) -> None:
    """An acknowledgement is told whoever speaks for the figures, with what was held back before it."""
    desk.upload(figure(5, 200, USA), figure(5, 1238))
    done = desk.client.post(f"/v1/alerts/{story(desk)['id']}/acknowledge", json={"by": "ada"})
    assert done.status_code == 200, done.text
    kind, series_id, unheard = sent(desk)[1]
    assert (kind, series_id, unheard["inhibited"]) == ("alert.acknowledged", USA, 1)


def test_another_word_than_children_is_refused_with_an_example(desk: Stage) -> None:
    """A rule says what it inhibits in the one word there is."""
    refused = desk.client.put("/v1/rules/low", json={**RULE, "inhibits": "siblings"})
    (fault,) = assert_problem(refused, 422, "invalid-rule")["faults"]
    assert (fault["path"], fault["example"]) == ("$.inhibits", '{"inhibits": "children"}')
