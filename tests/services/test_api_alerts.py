"""Rules, alerts, endpoints and deliveries through the API, from a figure to a message that waits."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem, key
from sqlalchemy import Text, cast, event, update
from sqlalchemy.dialects.postgresql import ARRAY

from services.storage.tables import alert_events

RULE = {
    "name": "Low magnets",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}
MAY = {"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"}
JUNE = {"month": "2025-06", "value": 3188, "known_from": "2025-07-20T02:00:00Z"}


@pytest.fixture
def endpoint(stage: Stage) -> str:
    """Id of an endpoint of the desk whose rule watches the registered series."""
    stage.register()
    assert stage.client.put("/v1/rules/low", json=RULE).json()["version"] == 1
    given = {"desk": "metals", "url": "https://desk.example.com/hook"}
    made = stage.client.post("/v1/endpoints", json=given)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    return str(made.json()["id"])


def test_figure_opens_an_alert_whose_message_waits(stage: Stage, endpoint: str) -> None:
    """An alert, its sentence and its delivery are there when the upload is answered."""
    assert stage.upload(MAY).json()["alerts"] == {"opened": 1}
    (alert,) = stage.client.get("/v1/alerts", params={"status": "opened"}).json()["items"]
    assert (alert["series_id"], alert["onset"], alert["desk"]) == (MAGNETS, "2025-05", "metals")
    story = stage.client.get(f"/v1/alerts/{alert['id']}").json()
    assert [event["kind"] for event in story["events"]] == ["opened"]
    assert "1,238 t" in story["events"][0]["sentence"]
    (sent,) = stage.client.get(f"/v1/endpoints/{endpoint}/deliveries").json()["items"]
    assert (sent["status"], sent["sequence"], sent["event_type"]) == ("pending", 1, "alert.opened")
    assert sent["body"]["data"]["sentence"] == story["events"][0]["sentence"]
    assert stage.client.get(f"/v1/endpoints/{endpoint}/deliveries", params={"after": 1}).json()["items"] == []


def test_later_figure_resolves_and_no_second_alert_opens(stage: Stage, endpoint: str) -> None:
    """A figure closes the alert; a revision of the first one corrects it and opens none beside it."""
    stage.upload(MAY)
    revised = {**MAY, "value": 1240, "known_from": "2025-07-18T02:00:00Z"}
    assert stage.upload(revised).json()["alerts"] == {"corrected": 1}
    assert stage.upload(JUNE).json()["alerts"] == {"resolved": 1}
    (alert,) = stage.client.get("/v1/alerts").json()["items"]
    assert (alert["status"], alert["closed"]) == ("resolved", "2025-06")
    numbers = stage.client.get(f"/v1/endpoints/{endpoint}/deliveries").json()["items"]
    assert [each["sequence"] for each in numbers] == [1, 2, 3]


def test_acknowledgement_is_told_to_the_desk_once(stage: Stage, endpoint: str) -> None:
    """Whoever acknowledges is named to the desk; a second acknowledgement changes nothing."""
    stage.upload(MAY)
    (alert,) = stage.client.get("/v1/alerts").json()["items"]
    path = f"/v1/alerts/{alert['id']}/acknowledge"
    seen = stage.client.post(path, json={"by": "Li Wei", "note": "Calling the buyers."}).json()
    assert (seen["status"], seen["acknowledged_by"]) == ("opened", "Li Wei")
    assert stage.client.post(path, json={"by": "Ann"}).json()["acknowledged_by"] == "Li Wei"
    sent = stage.client.get(f"/v1/endpoints/{endpoint}/deliveries").json()["items"]
    assert [each["event_type"] for each in sent] == ["alert.opened", "alert.acknowledged"]
    assert "Li Wei acknowledged" in sent[1]["body"]["data"]["sentence"]
    stage.upload(JUNE)
    assert_problem(stage.client.post(path, json={"by": "Ann"}), 409, "conflict")
    assert_problem(stage.client.post("/v1/alerts/none/acknowledge", json={"by": "Ann"}), 404, "not-found")


def test_alerts_are_paged_in_a_stable_order(stage: Stage, endpoint: str) -> None:
    """Pages one alert long, put together, are the whole list."""
    for number in range(5):
        series_id = f"S{number}"
        stage.register(series_id)
        rule = {**RULE, "scope": {"series": [series_id]}}
        assert stage.client.put(f"/v1/rules/r{number}", json=rule).status_code == 200
        stage.upload({**MAY, "series_id": series_id})
    whole = [each["id"] for each in stage.client.get("/v1/alerts").json()["items"]]
    paged: list[str] = []
    cursor = {}
    while True:
        page = stage.client.get("/v1/alerts", params={"limit": 1, **cursor}).json()
        paged += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"after": page["next"]}
    assert len(whole) == 5
    assert paged == whole


def test_an_alert_that_changes_between_pages_is_neither_lost_nor_repeated(
    stage: Stage, endpoint: str
) -> None:
    """A walk begun before a change meets every alert once; what is no cursor is refused."""
    rule = {**RULE, "scope": {"series": [MAGNETS, "B", "C"]}}
    for series_id in ("B", "C"):
        stage.register(series_id)
    stage.client.put("/v1/rules/low", json=rule)
    stage.upload(*[{**MAY, "series_id": series_id} for series_id in (MAGNETS, "B", "C")])
    first = stage.client.get("/v1/alerts", params={"limit": 1}).json()
    for series_id in ("C", "B", MAGNETS):
        stage.upload(
            {"month": "2025-06", "value": 900, "known_from": JUNE["known_from"], "series_id": series_id}
        )
    rest = stage.client.get("/v1/alerts", params={"after": first["next"]}).json()["items"]
    met = [each["series_id"] for each in (*first["items"], *rest)]
    assert sorted(met) == sorted(["B", "C", MAGNETS])
    assert_problem(stage.client.get("/v1/alerts", params={"after": "none"}), 422, "invalid-request")


def test_who_did_it_is_the_key_with_a_given_name_beside(stage: Stage, endpoint: str) -> None:
    """No name that a caller gives stands instead of the key's, in the alert, the message or the notes."""
    stage.upload(MAY)
    (alert,) = stage.client.get("/v1/alerts").json()["items"]
    headers = key(stage, "read", "rules", desk="metals")
    path = f"/v1/alerts/{alert['id']}"
    seen = stage.client.post(f"{path}/acknowledge", json={"by": "admin"}, headers=headers).json()
    assert seen["acknowledged_by"] == "test (admin)"
    for act, given in (("comment", {"text": "hi"}), ("snooze", {"until": "2030-01-01T00:00:00Z", "by": "x"})):
        stage.client.post(f"{path}/{act}", json=given, headers=headers)
    closed = stage.client.post(f"{path}/close", json={}, headers=headers)
    assert closed.status_code == 200, closed.text
    story = stage.client.get(path, headers=headers).json()
    assert [each["by"] for each in story["notes"]] == ["test", "test (x)"]
    assert story["events"][-1]["payload"]["data"]["transition"]["by"] == "test"
    given = {"desk": "metals", "by": "admin", "ends": "2030-01-01T00:00:00Z"}
    assert stage.client.post("/v1/silences", json=given, headers=headers).json()["by"] == "test (admin)"


