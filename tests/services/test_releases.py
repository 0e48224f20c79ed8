"""Releases through the API: expected, due, late and arrived; a late one is told once, until its figure."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import select
from typer.testing import CliRunner

from alerts.release_calendars import EXAMPLE
from alerts.release_conditions import Overdue
from services.cli import app
from services.exporter import State
from services.storage import alert_events
from services.storage.tables import messages
from services.usecases.watch_releases import watch_releases

LATE = {
    "name": "Customs late",
    "desk": "metals",
    "scope": {"tags": ["cn-customs-preliminary"]},
    "condition": {"kind": "overdue"},
}
FIGURES = [
    ("2025-01..2025-02", "2025-03-07T05:00:00Z"),
    ("2025-03", "2025-04-14T05:00:00Z"),
    ("2025-04", "2025-05-09T05:00:00Z"),
    ("2025-05", "2025-06-09T05:00:00Z"),
]
GRACE_OVER = dt.datetime(2025, 7, 15, 3, tzinfo=dt.UTC)


@pytest.fixture
def held(stage: Stage) -> Stage:
    """A series of the customs' preliminary table with figures to May 2025, on the day before June's."""
    stage.register(tags=["cn-customs-preliminary"])
    rows = [
        {"month": month, "value": 5000.0, "known_from": known, "stage": "preliminary"}
        for month, known in FIGURES
    ]
    assert stage.upload(*rows, history="true").status_code == 200
    stage.at = GRACE_OVER - dt.timedelta(days=2)
    return stage


def gauge(stage: Stage) -> str:
    """The line of the releases that are late, as Prometheus reads it."""
    registry = CollectorRegistry()
    registry.register(State(stage.engine, lambda: stage.at, portfolio="standard"))
    (line,) = re.findall(r"^tonnage_late_releases .*$", generate_latest(registry).decode(), re.MULTILINE)
    return str(line)


def test_late_releases_are_a_number_for_prometheus(held: Stage) -> None:
    """None while June's is only due, one from when it is late on, none once its figure has come."""
    assert gauge(held) == "tonnage_late_releases 0.0"
    held.at = GRACE_OVER
    assert gauge(held) == "tonnage_late_releases 1.0"
    figure = {"month": "2025-06", "value": 4900.0, "stage": "preliminary"}
    assert held.upload(figure).status_code == 200
    assert gauge(held) == "tonnage_late_releases 0.0"


def state(stage: Stage, period: str, **query: str) -> dict[str, Any]:
    items = stage.client.get("/v1/releases", params=query).json()["items"]
    found: dict[str, Any] = next(each for each in items if each["period"] == period)
    return found


def told(stage: Stage, kind: str) -> list[dict[str, Any]]:
    with stage.engine.begin() as connection:
        query = (
            select(messages.c.payload).where(messages.c.event_type == kind).order_by(messages.c.created_at)
        )
        return [row.payload["data"] for row in connection.execute(query)]


def look(stage: Stage) -> list[str]:
    with stage.engine.begin() as connection:
        moved = watch_releases(connection, budget=1.0, now=stage.at).moved
    return [str(each.transition.kind) for each in moved]


def test_a_release_is_expected_due_late_and_arrived(held: Stage) -> None:
    """It stands by the clock of the source until its figure comes, and as of any moment."""
    june = state(held, "2025-06")
    assert (june["state"], june["due"], june["due_local"], june["announced"]) == (
        "expected", "2025-07-14T03:00:00Z", "2025-07-14T11:00:00+08:00", True,
    )  # fmt: skip
    assert state(held, "2025-01..2025-02")["hours_late"] == 2.0
    held.at = GRACE_OVER - dt.timedelta(seconds=1)
    assert state(held, "2025-06")["state"] == "due"
    held.at = GRACE_OVER
    assert (state(held, "2025-06")["state"], state(held, "2025-06")["missing"]) == ("late", [MAGNETS])
    held.upload({"month": "2025-06", "value": 7742.2, "stage": "preliminary"})
    arrived = state(held, "2025-06")
    assert (arrived["state"], arrived["hours_late"], arrived["missing"]) == ("arrived", 24.0, [])
    assert state(held, "2025-06", as_of="2025-07-14T04:00:00Z")["state"] == "due"
    assert [
        each["period"] for each in held.client.get("/v1/releases", params={"state": "late"}).json()["items"]
    ] == []


