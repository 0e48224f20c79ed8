"""Nothing that a desk can set keeps a figure from being recorded, for itself or for anybody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem

from alerts.conditions import Level
from alerts.grammar import MOST_CONDITIONS, MOST_PARTS
from alerts.parsing import LONGEST_TEXT, MOST_TEXTS
from alerts.rules import LONGEST_NOTE, MOST_LABELS, MOST_STEPS
from services.storage import rules, tables
from services.storage.outbox import LONGEST_BODY

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
