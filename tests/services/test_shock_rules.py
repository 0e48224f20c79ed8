"""Rules on the life of a shock: saved, rehearsed and fired, with no data where the facts are missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from api_stage import MAGNETS, Stage
from test_episodes_as_of import ID, KNOWN, before_the_fall, fall, two_flat_years
from test_measures import CONTROLS

from forecasting.months import Month

__all__ = ["before_the_fall"]

RULES: dict[str, dict[str, Any]] = {
    "opened": {"kind": "episode", "state": "opened"},
    "recovered": {"kind": "episode", "recovered_percent": 90},
    "closed": {"kind": "episode", "state": "closed"},
    "costly": {"kind": "episode", "shortfall_beyond": 7000},
    "excess": {"kind": "episode", "excess_beyond": 1},
    "fades": {"kind": "shock_type", "type": "TC", "probability_at_least": 0.9},
    "controls": {"kind": "measure"},
    "parted": {"kind": "divergence", "score_at_least": 5},
    "mirror": {"kind": "mirror_gap"},
}


def saved(stage: Stage, name: str) -> dict[str, Any]:
    rule = {"name": name, "desk": "metals", "scope": {"series": [MAGNETS]}, "condition": RULES[name]}
    answer = stage.client.put(f"/v1/rules/{name}", json=rule)
    assert answer.status_code == 200, answer.text
    assert answer.json()["in_words"]
    return rule


Heard = dict[str, tuple[str, str | None]]
"""Onset and closing of the one alert of each rule that fired."""


@pytest.fixture
def heard(told_once: Callable[[Callable[[Stage], Heard]], Heard]) -> Heard:
    """What each rule said over the fall and recovery of 2025."""
    return told_once(every_rule_heard)


def every_rule_heard(stage: Stage) -> Heard:
    """The fall and recovery, with a rule of each kind."""
    two_flat_years(stage)
    stage.client.put("/v1/measures/notice-18", json=CONTROLS)
    for name in RULES:
        saved(stage, name)
    fall(stage)
    found: Heard = {}
    for each in reversed(stage.client.get("/v1/alerts").json()["items"]):
        found.setdefault(each["rule_id"], (each["onset"], each["closed"]))
    return found


def test_each_rule_fires_at_its_figure(heard: Heard) -> None:
    """Opened by April's figure, dear in June, won back in July, closed in August; no excess."""
    assert heard == {
        "opened": ("2025-04", "2025-05"),
        "costly": ("2025-06", None),
        "recovered": ("2025-07", None),
        "closed": ("2025-08", None),
        "fades": ("2025-07", None),
        "controls": ("2025-04", None),
    }


def test_a_rehearsal_fires_where_the_service_did(heard: Heard, stage: Stage) -> None:
    """Each rule replayed over the same months opens at the same figures."""
    for name in RULES:
        answer = stage.client.post("/v1/rules/rehearse", json=saved(stage, name), params={"from": "2025-04"})
        assert answer.status_code == 200, answer.text
        first = [each["onset"] for each in answer.json()["alerts"]][:1]
        assert first == ([heard[name][0]] if name in heard else []), name


def test_a_shock_names_its_measure(before_the_fall: Stage) -> None:
    """The message of a shock carries the measure that it may answer to, also where no rule asks for it."""
    before_the_fall.client.put("/v1/measures/notice-18", json=CONTROLS)
    rule = {"name": "s", "desk": "metals", "scope": {"series": [MAGNETS]}, "condition": {"kind": "shock"}}
    before_the_fall.client.put("/v1/rules/shocks", json=rule)
    fall(before_the_fall)
    (alert,) = before_the_fall.client.get("/v1/alerts").json()["items"]
    events = before_the_fall.client.get(f"/v1/alerts/{alert['id']}").json()["events"]
    assert events[0]["payload"]["data"]["measure"]["day"] == "2025-04-04"


