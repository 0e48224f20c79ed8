"""Nothing that a desk can set keeps a figure from being recorded, for itself or for anybody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem

from alerts.conditions import Level
from alerts.grammar import DEEPEST, MOST_CONDITIONS, MOST_PARTS
from alerts.parsing import LONGEST_TEXT, MOST_TEXTS
from alerts.release_calendars import EXAMPLE as CALENDAR
from alerts.routing import subscribed
from alerts.rules import LONGEST_NOTE, MOST_LABELS, MOST_STEPS
from services.api.schemas.measures import EXAMPLE as MEASURE
from services.storage import rules, tables
from services.storage.outbox import LONGEST_BODY
from services.usecases import manage_endpoints, save_rule, tell_desks

LOW: dict[str, Any] = {"kind": "level", "below": 3000}
RULE: dict[str, Any] = {"name": "Low", "desk": "metals", "scope": {"series": [MAGNETS]}, "condition": LOW}
MAY = {"month": "2025-05", "value": 1238, "known_from": "2025-06-20T04:00:00Z"}


def group(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "any", "of": list(parts)}


TOO_MUCH: dict[str, tuple[str, Any]] = {
    "a name of 21,000 letters": ("$.name", {"name": "x" * 21_000}),
    "a long desk": ("$.desk", {"desk": "x" * (LONGEST_TEXT + 1)}),
    "a long note": ("$.note", {"note": "x" * (LONGEST_NOTE + 1)}),
    "a NUL": ("control character", {"name": "a\0b"}),
    "half a surrogate pair": ("control character", {"name": "a\ud800b"}),
    "many labels": ("$.labels", {"labels": {str(n): "x" for n in range(MOST_LABELS + 1)}}),
    "a long label": ("$.labels", {"labels": {"x": "x" * (LONGEST_TEXT + 1)}}),
    "many steps": ("$.escalate", {"escalate": [{"severity": "critical", "when": LOW}] * (MOST_STEPS + 1)}),
    "many series": ("$.scope.tags", {"scope": {"tags": ["x"] * (MOST_TEXTS + 1)}}),
    "a broad condition": ("$.condition.of", {"condition": group(*[LOW] * (MOST_PARTS + 1))}),
    "a large condition behind a not": (
        "$.condition",
        {"condition": {"kind": "not", "of": group(*[group(*[LOW] * 8)] * (MOST_CONDITIONS // 8))}},
    ),
    "a large condition": (
        "$.condition",
        {"condition": group(*[group(*[LOW] * MOST_PARTS)] * (MOST_CONDITIONS // MOST_PARTS + 1))},
    ),
    "1e400 in digits": ("$.condition.below", {"condition": {"kind": "level", "below": 10**400}}),
    "a whole number of 401 digits": ("$.months_to_open", {"months_to_open": 10**400}),
    "a moment before the first": ("$.effective_from", {"effective_from": "0001-01-01T00:00:00+14:00"}),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_a_rule_is_bounded_where_it_is_read(what: str, stage: Stage) -> None:
    """Too long, too many or unkeepable is refused with its path; what is within the bounds is taken."""
    stage.register()
    path, changed = TOO_MUCH[what]
    answer = stage.client.put(
        "/v1/rules/low", content=json.dumps({**RULE, **changed}), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert path in answer.text
    assert len(answer.content) < LONGEST_BODY


def test_a_rule_saved_before_there_were_bounds_is_followed(stage: Stage) -> None:
    """Its name of 21,000 letters makes too long a message: it goes out short, and the figure is recorded."""
    stage.register()
    given = {"desk": "metals", "url": "https://desk.example.com"}
    assert stage.client.post("/v1/endpoints", json=given).status_code == 201
    stage.client.put("/v1/rules/low", json=RULE)
    with stage.engine.begin() as connection:
        spec = connection.execute(tables.rules.select()).one().spec
        connection.execute(tables.rules.update().values(spec={**spec, "name": "x" * 21_000}))
    report = stage.upload(MAY).json()
    assert (report["recorded"], report["alerts"]) == (1, {"opened": 1})
    (delivery,) = stage.client.get("/v1/deliveries").json()["items"]
    with stage.engine.begin() as connection:
        body = connection.execute(tables.deliveries.select()).one().body
    assert len(body) <= LONGEST_BODY
    whole = stage.client.get(json.loads(body)["data"]["shortened"]["whole"]).json()
    assert whole["data"]["alert"]["rule"]["name"] == "x" * 21_000
    assert delivery["event_type"] == "alert.opened"
    assert_problem(stage.client.get("/v1/messages/none"), 404, "not-found")


def test_a_rule_that_fails_is_passed_over_and_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one rule raises leaves the figure, and the other desk's alert, and is told to its desk and ops."""
    stage.register()
    for desk in ("metals", "soy", "ops"):
        stage.client.post("/v1/endpoints", json={"desk": desk, "url": f"https://{desk}.example.com"})
    stage.client.put("/v1/rules/a-broken", json={**RULE, "condition": {"kind": "level", "below": 2999}})
    stage.client.put("/v1/rules/b-sound", json={**RULE, "desk": "soy"})
    real = Level.test

    def planted(self: Level, facts: Any) -> Any:
        if self.below == 2999:
            raise KeyError("planted")
        return real(self, facts)

    monkeypatch.setattr(Level, "test", planted)
    report = stage.upload(MAY).json()
    assert (report["recorded"], report["alerts"]) == (1, {"opened": 1})
    with stage.engine.begin() as connection:
        told = connection.execute(
            tables.messages.select().order_by(tables.messages.c.event_type, tables.messages.c.desk)
        ).all()
        assert {rule.id for rule in rules.in_force(connection)} == {"a-broken", "b-sound"}
    assert [(row.event_type, row.desk) for row in told] == [
        ("alert.opened", "soy"),
        ("rule.failed", "metals"),
        ("rule.failed", "ops"),
    ]
    assert told[1].payload["data"]["rule"] == {"id": "a-broken", "version": 1, "desk": "metals"}
    assert told[1].payload["data"]["fault"] == "KeyError"


