"""Rules against what others expected: from submission to the signed message; refused unseen; rehearsed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem, key
from delivery_stage import Desk
from httpx import Client
from test_others_story import FIGURES, FIRST, POLL, foretell, known
from test_web_lists import pages

from alerts.delivery import signing
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import add_endpoint

__all__ = ["pages"]

RULES: dict[str, dict[str, Any]] = {
    "surprised": {"kind": "surprise", "against": "house", "score_at_least": 3},
    "missed": {"kind": "miss", "against": "consensus", "below_percent": 50},
    "outside": {"kind": "outside_range", "against": "consensus", "side": "below"},
    "no-range": {"kind": "outside_range", "against": "house"},
    "silent": {"kind": "miss", "against": "quiet", "beyond_percent": 0},
}
HOUSE = {"levels": [0.1, 0.5, 0.9], "quantiles": [4600, 4900, 5080]}


def rule(name: str, desk: str = "metals") -> dict[str, Any]:
    return {"name": name, "desk": desk, "scope": {"series": [MAGNETS]}, "condition": RULES[name]}


@dataclass
class Told:
    """A stage after the fall of September, with the key of the desk metals and what it was sent."""

    stage: Stage
    metals: dict[str, str]
    heard: dict[str, dict[str, Any]]


@pytest.fixture
def told(stage: Stage, desk: Callable[..., Desk]) -> Told:
    """Eight months that a poll and a desk's model foretold, rules against both, and a ninth that falls."""
    stage.at = known(FIRST - 1)
    stage.client.headers.update(key(stage, "read", "write", "rules"))
    metals = key(stage, "read", "write", "rules", desk="metals")
    stage.register()
    settings = stage.settings.model_copy(update={"private_networks": (IPv4Network("127.0.0.1/32"),)})
    receiver = desk()
    _, secret = add_endpoint(stage.engine, settings, desk="metals", url=receiver.url, now=stage.at)
    for forecaster, headers in (("consensus", {}), ("quiet", {}), ("house", metals)):
        named = {"name": f"The {forecaster}"}
        put = stage.client.put(f"/v1/forecasters/{forecaster}", json=named, headers=headers)
        assert put.status_code == 201, put.text
    for name in RULES:
        answer = stage.client.put(f"/v1/rules/{name}", json=rule(name), headers=metals)
        assert answer.status_code == 200, answer.text
    for place, value in enumerate([*FIGURES, 1238]):
        month = FIRST + place
        stage.at = known(month) - dt.timedelta(days=7)
        foretell(stage, "consensus", month, POLL, {})
        foretell(stage, "house", month, HOUSE, metals)
        stage.at = known(month)
        assert stage.upload({"month": str(month), "value": value}).status_code == 200
    late = {
        "series_id": MAGNETS,
        "month": str(FIRST + 8),
        "unit": "t",
        "point": 9,
        "known_from": str(stage.at),
    }
    claimed = stage.client.post("/v1/forecasters/quiet/forecasts", json={"forecasts": [late]})
    assert claimed.json()["claimed"] == 1, claimed.text
    deliver_due(stage.engine, settings, clock=lambda: stage.at, draw=lambda: 0.5)
    heard: dict[str, dict[str, Any]] = {}
    for headers, body in receiver.requests:
        assert signing.verify([secret], headers, body, now=stage.at)
        message = json.loads(body)
        for each in message["data"].get("events", [message]):
            heard[each["data"]["alert"]["rule"]["id"]] = each["data"]
    return Told(stage, metals, heard)


def test_the_signed_message_says_what_the_rule_asked(told: Told) -> None:
    """Each rule against a forecaster opens at the fall, and says in words by how much it was missed."""
    assert set(told.heard) == {"surprised", "missed", "outside"}
    assert {each["period"] for each in told.heard.values()} == {"2025-09"}
    reasons = {name: data["transition"]["reason"] for name, data in told.heard.items()}
    assert reasons["missed"] == ("75 % below the 5,000 t that The consensus expected, at least 50 % below it")
    assert reasons["outside"] == "1,238 t is below the range of The consensus, 4,500 to 5,400 t"
    first = told.heard["surprised"]["against"][0]
    assert (first["forecaster"], first["errors"]) == ("house", 8)
    times = f"{abs(first['surprise']):.1f} times its usual error"
    assert times in reasons["surprised"]
    assert f"75 % below, {times}" in told.heard["surprised"]["sentence"]