def test_a_message_says_the_episode_as_it_stood(before_the_fall: Stage) -> None:
    """No rule asks for it, and each figure's message holds what /v1/episodes answers as of that moment."""
    rule = {
        "name": "s",
        "desk": "metals",
        "scope": {"series": [MAGNETS]},
        "condition": {"kind": "level", "below": 4000},
    }
    assert before_the_fall.client.put("/v1/rules/low", json=rule).status_code == 200
    fall(before_the_fall)
    (alert,) = before_the_fall.client.get("/v1/alerts").json()["items"]
    events = before_the_fall.client.get(f"/v1/alerts/{alert['id']}").json()["events"]
    told = [each["payload"]["data"] for each in events]
    assert [each["period"] for each in told] == ["2025-04", "2025-05", "2025-06", "2025-07"]
    for data in told:
        said = data["episode"]
        answer = before_the_fall.client.get(f"/v1/episodes/{ID}", params={"as_of": data["known_from"]}).json()
        now = {**said, "types": said["types"]["now"]}
        assert now == {**{name: answer[name] for name in said}, "types": answer["types"]["now"]}
    assert [each["episode"]["status"] for each in told] == ["open", "open", "recovering", "recovering"]


def test_missing_facts_are_no_data(before_the_fall: Stage) -> None:
    """No sibling and no partner's imports: the months are silent, with the reason, and nothing fires."""
    fall(before_the_fall)
    for name, why in (("parted", "no sibling"), ("mirror", "partners' imports")):
        told = before_the_fall.client.post(
            "/v1/rules/rehearse", json=saved(before_the_fall, name), params={"from": "2025-04"}
        ).json()
        assert told["alerts"] == []
        assert {each["period"] for each in told["silent"]} == {
            f"2025-{month:02d}" for month in KNOWN if month > 3
        }
        assert why in told["silent"][0]["reason"]


def test_siblings_and_partners_are_looked_at(before_the_fall: Stage) -> None:
    """A sibling that rises while magnets fall, and imports far above the exports of April, are alerts."""
    stage = before_the_fall
    stage.register(name="magnet exports", family="rare-earths", reporter="CHN", hs_code="850511")
    stage.register("ores", family="rare-earths")
    stage.register("imports", reporter="USA", partner="CHN", hs_code="850511", tags=["imports"])
    noise = np.random.default_rng(3).normal(1, 0.02, 26)
    months = [Month.of(2023, 4) + step for step in range(26)]
    for name, level in (("ores", 1000), ("imports", 4600)):
        values = [round(value, 1) for value in level * noise]
        if name == "ores":
            values[-1] = 1600.0
        rows = [
            {
                "series_id": name,
                "month": str(month),
                "value": value,
                "known_from": f"{month + 1}-19T02:00:00Z",
            }
            for month, value in zip(months, values, strict=True)
        ]
        assert stage.upload(*rows, history="true").status_code == 200
    for name in ("parted", "mirror"):
        saved(stage, name)
    fall(stage)
    found = {each["rule_id"]: each["id"] for each in stage.client.get("/v1/alerts").json()["items"]}
    assert set(found) == {"parted", "mirror"}
    reasons = {
        name: stage.client.get(f"/v1/alerts/{alert}").json()["events"][0]["reason"]
        for name, alert in found.items()
    }
    assert "on the year ores" in reasons["parted"]
    assert "for 2,626 t sent in April 2025" in reasons["mirror"]
    path = f"/v1/series/{MAGNETS}/mirror"
    told = stage.client.get(path, params={"month": "2025-04"}).json()
    assert (told["partners"], told["month"], told["exports"], told["parted"]) == (
        ["imports"], "2025-04", 2626.0, True,
    )  # fmt: skip
    early = stage.client.get(path, params={"month": "2025-04", "as_of": "2025-06-01T00:00:00Z"}).json()
    assert (early["month"], early["score"]) == (None, None)
    assert "not held" in early["reason"]
    assert stage.client.get("/v1/series/ores/mirror").json()["partners"] == []
