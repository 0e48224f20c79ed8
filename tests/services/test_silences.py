"""What people do beside the figures: silences, snoozes, notes, closing by hand, and one message a release."""

from __future__ import annotations

from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem

from services.usecases.watch_releases import watch_releases

RULE = {
    "name": "Low",
    "desk": "metals",
    "scope": {"families": ["magnets"]},
    "condition": {"kind": "level", "below": 3000},
    "labels": {"metal": "neodymium"},
}
MAY = {"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"}
JUNE = {"month": "2025-06", "value": 1188, "known_from": "2025-07-20T02:00:00Z"}


@pytest.fixture
def desk(stage: Stage) -> Stage:
    """A desk that hears of three series."""
    for series_id in (MAGNETS, "B", "C"):
        stage.register(series_id, family="magnets")
    stage.client.put("/v1/rules/low", json=RULE)
    stage.client.post("/v1/endpoints", json={"desk": "metals", "url": "https://desk.example.com/hook"})
    return stage


def sent(stage: Stage) -> list[dict[str, Any]]:
    found = stage.client.get("/v1/deliveries").json()["items"]
    return [each["body"] for each in sorted(found, key=lambda each: each["sequence"])]


def alert(stage: Stage) -> dict[str, Any]:
    first = stage.client.get("/v1/alerts").json()["items"][0]
    told: dict[str, Any] = stage.client.get(f"/v1/alerts/{first['id']}").json()
    return told


def act(stage: Stage, alert_id: str, what: str, **given: Any) -> dict[str, Any]:
    answer = stage.client.post(f"/v1/alerts/{alert_id}/{what}", json={"by": "ada", **given})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_one_release_is_one_message_with_the_worst_first(desk: Stage) -> None:
    """Three alerts of one upload arrive as one message; a single one of the next arrives as itself."""
    desk.client.put(
        "/v1/rules/low",
        json={**RULE, "escalate": [{"severity": "critical", "when": {"kind": "level", "below": 1000}}]},
    )
    desk.upload(MAY, {**MAY, "series_id": "B", "value": 500}, {**MAY, "series_id": "C"})
    (message,) = sent(desk)
    assert message["type"] == "alerts.gathered"
    assert [each["data"]["series"]["id"] for each in message["data"]["events"]] == ["B", "C", MAGNETS]
    desk.upload(JUNE)
    assert [each["type"] for each in sent(desk)] == ["alerts.gathered", "alert.updated"]


def test_an_endpoint_of_gathered_events_alone_hears_what_a_release_and_a_person_do(desk: Stage) -> None:
    """One alert, two alerts and an acknowledgement each reach it, and the others hear what they heard."""
    given = {"desk": "metals", "url": "https://other.example.com", "event_types": ["alerts.gathered"]}
    other = desk.client.post("/v1/endpoints", json=given).json()["id"]
    desk.upload(MAY)
    act(desk, alert(desk)["id"], "acknowledge")
    desk.upload(JUNE, {**JUNE, "series_id": "B"})
    own = desk.client.get(f"/v1/endpoints/{other}/deliveries").json()["items"]
    counts = [each["body"]["data"]["count"] for each in own if each["event_type"] == "alerts.gathered"]
    assert counts == [1, 1, 2]
    mine = desk.client.get("/v1/deliveries").json()["items"]
    types = [each["event_type"] for each in mine if each["endpoint_id"] != other]
    assert sorted(types) == ["alert.acknowledged", "alert.opened", "alerts.gathered"]


def test_an_endpoint_is_sent_what_it_subscribed_to(desk: Stage) -> None:
    """Of one release an endpoint hears its event types alone, gathered where there are several."""
    given = {"desk": "metals", "url": "https://other.example.com", "event_types": ["alert.resolved"]}
    other = desk.client.post("/v1/endpoints", json=given).json()["id"]
    desk.upload(MAY, {**MAY, "series_id": "B"})
    desk.upload({**JUNE, "value": 6000}, {**JUNE, "series_id": "B"})
    own = desk.client.get(f"/v1/endpoints/{other}/deliveries").json()["items"]
    assert [(each["event_type"], each["sequence"]) for each in own] == [("alert.resolved", 1)]