def test_rule_versions_stay(stage: Stage, endpoint: str) -> None:
    """A change is a new version; the old one can still be read."""
    changed = {**RULE, "condition": {"kind": "level", "below": 1000}}
    assert stage.client.put("/v1/rules/low", json=changed).json()["version"] == 2
    first = stage.client.get("/v1/rules/low", params={"version": 1}).json()
    assert first["rule"]["condition"]["below"] == 3000
    (listed,) = stage.client.get("/v1/rules", params={"desk": "metals"}).json()["items"]
    assert listed["version"] == 2
    assert stage.client.get("/v1/rules", params={"desk": "other"}).json()["items"] == []
    added = stage.client.post("/v1/rules", json=RULE)
    assert added.status_code == 201
    assert (
        stage.client.get(added.headers["location"]).json()["rule"]
        == stage.client.get("/v1/rules/low", params={"version": 1}).json()["rule"]
    )


def test_ping_and_replay_make_a_delivery_due(stage: Stage, endpoint: str) -> None:
    """A ping waits for the worker at once, and a replay of what waits changes nothing that shows."""
    answer = stage.client.post(f"/v1/endpoints/{endpoint}/ping")
    assert answer.status_code == 202
    assert stage.nudged[-1] == "deliver_messages"
    (sent,) = stage.client.get("/v1/deliveries", params={"status": "pending"}).json()["items"]
    assert sent["message_id"] == answer.json()["message_id"]
    story = stage.client.get(f"/v1/deliveries/{sent['id']}").json()
    assert story["tried"] == []
    assert stage.client.post(f"/v1/deliveries/{sent['id']}/replay").json()["status"] == "pending"


@pytest.mark.parametrize(
    "url", ["http://desk.example.com/", "https://127.0.0.1/", "https://10.0.0.1/", "ftp://x/"]
)
def test_url_that_nothing_may_be_sent_to_is_refused(stage: Stage, url: str) -> None:
    """An endpoint inside the house, or without encryption, is refused with the reason."""
    answer = stage.client.post("/v1/endpoints", json={"desk": "metals", "url": url})
    assert_problem(answer, 422, "forbidden-url")
    assert stage.rows()["endpoints"] == 0