def test_a_rule_that_cannot_be_read_is_passed_over_and_told(stage: Stage) -> None:
    """Kept words that no longer say a rule leave the figure and the other desk's alert, and are told."""
    stage.register()
    for desk in ("metals", "soy", "ops"):
        stage.client.post("/v1/endpoints", json={"desk": desk, "url": f"https://{desk}.example.com"})
    stage.client.put("/v1/rules/a-broken", json=RULE)
    stage.client.put("/v1/rules/b-sound", json={**RULE, "desk": "soy"})
    with stage.engine.begin() as connection:
        spoilt = {**RULE, "condition": {"kind": "moon", "below": 1}}
        connection.execute(tables.rules.update().where(tables.rules.c.id == "a-broken").values(spec=spoilt))
    report = stage.upload(MAY).json()
    assert (report["recorded"], report["alerts"]) == (1, {"opened": 1})
    assert told(stage) == [("alert.opened", "soy"), ("rule.failed", "metals"), ("rule.failed", "ops")]
    assert [each["id"] for each in stage.client.get("/v1/rules").json()["items"]] == ["b-sound"]
    assert_problem(stage.client.get("/v1/rules/a-broken"), 404, "not-found")
    mended = stage.client.put("/v1/rules/a-broken", json=RULE)
    assert (mended.status_code, mended.json()["version"]) == (200, 2)


def test_a_rule_is_read_without_the_bounds_that_came_after_it(stage: Stage) -> None:
    """Numbers and nesting that are refused today are followed where they were saved before."""
    stage.register()
    stage.client.put("/v1/rules/low", json=RULE)
    deep: dict[str, Any] = LOW
    for _ in range(DEEPEST + 2):
        deep = {"kind": "not", "of": {"kind": "not", "of": deep}}
    with stage.engine.begin() as connection:
        old = {**RULE, "months_to_close": 90, "condition": deep}
        connection.execute(tables.rules.update().values(spec=old))
    assert stage.upload(MAY).json()["alerts"] == {"opened": 1}


def test_types_that_are_none_of_ours_are_never_heard(stage: Stage) -> None:
    """An endpoint kept with an unknown event type hears nothing of it, and the figure is recorded."""
    stage.register()
    stage.client.put("/v1/rules/low", json=RULE)
    stage.client.post("/v1/endpoints", json={"desk": "metals", "url": "https://metals.example.com"})
    with stage.engine.begin() as connection:
        connection.execute(tables.endpoints.update().values(event_types=["alert.exploded"]))
    assert stage.upload(MAY).json()["alerts"] == {"opened": 1}
    assert stage.client.get("/v1/deliveries").json()["items"] == []