def test_a_release_too_large_for_one_body_goes_on_in_the_next(desk: Stage) -> None:
    """Forty alerts of one release are split over bodies that every receiver takes, none lost."""
    ids = [f"S{number}" for number in range(40)]
    for series_id in ids:
        desk.register(series_id, family="magnets")
    answer = desk.upload(*[{**MAY, "series_id": series_id} for series_id in ids])
    assert answer.status_code == 200, answer.text
    messages = sent(desk)
    heard = [each["data"]["series"]["id"] for body in messages for each in body["data"]["events"]]
    assert len(messages) > 1
    assert sorted(heard) == sorted(ids)


def test_a_silence_holds_messages_back_until_its_end(desk: Stage) -> None:
    """What a silence matches is not sent, is shown with the silence, and is heard again once it is over."""
    given = {"desk": "metals", "by": "ada", "ends": "2025-08-02T00:00:00Z", "labels": {"metal": "neodymium"}}
    made = desk.client.post("/v1/silences", json=given)
    assert made.status_code == 201, made.text
    assert desk.upload(MAY).json()["alerts"] == {"opened": 1}
    assert sent(desk) == []
    (event,) = alert(desk)["events"]
    assert event["silenced_by"] == made.json()["id"]
    desk.at = desk.at.replace(month=9)
    assert desk.client.get("/v1/silences").json()["items"] == []
    desk.upload(JUNE)
    (message,) = sent(desk)
    assert (message["type"], message["data"]["transition"]["kind"]) == ("alert.opened", "updated")
    assert alert(desk)["events"][1]["payload"]["data"] == message["data"]


def quiet(desk: Stage, ends: str = "2025-08-02T00:00:00Z", **matched: Any) -> None:
    """Add a silence of the desk."""
    made = desk.client.post("/v1/silences", json={"desk": "metals", "by": "ada", "ends": ends, **matched})
    assert made.status_code == 201, made.text


def test_the_first_word_after_a_silence_tells_the_whole_story(desk: Stage) -> None:
    """A desk that never heard an opening is told it with the next figure, and then goes on as ever."""
    opening = {"desk": "metals", "url": "https://other.example.com", "event_types": ["alert.opened"]}
    other = desk.client.post("/v1/endpoints", json=opening).json()["id"]
    quiet(desk)
    desk.upload(MAY, {**MAY, "value": 1240, "known_from": "2025-07-18T02:00:00Z"})
    desk.at = desk.at.replace(month=9)
    desk.upload(JUNE)
    (heard,) = desk.client.get(f"/v1/endpoints/{other}/deliveries").json()["items"]
    missed = {
        "count": 2,
        "since": "2025-06-20T02:00:00Z",
        "events": {"opened": 1, "corrected": 1},
        "inhibited": 0,
    }
    assert heard["body"]["data"]["unheard"] == missed
    said = "It is told now for the first time: what came since 20 June 2025 was silenced (opened, corrected)."
    assert said in heard["body"]["data"]["sentence"]
    desk.upload({"month": "2025-07", "value": 1100, "known_from": "2025-08-20T02:00:00Z"})
    last = max(desk.client.get("/v1/deliveries").json()["items"], key=lambda each: each["sequence"])["body"]
    assert (last["type"], last["data"]["unheard"]) == ("alert.updated", None)


def look(stage: Stage) -> None:
    """What the service does each five minutes: late releases, and silences that are over."""
    with stage.engine.begin() as connection:
        watch_releases(connection, budget=1.0, now=stage.at)


def test_an_opening_is_told_when_its_silence_is_over(desk: Stage) -> None:
    """Nothing is told while it lasts; then each alert that is open once, without a figure, and its past."""
    quiet(desk)
    desk.upload(MAY, {**MAY, "series_id": "B"}, {**MAY, "series_id": "C"})
    desk.upload({**JUNE, "series_id": "B"}, {**JUNE, "series_id": "C", "value": 6000})
    look(desk)
    assert sent(desk) == []
    desk.at = desk.at.replace(month=9)
    for _ in range(2):
        look(desk)
    (message,) = sent(desk)
    assert message["type"] == "alerts.gathered"
    told = {each["data"]["series"]["id"]: each for each in message["data"]["events"]}
    assert {name: each["type"] for name, each in told.items()} == dict.fromkeys(
        ["B", MAGNETS], "alert.opened"
    )
    assert told[MAGNETS]["data"]["unheard"]["events"] == {"opened": 1}
    assert told["B"]["data"]["unheard"]["events"] == {"opened": 1, "updated": 1}
    assert all("told now for the first time" in each["data"]["sentence"] for each in told.values())
    desk.upload(JUNE)
    last = sent(desk)[-1]
    assert (last["type"], last["data"]["unheard"]) == ("alert.updated", None)