def test_a_late_release_is_told_once_and_ends_with_its_figure(held: Stage) -> None:
    """However often anybody looks, data.overdue is told once, and a rule's alert opens once and resolves."""
    held.client.put("/v1/rules/late", json=LATE).raise_for_status()
    held.client.post("/v1/endpoints", json={"desk": "metals", "url": "https://desk.example.com"})
    assert look(held) == []
    held.at = GRACE_OVER
    assert [look(held), look(held)] == [["opened"], []]
    held.at += dt.timedelta(days=2)
    assert look(held) == []
    (overdue,) = told(held, "data.overdue")
    assert overdue["sentence"] == (
        f"No figure yet for {MAGNETS} in June 2025: China Customs, preliminary table is 1 day late."
    )
    (opened,) = told(held, "alert.opened")
    assert opened["sentence"].startswith(overdue["sentence"])
    assert (opened["value"], opened["awaited"]["days_late"]) == (None, 1)
    report = held.upload({"month": "2025-06", "value": 7742.2, "stage": "preliminary"}).json()
    assert report["alerts"] == {"resolved": 1}
    (alert,) = held.client.get("/v1/alerts").json()["items"]
    assert (alert["status"], alert["onset"]) == ("resolved", "2025-06")
    assert look(held) == []
    held.at += dt.timedelta(hours=1)
    revised = held.upload({"month": "2025-06", "value": 7000.0, "stage": "preliminary"}).json()
    assert revised["alerts"] == {"corrected": 1}


def test_an_alert_on_a_late_release_says_so_once_a_person_has_seen_it(held: Stage) -> None:
    """No figure caused its opening, and that is what happened all the same: not that somebody saw it."""
    held.client.put("/v1/rules/late", json=LATE).raise_for_status()
    held.at = GRACE_OVER
    assert look(held) == ["opened"]
    (alert,) = held.client.get("/v1/alerts").json()["items"]
    seen = held.client.post(f"/v1/alerts/{alert['id']}/acknowledge", json={"by": "Ana"})
    assert seen.status_code == 200
    with held.engine.connect() as connection:
        said = alert_events.last_told(connection, [alert["id"]])[alert["id"]]
    assert (said.kind, said.payload["data"]["awaited"]["days_late"]) == ("opened", 1)