def test_secrets_are_shown_once(stage: Stage, endpoint: str) -> None:
    """No list and no page of an endpoint shows its secret; a rotation shows the new one."""
    assert "whsec_" not in stage.client.get("/v1/endpoints").text
    assert "whsec_" not in stage.client.get(f"/v1/endpoints/{endpoint}").text
    assert stage.client.post(f"/v1/endpoints/{endpoint}/rotate").json()["secret"].startswith("whsec_")


def test_alerts_and_rules_are_shown_as_they_stood(stage: Stage, endpoint: str) -> None:
    """As of each moment the list, the alert and its rule are what they were then; before it began none is."""
    then = []

    def looked() -> None:
        shown = stage.client.get("/v1/alerts").json()["items"]
        stories = [stage.client.get(f"/v1/alerts/{each['id']}").json() for each in shown]
        then.append((stage.at, shown, stories, stage.client.get("/v1/rules/low").json()))

    began = stage.at
    for figure in (MAY, {**MAY, "value": 1240}, JUNE):
        stage.at += dt.timedelta(days=1)
        stage.upload({**figure, "known_from": (stage.at - dt.timedelta(hours=1)).isoformat()})
        looked()
        if figure is MAY:
            alert_id = then[-1][1][0]["id"]
            stage.at += dt.timedelta(hours=1)
            stage.client.post(f"/v1/alerts/{alert_id}/acknowledge", json={"by": "Li Wei"})
            stage.client.post(f"/v1/alerts/{alert_id}/comment", json={"by": "Li Wei", "text": "Customs."})
            stage.client.put("/v1/rules/low", json={**RULE, "name": "Lower magnets"})
            looked()
    assert [shown[0]["status"] for _, shown, *_ in then] == ["opened", "opened", "opened", "resolved"]
    for moment, shown, stories, rule in then:
        as_of = {"as_of": moment.isoformat()}
        assert stage.client.get("/v1/alerts", params=as_of).json()["items"] == shown
        assert stage.client.get(f"/v1/alerts/{alert_id}", params=as_of).json() == stories[0]
        assert stage.client.get("/v1/rules/low", params=as_of).json() == rule
        stood = stage.client.get("/v1/alerts", params={**as_of, "status": "resolved"}).json()["items"]
        assert [each["status"] for each in stood] == ["resolved"] * (shown[0]["status"] == "resolved")
    before = {"as_of": (began - dt.timedelta(days=300)).isoformat()}
    assert stage.client.get("/v1/alerts", params=before).json()["items"] == []
    assert stage.client.get("/v1/rules", params=before).json()["items"] == []
    assert_problem(stage.client.get(f"/v1/alerts/{alert_id}", params=before), 404, "not-found")
    assert_problem(stage.client.get("/v1/rules/low", params=before), 404, "not-found")


def test_an_alert_that_was_taken_back_stood_before(stage: Stage, endpoint: str) -> None:
    """Before the revision that took its ground away it was open; after it, it is retracted."""
    shown = []
    for figure in (MAY, {**MAY, "value": 9000}):
        stage.at += dt.timedelta(days=1)
        stage.upload({**figure, "known_from": (stage.at - dt.timedelta(hours=1)).isoformat()})
        shown.append((stage.at.isoformat(), stage.client.get("/v1/alerts").json()["items"]))
    assert [each["status"] for _, (each,) in shown] == ["opened", "retracted"]
    for moment, then in shown:
        assert stage.client.get("/v1/alerts", params={"as_of": moment}).json()["items"] == then


def known(stage: Stage, month: int, value: float) -> str:
    """Record the figure of a month of 2025 a day later than what came before; a moment just after it."""
    stage.at += dt.timedelta(days=1)
    figure = {"month": f"2025-{month:02d}", "value": value}
    stage.upload({**figure, "known_from": (stage.at - dt.timedelta(hours=1)).isoformat()})
    return stage.at.isoformat()


def listed(stage: Stage, **given: str | int) -> list[dict[str, Any]]:
    """The alerts of a list."""
    items: list[dict[str, Any]] = stage.client.get("/v1/alerts", params=given).json()["items"]
    return items


def test_who_had_an_alert_is_told_also_after_it_opened_again(stage: Stage, endpoint: str) -> None:
    """As of February Li Wei had it, though it has since closed and opened again, which nobody has."""
    opened = known(stage, 1, 1238)
    (alert,) = listed(stage)
    stage.at += dt.timedelta(hours=1)
    stage.client.post(f"/v1/alerts/{alert['id']}/acknowledge", json={"by": "Li Wei"})
    seen = (stage.at.isoformat(), listed(stage))
    then = [seen, (known(stage, 2, 4000), listed(stage)), (known(stage, 2, 1500), listed(stage))]
    assert [(each["status"], each["acknowledged_by"]) for _, (each,) in then] == [
        ("opened", "Li Wei"),
        ("resolved", "Li Wei"),
        ("opened", None),
    ]
    for moment, shown in then:
        assert listed(stage, as_of=moment) == shown
    assert [each["acknowledged_by"] for each in listed(stage, as_of=opened)] == [None]
    (again,) = listed(stage)
    assert again["opened_known_from"] == alert["opened_known_from"]  # so it keeps its place in the list