def test_an_opening_told_late_still_shows_what_silenced_it(desk: Stage) -> None:
    """The alert keeps the silence beside the event, with the words that were told in the end."""
    quiet(desk)
    desk.upload(MAY)
    desk.at = desk.at.replace(month=9)
    look(desk)
    (event,) = alert(desk)["events"]
    assert event["silenced_by"] is not None
    assert [message["type"] for message in sent(desk)] == ["alert.opened"]
    act(desk, alert(desk)["id"], "acknowledge")
    assert sent(desk)[-1]["data"]["unheard"] is None


def test_an_opening_that_is_silenced_still_is_not_told(desk: Stage) -> None:
    """Where one of two silences is over, or openings alone are silenced, the alert waits for their end."""
    quiet(desk)
    quiet(desk, ends="2025-10-01T00:00:00Z", events=["alert.opened"])
    desk.upload(MAY)
    desk.upload(JUNE)
    desk.at = desk.at.replace(month=9)
    look(desk)
    assert sent(desk) == []
    desk.at = desk.at.replace(month=11)
    look(desk)
    (message,) = sent(desk)
    assert (message["type"], message["data"]["unheard"]["count"]) == ("alert.opened", 2)


def test_an_end_that_is_the_first_word_says_what_was_silenced(desk: Stage) -> None:
    """An alert that closes after the silence is told closed, by a figure or a person, with its past."""
    quiet(desk)
    desk.upload(MAY, {**MAY, "series_id": "B"})
    desk.at = desk.at.replace(month=9)
    desk.upload({**JUNE, "value": 6000})
    standing = desk.client.get("/v1/alerts", params={"status": "opened"}).json()["items"]
    act(desk, standing[0]["id"], "close")
    for message in sent(desk):
        assert message["type"] == "alert.resolved"
        assert message["data"]["unheard"]["events"] == {"opened": 1}
        assert "told now for the first time" in message["data"]["sentence"]


def test_what_a_snooze_kept_is_told_when_it_is_over(desk: Stage) -> None:
    """A desk that heard the opening is told what came since, under the event type of what happened."""
    desk.upload(MAY)
    act(desk, alert(desk)["id"], "snooze", until="2025-08-02T00:00:00Z")
    desk.upload(JUNE)
    desk.at = desk.at.replace(month=9)
    desk.upload({"month": "2025-07", "value": 1100, "known_from": "2025-08-20T02:00:00Z"})
    last = sent(desk)[-1]
    assert (last["type"], last["data"]["unheard"]["events"]) == ("alert.updated", {"updated": 1})
    assert "What came since 20 July 2025 was silenced (updated)." in last["data"]["sentence"]


def test_a_silence_of_openings_alone_is_kept_to(desk: Stage) -> None:
    """A desk that wants no openings is told the next figure as what it is, with what it did not hear."""
    quiet(desk, ends="2026-01-01T00:00:00Z", events=["alert.opened"])
    desk.upload(MAY)
    desk.upload(JUNE)
    (message,) = sent(desk)
    assert (message["type"], message["data"]["unheard"]["events"]) == ("alert.updated", {"opened": 1})


def test_a_silence_can_be_ended(desk: Stage) -> None:
    """A silence ended now is heard through from now on, and one of another series never held anything."""
    for series_id in (MAGNETS, "B"):
        given = {"desk": "metals", "by": "ada", "ends": "2026-01-01T00:00:00Z", "series": [series_id]}
        made = desk.client.post("/v1/silences", json=given).json()["id"]
        if series_id == MAGNETS:
            assert desk.client.post(f"/v1/silences/{made}/end").json()["ends"] == "2025-08-01T12:00:00Z"
    desk.upload(MAY, {**MAY, "series_id": "B"}, {**MAY, "series_id": "C"})
    (message,) = sent(desk)
    assert [each["data"]["series"]["id"] for each in message["data"]["events"]] == ["C", MAGNETS]


