"""A rehearsal over the service's own past: what would have been heard, by what was known then, unsaved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from api_stage import MAGNETS, Stage, assert_problem
from typer.testing import CliRunner

from services.api.app import create_app
from services.cli import app
from services.storage import restrictions
from services.usecases import rehearse_rule as rehearse_module

LOW = {
    "name": "Low",
    "desk": "metals",
    "scope": {"families": ["magnets"]},
    "condition": {"kind": "level", "below": 3000},
}
SHOCK = {**LOW, "name": "Shock", "condition": {"kind": "shock", "direction": "down"}}


def figure(year: int, month: int, value: float | None, **changed: Any) -> dict[str, Any]:
    """A figure known on the 20th of the month after."""
    after = f"{year + month // 12}-{month % 12 + 1:02d}-20T02:00:00Z"
    return {"month": f"{year}-{month:02d}", "value": value, "known_from": after, **changed}


@pytest.fixture
def past(stage: Stage, told_once: Callable[[Callable[[Stage], None]], None]) -> Stage:
    """Six years around 5,000 t with a shock in May 2024 that lasts two months, recorded as history."""
    told_once(six_years)
    return stage


def six_years(stage: Stage) -> None:
    """Through December 2024; the shock is in May."""
    stage.register(family="magnets")
    noise = np.random.default_rng(1).normal(1, 0.05, 72)
    rows = [
        figure(2019 + at // 12, at % 12 + 1, 1500.0 if at in {64, 65} else round(5000 * noise[at], 1))
        for at in range(72)
    ]
    answer = stage.upload(*rows, history="true")
    assert answer.status_code == 200, answer.text


def rehearse(stage: Stage, rule: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    answer = stage.client.post("/v1/rules/rehearse", json=rule, params=parameters)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_an_alert_is_told_as_it_would_have_been_heard(past: Stage) -> None:
    """The shock of May 2024 is told with when it was known, how long it lasted, and nothing is saved."""
    before = past.rows()
    told = rehearse(past, {**SHOCK, "close_when": {"kind": "recovered"}}, budget=1)
    (alert,) = told["alerts"]
    assert (alert["onset"], alert["closed"], alert["months"]) == ("2024-05", "2024-07", 3)
    assert (alert["known_from"], alert["value"]) == ("2024-06-20T02:00:00Z", 1500.0)
    assert alert["confirmed"] is True
    assert "made now from what was known then" in alert["reason"]
    assert told["judged_by"]["made"] > 60
    assert told["acceptance"]["accepted"] is True
    assert any("2024-06-20: CN_EXP_REPM_T, May 2024, 1,500.0 t, lowest" in line for line in told["in_words"])
    assert past.rows() == before


def test_a_rehearsal_is_what_the_service_then_says(past: Stage) -> None:
    """The same figures through the hot path open and close the same alerts at the same moments."""
    past.at = past.at.replace(year=2026)
    rule = {**LOW, "months_to_close": 2}
    past.client.put("/v1/rules/low", json=rule)
    for month, value in ((1, 2800.0), (2, 2900.0), (3, 4000.0), (4, 5000.0), (5, 2000.0)):
        past.upload(figure(2025, month, value))
    said = past.client.get("/v1/alerts").json()["items"]
    told = rehearse(past, rule, **{"from": "2025-01"})["alerts"]
    keys = ("onset", "closed", "status", "severity")
    assert sorted([each[key] for key in keys] + [each["known_from"]] for each in told) == sorted(
        [each[key] for key in keys] + [each["opened_known_from"]] for each in said
    )
    assert len(told) == 2


def test_a_planted_future_revision_changes_nothing(past: Stage) -> None:
    """What was heard up to a revision's moment stays the same, to the letter, whatever it revises."""
    before = rehearse(past, SHOCK, to="2024-12")
    past.at = past.at.replace(year=2026)
    planted = [
        {"month": f"2024-{month:02d}", "value": 9000.0, "known_from": "2026-01-01T00:00:00Z"}
        for month in (1, 3, 5)
    ]
    past.upload(*planted, history="true")
    after = rehearse(past, SHOCK, to="2024-12")
    then, now = before["alerts"][0], after["alerts"][0]
    assert {key: now[key] for key in ("onset", "known_from", "value", "reason", "record_since")} == {
        key: then[key] for key in ("onset", "known_from", "value", "reason", "record_since")
    }
    today = rehearse(past, SHOCK, to="2024-12", mode="latest")
    assert [each["onset"] for each in today["difference"]["only_then"]] == ["2024-05"]


def test_the_months_asked_for_are_the_months_replayed(past: Stage) -> None:
    """Figures outside the months are history and not rehearsed."""
    told = rehearse(past, LOW, **{"from": "2020-01", "to": "2021-12"})
    assert (told["figures"], told["alerts"], told["first"], told["last"]) == (24, [], "2020-01", "2021-12")