def test_a_rule_that_fails_keeps_no_other_from_hearing(held: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one rule raises over an absence leaves the other desk's alert, and the event that all get."""
    real = Overdue.test

    def planted(self: Overdue, facts: Any) -> Any:
        if self.days_late == 0:
            raise KeyError("planted")
        return real(self, facts)

    sound = {**LATE, "desk": "soy", "condition": {"kind": "overdue", "days_late": 1}}
    assert held.client.put("/v1/rules/a-broken", json=LATE).status_code == 200
    assert held.client.put("/v1/rules/b-sound", json=sound).status_code == 200
    monkeypatch.setattr(Overdue, "test", planted)
    held.at = GRACE_OVER + dt.timedelta(days=1)
    assert look(held) == ["opened"]
    assert len(told(held, "data.overdue")) == 2


def test_days_late_are_waited_for(held: Stage) -> None:
    """A rule that asks for three days opens after three days, not with the grace."""
    held.client.put("/v1/rules/late", json={**LATE, "condition": {"kind": "overdue", "days_late": 3}})
    held.at = GRACE_OVER
    assert look(held) == []
    held.at = GRACE_OVER + dt.timedelta(days=2)
    assert [look(held), look(held)] == [["opened"], []]


def test_a_silence_holds_overdue_messages_back(held: Stage) -> None:
    """A silence of the event type keeps data.overdue from the desk, and nothing else."""
    held.client.put("/v1/rules/late", json=LATE)
    silence = {"desk": "metals", "by": "ada", "ends": "2025-09-01T00:00:00Z", "events": ["data.overdue"]}
    held.client.post("/v1/silences", json=silence).raise_for_status()
    held.at = GRACE_OVER
    assert look(held) == ["opened"]
    assert told(held, "data.overdue") == []
    assert len(told(held, "alert.opened")) == 1


def test_what_was_silenced_is_told_after_the_silence(held: Stage) -> None:
    """A desk that had silenced a late release is told once when it is over; one that heard, not again."""
    held.client.put("/v1/rules/late", json=LATE)
    held.client.put("/v1/rules/too", json={**LATE, "desk": "soy"})
    silence = {"desk": "metals", "by": "ada", "ends": "2025-07-18T00:00:00Z", "events": ["data.overdue"]}
    held.client.post("/v1/silences", json=silence).raise_for_status()
    held.at = GRACE_OVER
    look(held)
    assert [each["days_late"] for each in told(held, "data.overdue")] == [1]
    held.at = dt.datetime(2025, 7, 18, 4, tzinfo=dt.UTC)
    for _ in range(2):
        look(held)
    assert [each["days_late"] for each in told(held, "data.overdue")] == [1, 4]
    with held.engine.connect() as connection:
        spoken = connection.execute(select(messages.c.desk).where(messages.c.event_type == "data.overdue"))
        assert sorted(row.desk for row in spoken) == ["metals", "soy"]


def test_a_release_that_came_during_a_silence_is_not_told(held: Stage) -> None:
    """After the silence there is nothing to tell of a release that is late no more."""
    held.client.put("/v1/rules/late", json=LATE)
    silence = {"desk": "metals", "by": "ada", "ends": "2025-07-18T00:00:00Z", "events": ["data.overdue"]}
    held.client.post("/v1/silences", json=silence).raise_for_status()
    held.at = GRACE_OVER
    look(held)
    held.upload({"month": "2025-06", "value": 7742.2, "stage": "preliminary"})
    held.at = dt.datetime(2025, 7, 18, 4, tzinfo=dt.UTC)
    look(held)
    assert told(held, "data.overdue") == []


def test_an_absence_is_no_figure_to_other_rules(held: Stage) -> None:
    """A rule of levels says nothing of what has not come, and its streak is not broken by it."""
    rule = {
        **LATE,
        "condition": {"kind": "any", "of": [{"kind": "overdue"}, {"kind": "level", "below": 3000}]},
    }
    held.client.put("/v1/rules/low", json={**rule, "condition": {"kind": "level", "below": 3000}})
    held.client.put("/v1/rules/either", json=rule)
    held.at = GRACE_OVER
    assert look(held) == ["opened"]
    report = held.upload({"month": "2025-06", "value": 2000.0, "stage": "preliminary"}).json()
    assert report["alerts"] == {"corrected": 1, "opened": 1}


def test_lateness_is_rehearsed(held: Stage) -> None:
    """A rehearsal says when releases were late, and is silent where no calendar covers a series."""
    held.at = GRACE_OVER + dt.timedelta(days=3)
    held.upload({"month": "2025-06", "value": 7742.2, "stage": "preliminary"})
    heard = held.client.post("/v1/rules/rehearse", json=LATE).json()
    (alert,) = heard["alerts"]
    assert (alert["onset"], alert["known_from"], alert["status"]) == (
        "2025-06",
        "2025-07-15T03:00:00Z",
        "resolved",
    )
    assert heard["figures"] == len(FIGURES) + 1
    held.register("OTHER")
    held.upload({"series_id": "OTHER", "month": "2025-06", "value": 1.0})
    silent = held.client.post("/v1/rules/rehearse", json={**LATE, "scope": {"series": ["OTHER"]}}).json()
    assert silent["alerts"] == []
    assert silent["silent"] == [
        {
            "series_id": "OTHER",
            "period": "2025-06",
            "reason": "no calendar says when a figure of OTHER is due",
        }
    ]


def test_calendars_are_added_as_data(held: Stage) -> None:
    """One that ships is shown with what is learned, may be described anew, and others stand beside it."""
    items = {each["id"]: each for each in held.client.get("/v1/release-calendars").json()["items"]}
    assert {"cn-customs-preliminary", "cn-customs-bulletin", "cn-customs-detail"} <= items.keys()
    assert items["cn-customs-preliminary"]["series"] == [MAGNETS]
    assert items["cn-customs-preliminary"]["learned"] == {
        "releases": 4, "usual_hours": None, "nearly_always_hours": None,
    }  # fmt: skip
    put = held.client.put
    assert (
        put("/v1/release-calendars/mine", json={**EXAMPLE, "scope": {"series": [MAGNETS]}}).status_code == 201
    )
    given = items["cn-customs-preliminary"]["calendar"]
    assert (
        put("/v1/release-calendars/cn-customs-preliminary", json={**given, "grace_hours": 72}).status_code
        == 200
    )
    held.at = GRACE_OVER
    assert state(held, "2025-06", calendar="cn-customs-preliminary")["state"] == "due"
    problem = assert_problem(
        put("/v1/release-calendars/bad", json={**EXAMPLE, "zone": "x"}), 422, "invalid-rule"
    )
    assert problem["faults"][0]["path"] == "$.zone"


def test_the_command_loads_and_lists(held: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of calendars is loaded whole or refused whole, and releases are said in lines."""
    monkeypatch.setattr("services.bootstrap.engine", lambda: held.engine)
    file = tmp_path / "calendars.json"
    file.write_text(json.dumps({"mine": EXAMPLE, "bad": {**EXAMPLE, "day": 40}}))
    refused = CliRunner().invoke(app, ["releases", "load", str(file)])
    assert refused.exit_code == 1
    assert held.rows()["release_calendars"] == 0
    file.write_text(json.dumps({"mine": EXAMPLE}))
    assert CliRunner().invoke(app, ["releases", "load", str(file)]).output == "release calendars loaded: 1\n"
    said = CliRunner().invoke(app, ["releases", "list", "--as-of", GRACE_OVER.isoformat()]).output
    assert (
        "2025-07-14 11:00 CST  China Customs, preliminary table, June 2025: late; CN_EXP_REPM_T missing"
        in said
    )


def test_an_edit_says_what_becomes_of_open_alerts(held: Stage) -> None:
    """An alert lives on under its version, even where the new one covers its series no more."""
    held.client.put("/v1/rules/late", json=LATE).raise_for_status()
    held.at = GRACE_OVER
    assert look(held) == ["opened"]
    held.register("OTHER")
    saved = held.client.put("/v1/rules/late", json={**LATE, "scope": {"series": ["OTHER"]}}).json()
    assert len(saved["open_alerts"]) == 1
    assert saved["open_alerts_in_words"].startswith("1 alert stays open under version 1")
    report = held.upload({"month": "2025-06", "value": 7742.2, "stage": "preliminary"}).json()
    assert report["alerts"] == {"resolved": 1}


def test_a_name_that_is_no_id_is_refused_with_candidates(held: Stage) -> None:
    """A name that several series answer to is refused, with the id of each."""
    held.register("CN_EXP_REPM_T:USA")
    answer = held.client.put("/v1/rules/late", json={**LATE, "scope": {"series": ["repm"]}})
    assert answer.status_code == 422, answer.text
    assert "'repm' may be CN_EXP_REPM_T or CN_EXP_REPM_T:USA; write the id." in answer.json()["detail"]