@pytest.mark.parametrize(
    "changed", [{"ends": "2025-01-01T00:00:00Z"}, {"events": ["alert.shut"]}, {"serie": ["A"]}]
)
def test_a_silence_that_cannot_be_is_refused(desk: Stage, changed: dict[str, Any]) -> None:
    """An end in the past, an event type that is none and an unknown field are refused."""
    given = {"desk": "metals", "by": "ada", "ends": "2026-01-01T00:00:00Z", **changed}
    assert_problem(desk.client.post("/v1/silences", json=given), 422, "invalid-request")


def test_a_silence_of_what_is_not_there_is_refused_with_what_may_be_meant(desk: Stage) -> None:
    """A series, a rule and an alert that the desk does not have are each named, with their candidates."""
    desk.client.put("/v1/rules/low-grains", json={**RULE, "desk": "grains"})
    given = {
        "desk": "metals",
        "ends": "2026-01-01T00:00:00Z",
        "series": ["B", "repm"],
        "rules": ["low", "LO", "low-grains"],
        "alerts": ["none"],
    }
    told = assert_problem(desk.client.post("/v1/silences", json=given), 422, "invalid-request")
    assert [(each["path"], each["reason"], each["candidates"]) for each in told["faults"]] == [
        ("body.series", "there is no 'repm'", [MAGNETS]),
        ("body.rules", "there is no 'LO'", ["low"]),
        ("body.rules", "there is no 'low-grains'", []),
        ("body.alerts", "there is no 'none'", []),
    ]
    assert desk.rows()["silences"] == 0


def test_a_snoozed_alert_lives_on_in_silence(desk: Stage) -> None:
    """Nothing is sent of a snoozed alert until the snooze ends; its story goes on and other alerts speak."""
    desk.upload(MAY)
    alert_id = alert(desk)["id"]
    told = act(desk, alert_id, "snooze", until="2025-09-01T00:00:00Z")
    assert [(each["kind"], each["until"]) for each in told["notes"]] == [("snoozed", "2025-09-01T00:00:00Z")]
    desk.upload(JUNE, {**JUNE, "series_id": "B"})
    assert [each["type"] for each in sent(desk)] == ["alert.opened", "alert.opened"]
    shown = desk.client.get(f"/v1/alerts/{alert_id}").json()
    assert [(each["kind"], each["silenced_by"] is not None) for each in shown["events"]] == [
        ("opened", False),
        ("updated", True),
    ]
    past = desk.client.post(
        f"/v1/alerts/{alert_id}/snooze", json={"by": "ada", "until": "2025-01-01T00:00:00Z"}
    )
    assert_problem(past, 422, "invalid-request")


def test_people_are_named_with_what_they_said(desk: Stage) -> None:
    """Assignment, comment and feedback are kept with who and when, open or closed, and tell nobody."""
    desk.upload(MAY)
    alert_id = alert(desk)["id"]
    act(desk, alert_id, "assign", to="bo")
    act(desk, alert_id, "comment", text="the port is closed")
    told = act(desk, alert_id, "feedback", verdict="useful")
    assert [(each["kind"], each["by"], each["assignee"], each["text"]) for each in told["notes"]] == [
        ("assigned", "ada", "bo", ""),
        ("comment", "ada", None, "the port is closed"),
        ("useful", "ada", None, ""),
    ]
    assert {each["at"] for each in told["notes"]} == {"2025-08-01T12:00:00Z"}
    assert len(sent(desk)) == 1


def test_a_person_closes_an_alert_and_the_desk_is_told(desk: Stage) -> None:
    """An alert closed by hand is resolved by that person, once; a closed one cannot be closed again."""
    desk.upload(MAY)
    alert_id = alert(desk)["id"]
    assert act(desk, alert_id, "close", note="known")["status"] == "resolved"
    assert sent(desk)[-1]["data"]["transition"]["by"] == "ada"
    again = desk.client.post(f"/v1/alerts/{alert_id}/close", json={"by": "ada"})
    assert_problem(again, 409, "conflict")