def test_what_cannot_be_rehearsed_is_refused_with_its_reason(past: Stage) -> None:
    """A fault in the rule, no series covered and a month that is none each say so."""
    post = past.client.post
    fault = post("/v1/rules/rehearse", json={**LOW, "desc": 1})
    assert "$.desc" in str(assert_problem(fault, 422, "invalid-rule")["faults"])
    nothing = post("/v1/rules/rehearse", json={**LOW, "scope": {"tags": ["none"]}})
    assert_problem(nothing, 422, "invalid-rule")
    month = post("/v1/rules/rehearse", json=LOW, params={"from": "2020-13"})
    assert_problem(month, 422, "invalid-request")


def test_a_rehearsal_sees_what_the_desk_of_its_rule_sees(past: Stage) -> None:
    """A series that is kept for another desk is not rehearsed, by whoever asks, as live it is not watched."""
    past.register("KEPT", family="magnets")
    past.upload(*({**figure(2024, at, 1000.0), "series_id": "KEPT"} for at in (1, 2)), history="true")
    assert len(rehearse(past, LOW)["series"]) == 2
    with past.engine.begin() as connection:
        restrictions.restrict(connection, ["KEPT"], source="comtrade", desk="cars", now=past.at)
    assert rehearse(past, LOW)["series"] == [MAGNETS]
    assert len(rehearse(past, {**LOW, "desk": "cars"})["series"]) == 2
    named = past.client.post("/v1/rules/rehearse", json={**LOW, "scope": {"series": ["KEPT"]}})
    assert "KEPT" in assert_problem(named, 422, "invalid-rule")["detail"]


def test_what_saving_refuses_rehearsing_refuses(past: Stage) -> None:
    """A name that is no id, beside one that is, is refused by both in the same words."""
    rule = {**LOW, "scope": {"series": [MAGNETS, "exp repm"]}}
    answers = [
        past.client.post("/v1/rules/rehearse", json=rule),
        past.client.put("/v1/rules/low", json=rule),
    ]
    said = [assert_problem(each, 422, "invalid-rule")["detail"] for each in answers]
    assert f"'exp repm' may be {MAGNETS}" in said[0]
    assert said[0] == said[1]


def test_a_rehearsal_is_bounded_in_series_times_months(past: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be replayed is told with its numbers where it is too much, and fewer months are taken."""
    monkeypatch.setattr(rehearse_module, "MOST_MONTHS", 71)
    refused = past.client.post("/v1/rules/rehearse", json=LOW)
    told = assert_problem(refused, 422, "invalid-request")["detail"]
    assert "1 series over 72 months, 72 together, and 72 figures in them; 71 are replayed at most" in told
    assert rehearse(past, LOW, **{"from": "2019-02"})["figures"] == 71


@pytest.mark.parametrize("bound", ["MOST_MONTHS", "MOST_FIGURES"])
def test_what_is_too_much_is_refused_before_a_figure_is_read(
    past: Stage, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    """The bounds are asked of the database as counts: a rule over everything costs no history in memory."""

    def read(*_: object, **__: object) -> None:
        pytest.fail("the history was read")

    monkeypatch.setattr(rehearse_module, bound, 71)
    monkeypatch.setattr(rehearse_module.observations, "history", read)
    refused = past.client.post("/v1/rules/rehearse", json=LOW)
    assert "and 72 figures in them; 71 are" in assert_problem(refused, 422, "invalid-request")["detail"]


def test_a_total_lies_in_the_months_asked_for_or_not(past: Stage) -> None:
    """A pair is counted where both its months are asked for, and makes the past as long as its last one."""
    past.at = past.at.replace(year=2026)
    past.upload({**figure(2025, 2, 9000.0), "month": "2025-01..2025-02"}, history="true")
    assert rehearse(past, LOW)["last"] == "2025-02"
    assert rehearse(past, LOW, **{"from": "2024-12", "to": "2025-01"})["figures"] == 1
    assert rehearse(past, LOW, **{"from": "2024-12", "to": "2025-02"})["figures"] == 2


def test_the_command_tells_the_same(past: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of rules is rehearsed from the command line, in the same words as by the API."""
    monkeypatch.setattr("services.bootstrap.engine", lambda: past.engine)
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"low": LOW}), encoding="utf-8")
    done = CliRunner().invoke(app, ["rules", "rehearse", str(file), "--from", "2020-01", "--mode", "latest"])
    assert done.exit_code == 0, done.output
    for line in rehearse(past, LOW, **{"from": "2020-01", "mode": "latest"})["in_words"]:
        assert line in done.output
    file.write_text("[]", encoding="utf-8")
    assert CliRunner().invoke(app, ["rules", "rehearse", str(file)]).exit_code == 1


def test_the_rehearsal_is_in_the_schema() -> None:
    """The operation and what it answers are documented."""
    schema = create_app().openapi()
    assert "/v1/rules/rehearse" in schema["paths"]