def test_a_rule_says_the_name_of_its_forecaster(told: Told) -> None:
    """The API, the rehearsal and the page of rules say the name that messages say, and no bare id."""
    aloud = "a figure at least 50 % below what The consensus expected"
    client, metals = told.stage.client, told.metals
    assert aloud in client.get("/v1/rules/missed", headers=metals).json()["in_words"]
    listed = client.get("/v1/rules", headers=metals).json()["items"]
    assert aloud in next(each for each in listed if each["id"] == "missed")["in_words"]
    replay = client.post("/v1/rules/rehearse", json=rule("missed"), headers=metals).json()
    assert aloud in replay["rule_in_words"]
    saved = client.put("/v1/rules/missed", json=rule("missed"), headers=metals).json()
    assert aloud in saved["in_words"]


def test_a_rehearsal_says_what_live_said(told: Told) -> None:
    """The same months replayed open where live did, for the same reason; nothing in time is no data."""
    for name in RULES:
        answer = told.stage.client.post("/v1/rules/rehearse", json=rule(name), headers=told.metals)
        assert answer.status_code == 200, answer.text
        replay = answer.json()
        opened = {each["onset"]: each["reason"] for each in replay["alerts"]}
        assert opened == (
            {"2025-09": told.heard[name]["transition"]["reason"]} if name in told.heard else {}
        ), name
        silent = {each["period"]: each["reason"] for each in replay["silent"]}
        if name == "surprised":
            assert silent["2025-08"] == "7 past errors of The house are held on this series; 8 are needed"
            assert "2025-09" not in silent
        elif name in told.heard:
            assert silent == {}
        else:
            assert len(silent) == 9
    assert "quiet submitted nothing for September 2025 before its figure was known" in silent.values()


def test_an_unseen_forecaster_is_refused_as_an_unknown_one(told: Told) -> None:
    """To another desk there is no such forecaster, saved or rehearsed; a desk's own rule takes it."""
    grains = key(told.stage, "read", "write", "rules", desk="grains")
    client = told.stage.client

    def refusal(against: str, address: str, **given: Any) -> str:
        raw = {**rule("missed", desk="grains"), "condition": {**RULES["missed"], "against": against}}
        raw |= {"escalate": [{"severity": "critical", "when": raw["condition"]}], **given}
        send = client.post if address.endswith("rehearse") else client.put
        body = assert_problem(send(address, json=raw, headers=grains), 422, "invalid-rule")
        return str(body["detail"]).replace(against, "ID")

    for address in ("/v1/rules/theirs", "/v1/rules/rehearse"):
        words = refusal("house", address)
        assert words == refusal("nobody", address)
        assert "that the desk 'grains' has not: ID. " in words
    assert client.get("/v1/rules/theirs", headers=grains).status_code == 404
    moved = client.put("/v1/rules/missed", json={**rule("surprised"), "desk": "grains"})
    assert_problem(moved, 422, "invalid-rule")
    assert client.get("/v1/rules/missed").json()["version"] == 1


def test_the_builder_offers_forecasters_and_refuses_others(stage: Stage, pages: Client) -> None:
    """The page lists those that the desk sees, and a rule against another is not saved, with the reason."""
    stage.register()
    stage.client.put("/v1/forecasters/consensus", json={"name": "Consensus of analysts"})
    form = {
        "name": "Miss", "desk": "metals", "series": MAGNETS, "when.0.kind": "miss", "when.0.was": "miss",
        "when.0.against": "consensus", "when.0.side": "below_percent", "when.0.limit": "10",
    }  # fmt: skip
    page = pages.post("/rules/builder", data=form).text
    assert '<option value="consensus">Consensus of analysts</option>' in page
    assert (
        "a figure at least 10 % below what Consensus of analysts expected; over when that no longer holds."
        in page
    )
    refused = pages.post("/rules/save", data={**form, "when.0.against": "nobody"})
    assert "Nothing was saved. The rule sets figures against forecasters that the desk" in refused.text
    assert stage.client.get("/v1/rules").json()["items"] == []
    saved = pages.post("/rules/save", data=form, follow_redirects=True)
    assert "Version 1 is saved and in force" in saved.text