def test_an_alert_is_closed_by_the_figure_that_closed_it_and_not_by_its_last(
    stage: Stage, endpoint: str
) -> None:
    """June and July hold it open; a revision of June says that it was over then, and July is the latest."""
    held = {
        **RULE,
        "condition": {"kind": "level", "below": 1500},
        "close_when": {"kind": "level", "above": 3000},
    }
    stage.client.put("/v1/rules/low", json=held)
    known(stage, 5, 1238)
    known(stage, 6, 2000)
    known(stage, 7, 2000)
    moment, (shown,) = known(stage, 6, 4000), listed(stage)
    assert (shown["status"], shown["closed"], shown["last"]) == ("resolved", "2025-06", "2025-07")
    known(stage, 8, 900)
    assert listed(stage, as_of=moment) == [shown]


def test_of_bodies_from_before_closed_came_an_alert_was_closed_by_its_last_month(
    stage: Stage, endpoint: str
) -> None:
    """A body that does not say which figure closed its alert leaves the latest that it names."""
    known(stage, 5, 1238)
    moment = known(stage, 6, 4000)
    with stage.engine.begin() as connection:
        body = alert_events.c.payload.op("#-")(cast(["data", "alert", "closed"], ARRAY(Text)))
        connection.execute(update(alert_events).values(payload=body))
    assert [each["closed"] for each in listed(stage, as_of=moment)] == ["2025-06"]


def test_a_page_as_of_a_moment_reads_the_events_of_its_own_alerts_only(stage: Stage, endpoint: str) -> None:
    """With five alerts no statement brings more rows than a page of one and the next; pages are the whole."""
    for number in range(5):
        stage.register(f"S{number}")
        stage.client.put(f"/v1/rules/r{number}", json={**RULE, "scope": {"series": [f"S{number}"]}})
        stage.upload({**MAY, "series_id": f"S{number}"}, {**JUNE, "series_id": f"S{number}"})
    moment = stage.at.isoformat()
    brought: list[int] = []

    def count(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if "FROM alert" in statement:
            brought.append(cursor.rowcount)

    event.listen(stage.engine, "after_cursor_execute", count)
    paged = [listed(stage, as_of=moment, limit=1)]
    event.remove(stage.engine, "after_cursor_execute", count)
    assert brought
    assert max(brought) <= 2
    while paged[-1]:
        paged.append(listed(stage, as_of=moment, limit=1, after=paged[-1][0]["id"]))
    whole = listed(stage)
    assert [each for page in paged for each in page] == whole
    assert listed(stage, as_of=moment, status="resolved", limit=2, after=whole[1]["id"]) == whole[2:4]
    assert listed(stage, as_of=moment, series_id="S3", desk="metals") == [
        each for each in whole if each["series_id"] == "S3"
    ]
    before = (dt.datetime.fromisoformat(JUNE["known_from"]) - dt.timedelta(days=1)).isoformat()
    assert {each["status"] for each in listed(stage, as_of=before)} == {"opened"}
    assert listed(stage, as_of=before, status="resolved") == []


def test_only_the_fields_asked_for_are_answered(stage: Stage, endpoint: str) -> None:
    """Fields are chosen in JSON and in tables; one that is not known is refused with the nearest."""
    stage.upload(MAY)
    for path, fields in (
        ("/v1/alerts", "id,status"),
        ("/v1/series", "id,unit"),
        ("/v1/deliveries", "id,status"),
        (f"/v1/series/{MAGNETS}/observations", "month,value"),
        (f"/v1/series/{MAGNETS}/verdicts", "month,verdict"),
    ):
        whole = stage.client.get(path).json()
        part = stage.client.get(path, params={"fields": fields})
        names = fields.split(",")
        assert part.json() == {
            "items": [{name: each[name] for name in names} for each in whole["items"]],
            "next": whole["next"],
        }
        wrong = stage.client.get(path, params={"fields": f"{names[0]},{names[1]}s"})
        assert f"did you mean '{names[1]}'" in assert_problem(wrong, 422, "invalid-request")["detail"]
    table = stage.client.get(
        f"/v1/series/{MAGNETS}/observations", params={"fields": "value,month"}, headers={"Accept": "text/csv"}
    )
    assert table.text.splitlines() == ["month,value", "2025-05,1238.0"]