def test_what_cannot_be_routed_goes_to_all_of_its_desk(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever routing raises over one desk, it is told all the same, and the other desk as ever."""
    stage.register()
    for desk in ("metals", "soy"):
        stage.client.post(
            "/v1/endpoints",
            json={"desk": desk, "url": f"https://{desk}.example.com", "event_types": ["alert.resolved"]},
        )
        stage.client.put(f"/v1/rules/{desk}", json={**RULE, "desk": desk})

    def planted(endpoint_id: str, desk: str, event_types: Any) -> Any:
        if desk == "metals":
            raise KeyError("planted")
        return subscribed(endpoint_id, desk, event_types)

    monkeypatch.setattr(tell_desks, "subscribed", planted)
    assert stage.upload(MAY).json()["alerts"] == {"opened": 2}
    (sent,) = stage.client.get("/v1/deliveries").json()["items"]
    (desk,) = [each for each in stage.client.get("/v1/endpoints").json()["items"] if each["sequence"]]
    assert (sent["event_type"], desk["desk"]) == ("alert.opened", "metals")


FAR: dict[str, Any] = {
    "a day in the year 9999": {"days": {"2025-06": "9999-12-31"}},
    "a grace of 401 digits": {"grace_hours": 10**400},
}


@pytest.mark.parametrize("what", FAR)
def test_a_calendar_is_bounded_where_it_is_read(what: str, stage: Stage) -> None:
    """A day far from its month, or a grace without end, is refused by its key."""
    given = {**CALENDAR, **FAR[what]}
    answer = stage.client.put("/v1/release-calendars/far", json=given)
    assert answer.status_code == 422, answer.text
    assert next(iter(FAR[what])) in answer.text


def test_a_calendar_saved_before_there_were_bounds_stops_nobody(stage: Stage) -> None:
    """Its far day is left out, one that cannot be read is passed over, and the other desk's rule opens."""
    stage.register()
    stage.client.put("/v1/release-calendars/far", json=CALENDAR)
    stage.client.put("/v1/release-calendars/spoilt", json=CALENDAR)
    rows = tables.release_calendars
    with stage.engine.begin() as connection:
        spec = connection.execute(rows.select()).first()
        assert spec is not None
        far = {**spec.spec, "days": {"2025-06": "9999-12-31"}}
        connection.execute(rows.update().where(rows.c.id == "far").values(spec=far))
        connection.execute(rows.update().where(rows.c.id == "spoilt").values(spec={"zone": "Moon"}))
    either = {"kind": "any", "of": [LOW, {"kind": "overdue"}]}
    stage.client.put("/v1/rules/low", json={**RULE, "condition": either})
    assert stage.upload(MAY).json()["alerts"] == {"opened": 1}
    assert stage.client.get("/v1/releases").status_code == 200


def test_a_measure_lies_in_years_that_can_be_counted(stage: Stage) -> None:
    """One in force from the end of time is refused; one for every series is kept and shown."""
    stage.register()
    given = {**MEASURE, "scope": {"all": True}}
    assert_problem(
        stage.client.put("/v1/measures/m", json={**given, "effective": "9999-12-31"}), 422, "invalid-request"
    )
    assert stage.client.put("/v1/measures/m", json=given).json()["scope"] == {"all": True}
    assert [each["id"] for each in stage.client.get("/v1/measures").json()["items"]] == ["m"]


def told(stage: Stage) -> list[tuple[str, str]]:
    """Event type and desk of every message, in that order."""
    with stage.engine.begin() as connection:
        rows = connection.execute(tables.messages.select())
        return sorted((row.event_type, row.desk) for row in rows)


def test_a_desk_has_no_more_rules_and_endpoints_than_it_may(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first above the bound is refused with it; a rule that is there can still be changed."""
    monkeypatch.setattr(save_rule, "MOST_RULES", 1)
    monkeypatch.setattr(manage_endpoints, "MOST_ENDPOINTS", 1)
    stage.register()
    assert stage.client.put("/v1/rules/low", json=RULE).status_code < 300
    assert stage.client.put("/v1/rules/low", json={**RULE, "name": "Lower"}).status_code < 300
    assert_problem(stage.client.put("/v1/rules/more", json=RULE), 409, "conflict")
    assert stage.client.put("/v1/rules/soy", json={**RULE, "desk": "soy"}).status_code < 300
    assert_problem(stage.client.put("/v1/rules/soy", json=RULE), 409, "conflict")
    given = {"desk": "metals", "url": "https://desk.example.com"}
    assert stage.client.post("/v1/endpoints", json=given).status_code == 201
    assert_problem(stage.client.post("/v1/endpoints", json=given), 409, "conflict")
