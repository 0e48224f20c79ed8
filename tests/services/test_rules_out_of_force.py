"""A rule is put out of force and back by its users: it opens nothing meanwhile, and what is open stays."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem, key
from httpx import Client
from sqlalchemy import update
from test_cli_lists import Run, run
from test_web_lists import pages

from services.storage.tables import rules
from services.usecases import enable_rule, save_rule

__all__ = ["pages", "run"]

RULE: dict[str, Any] = {
    "name": "Low magnets",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}


@pytest.fixture
def low(stage: Stage) -> Stage:
    """A rule with an alert that May's figure opened."""
    stage.register()
    assert stage.client.put("/v1/rules/low", json=RULE).status_code == 200
    figure(stage, 5, 1238)
    return stage


def figure(stage: Stage, month: int, value: float) -> None:
    """The figure of a month of 2025, known on the 20th of the next."""
    row = {"month": f"2025-{month:02d}", "value": value, "known_from": f"2025-{month + 1:02d}-20T02:00:00Z"}
    assert stage.upload(row).status_code == 200


def turn(stage: Stage, act: str, **more: Any) -> dict[str, Any]:
    """Enable or disable the rule."""
    stage.at += dt.timedelta(minutes=1)
    answer = stage.client.post(f"/v1/rules/low/{act}", **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def alerts(stage: Stage) -> list[dict[str, Any]]:
    """The alerts of the rule, the first to open first."""
    items: list[dict[str, Any]] = stage.client.get("/v1/alerts").json()["items"]
    return items[::-1]


def test_out_of_force_no_figure_moves_an_alert_and_back_the_next_one_does(low: Stage) -> None:
    """June's figure would close May's alert and is passed over; after enabling July's closes it."""
    (opened,) = alerts(low)
    told = turn(low, "disable")
    assert (told["version"], told["enabled"], told["open_alerts"]) == (2, False, [opened["id"]])
    assert "no figure moves" in told["open_alerts_in_words"]
    figure(low, 6, 9000)
    assert alerts(low) == [opened]
    assert low.client.get(f"/v1/alerts/{opened['id']}").json()["rule_enabled"] is False
    assert turn(low, "enable")["version"] == 3
    assert low.client.get(f"/v1/alerts/{opened['id']}").json()["rule_enabled"] is True
    assert alerts(low) == [opened]
    low.at += dt.timedelta(days=30)
    figure(low, 7, 9000)
    (closed,) = alerts(low)
    assert (closed["id"], closed["status"], closed["closed"]) == (opened["id"], "resolved", "2025-07")
    assert closed["rule_version"] == 1


def test_out_of_force_nothing_opens_and_a_person_can_close_what_is_open(low: Stage) -> None:
    """Closed by hand while its rule rests, the alert is over, its desk told; June's low figure opens none."""
    (opened,) = alerts(low)
    turn(low, "disable")
    by_hand = low.client.post(f"/v1/alerts/{opened['id']}/close", json={"by": "Ada"})
    assert by_hand.status_code == 200, by_hand.text
    figure(low, 6, 900)
    assert [each["status"] for each in alerts(low)] == ["resolved"]


def test_the_list_holds_those_in_force_and_as_of_those_that_were(low: Stage) -> None:
    """Disabled it is listed no more and found by id with enabled false; as of before it is as it was."""
    before = low.at
    turn(low, "disable")
    resting = low.at
    turn(low, "enable")

    def listed(as_of: dt.datetime | None) -> list[int]:
        asked = {} if as_of is None else {"as_of": as_of.isoformat()}
        items = low.client.get("/v1/rules", params=asked).json()["items"]
        return [each["version"] for each in items]

    assert (listed(before), listed(resting), listed(None)) == ([1], [], [3])
    one = low.client.get("/v1/rules/low", params={"as_of": resting.isoformat()}).json()
    assert (one["version"], one["enabled"], one["rule"]) == (
        2,
        False,
        low.client.get("/v1/rules/low").json()["rule"],
    )
    by_version = [
        low.client.get("/v1/rules/low", params={"version": each}).json()["enabled"] for each in (1, 2, 3)
    ]
    assert by_version == [True, False, True]


def test_the_same_again_changes_nothing_and_each_change_is_kept(low: Stage) -> None:
    """Twice disabled is one version and one row of the audit log; an id of no rule is not found."""
    turn(low, "disable")
    rows = low.rows()
    assert turn(low, "disable")["version"] == 2
    assert low.rows() == rows
    turn(low, "enable")
    admin = key(low, "admin")
    kept = low.client.get("/v1/audit", params={"target": "low"}, headers=admin).json()["items"]
    told = [(each["action"], each["before"]["enabled"], each["after"]["enabled"]) for each in kept[:2]]
    assert told == [("rule.enabled", False, True), ("rule.disabled", True, False)]
    for act in ("disable", "enable"):
        assert_problem(low.client.post(f"/v1/rules/none/{act}", headers=admin), 404, "not-found")


def test_a_version_saved_while_it_rests_rests_too(low: Stage) -> None:
    """PUT changes the words and does not wake the rule; its answer says so; an old If-Match is refused."""
    turn(low, "disable")
    stale = low.client.put("/v1/rules/low", json=RULE, headers={"If-Match": '"v1"'})
    assert_problem(stale, 412, "changed-meanwhile")
    saved = low.client.put("/v1/rules/low", json={**RULE, "name": "Lower"}).json()
    assert (saved["version"], saved["enabled"]) == (3, False)
    assert "no figure moves" in saved["open_alerts_in_words"]
    assert low.client.get("/v1/rules").json()["items"] == []


def test_another_desk_neither_stops_nor_wakes_a_rule(low: Stage) -> None:
    """To a key of another desk the rule is not there, and nothing is changed."""
    others = key(low, "read", "rules", desk="grains")
    rows = low.rows()
    for act in ("disable", "enable"):
        assert_problem(low.client.post(f"/v1/rules/low/{act}", headers=others), 404, "not-found")
    assert low.rows() == rows


def test_a_rule_that_cannot_be_read_can_be_stopped_and_not_woken(low: Stage) -> None:
    """Out of force it fails at no figure any more; enabling asks for words that can be read."""
    with low.engine.begin() as connection:
        connection.execute(update(rules).values(spec={"name": "broken", "desk": "metals"}))
    assert turn(low, "disable")["enabled"] is False
    figure(low, 6, 900)
    assert_problem(low.client.post("/v1/rules/low/enable"), 409, "conflict")


def test_no_more_rules_are_woken_than_a_desk_may_have(low: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those out of force do not count, so another may be added; then the first cannot be enabled."""
    turn(low, "disable")
    assert low.client.put("/v1/rules/other", json=RULE).status_code == 200
    monkeypatch.setattr(enable_rule, "MOST_RULES", 1)
    assert_problem(low.client.post("/v1/rules/low/enable"), 409, "conflict")


def test_rules_are_not_gathered_by_putting_each_out_of_force(
    low: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PUT, disable, PUT, disable … ends with a refusal that says what to do; to disable is never refused."""
    monkeypatch.setattr(save_rule, "MOST_HELD", 2)
    turn(low, "disable")
    assert low.client.put("/v1/rules/second", json=RULE).status_code == 200
    assert low.client.post("/v1/rules/second/disable").status_code == 200
    rows = low.rows()
    refused = assert_problem(low.client.put("/v1/rules/third", json=RULE), 409, "conflict")
    assert "has 2 rules in force and out of force" in refused["detail"]
    assert "save this one under the id of one that is out of force, and enable it" in refused["detail"]
    assert low.rows() == rows
    assert low.client.put("/v1/rules/soy", json={**RULE, "desk": "soy"}).status_code == 200
    assert_problem(low.client.put("/v1/rules/soy", json=RULE), 409, "conflict")
    assert low.client.put("/v1/rules/second", json={**RULE, "name": "Third"}).json()["enabled"] is False
    assert low.client.post("/v1/rules/second/enable").status_code == 200


def test_a_rule_out_of_force_moves_to_a_desk_whose_rules_in_force_are_all_it_may_have(
    low: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens nothing there, so only what the desk holds in all counts."""
    assert low.client.put("/v1/rules/soy", json={**RULE, "desk": "soy"}).status_code == 200
    monkeypatch.setattr(save_rule, "MOST_RULES", 1)
    turn(low, "disable")
    moved = low.client.put("/v1/rules/low", json={**RULE, "desk": "soy"})
    assert (moved.status_code, moved.json()["enabled"]) == (200, False)


def test_whoever_saves_a_rule_is_told_what_was_what_is_and_what_becomes_of_its_alerts(low: Stage) -> None:
    """One answer for API, page and command: before, after, whether it is in force, and the sentence."""
    (opened,) = alerts(low)
    with low.engine.begin() as connection:
        saved = save_rule.save_rule(connection, "low", {**RULE, "name": "Lower"}, now=low.at)
    assert saved.before is not None
    assert (saved.before.name, saved.after.name, saved.enabled) == ("Low magnets", "Lower", True)
    assert saved.open_alerts == [opened["id"]]
    shown = low.client.put("/v1/rules/low", json=RULE).json()
    assert shown["open_alerts_in_words"] == saved.open_alerts_in_words.replace("version 2", "version 3")
    with low.engine.begin() as connection:
        first = save_rule.save_rule(connection, "new", RULE, now=low.at)
    assert (first.before, first.open_alerts_in_words) == (None, "No alert of this rule is open.")


def test_the_page_puts_it_out_of_force_and_back(low: Stage, pages: Client) -> None:
    """The page says what becomes of the open alert, the list keeps the rule apart, the alert says so too."""
    (opened,) = alerts(low)
    page = pages.get("/rules/low").text
    assert "can be closed by hand" in page
    assert f"1 alert is open under this version ({MAGNETS}). It will be closed by its conditions." in page
    assert "version 1 rules" not in page
    page = pages.post("/rules/low/disable", follow_redirects=True).text
    assert "Out of force: no figure opens an alert of it." in page
    assert f"1 alert stays open as it is ({MAGNETS})" in page
    assert "Put it back in force" in page
    listed = pages.get("/rules").text
    assert "Out of force" in listed
    assert "Low magnets" in listed
    assert "Its rule is out of force" in pages.get(f"/alerts/{opened['id']}").text
    assert "Low magnets" in pages.get("/alerts").text
    page = pages.post("/rules/low/enable", follow_redirects=True).text
    assert "Put it out of force" in page
    assert "Its rule is out of force" not in pages.get(f"/alerts/{opened['id']}").text
    assert pages.post("/rules/none/disable").status_code == 404


def test_the_command_line_puts_it_out_of_force_and_back(run: Run, tmp_path: Any) -> None:
    """A line or a JSON object says how it stands; an id of no rule ends in one line."""
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"low": {**RULE, "scope": {"all": True}}}))
    assert run("rules", "save", str(file)).exit_code == 0
    done = run("rules", "disable", "low")
    assert done.exit_code == 0, done.output
    assert "low version 2. Out of force" in done.stdout
    assert "out of force still" in run("rules", "save", str(file)).stdout
    told = json.loads(run("rules", "enable", "low", "--json").stdout)
    assert (told["id"], told["version"], told["enabled"], told["open_alerts"]) == ("low", 4, True, [])
    run("rules", "disable", "low")
    file.write_text(json.dumps({"a": {**RULE, "desk": "soy", "scope": {"all": True}}}))
    run("rules", "save", str(file))
    shown = json.loads(run("rules", "list", "--json").stdout)
    assert [(each["id"], each["version"], each["enabled"]) for each in shown] == [
        ("a", 1, True),
        ("low", 5, False),
    ]
    assert shown[0]["in_words"] == "Warning to soy on a figure below 3,000; over when that no longer holds."
    table = run("rules", "list").stdout
    assert [each in table for each in ("soy", "out of force", "metals")] == [True] * 3
    assert "metals" not in run("rules", "list", "--desk", "soy").stdout
    assert "there is no rule" in run("rules", "list", "--desk", "none").stdout
    missing = run("rules", "disable", "none")
    assert missing.exit_code == 1
    assert "There is no rule 'none'" in missing.output
