"""Rules on a series among its siblings: live and rehearsed alike, and no data where siblings are missing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from api_stage import Stage

from forecasting.months import Month
from services.storage import restrictions

FIRST, MONTHS = Month.of(2019, 1), 72
LAST = FIRST + (MONTHS - 1)
NAMES = ("compounds", "magnets", "metals", "ores")
RULES: dict[str, dict[str, Any]] = {
    "last": {"kind": "rank", "end": "last"},
    "first": {"kind": "rank", "end": "first"},
    "shrank": {"kind": "share", "direction": "down", "points_at_least": 5},
    "lost": {"kind": "substitution"},
    "gained": {"kind": "substitution", "side": "gained"},
}
HEARD = {
    ("last", "magnets"), ("shrank", "magnets"), ("lost", "magnets"), ("gained", "ores"), ("first", "ores"),
}  # fmt: skip
"""Rule and series of each alert of the last month: magnets, which led for years, lose what ores gain."""


def rows(names: tuple[str, ...], first: int, last: int) -> list[dict[str, Any]]:
    """Figures of some siblings: 100 t and noise; magnets grow by a fifth a year, and fall at last."""
    made = []
    for name in names:
        noise = np.random.default_rng(NAMES.index(name)).standard_normal(MONTHS)
        values = 100 * np.exp(0.05 * noise)
        if name == "magnets":
            values *= 1.2 ** (np.arange(MONTHS) / 12)
        values[-1] = {"magnets": 0.6, "ores": 2.2}.get(name, 1.05) * values[-13]
        for step in range(first, last):
            month = FIRST + step
            made.append({"series_id": name, "month": str(month), "value": round(float(values[step]), 3),
                         "known_from": f"{month + 1}-20T02:00:00Z"})  # fmt: skip
    return made


def saved(stage: Stage, name: str) -> dict[str, Any]:
    rule = {
        "name": name,
        "desk": "metals",
        "scope": {"families": ["rare-earths"]},
        "condition": RULES[name],
    }
    answer = stage.client.put(f"/v1/rules/{name}", json=rule)
    assert answer.status_code == 200, answer.text
    return rule


@pytest.fixture
def family(stage: Stage) -> Stage:
    """Six years of four siblings but for the last month, and a rule of each kind."""
    stage.at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for name in NAMES:
        stage.register(name, name=f"{name} exports", family="rare-earths")
    assert stage.upload(*rows(NAMES, 0, MONTHS - 1), history="true").status_code == 200
    for name in RULES:
        saved(stage, name)
    return stage


def heard(stage: Stage) -> dict[tuple[str, str], str]:
    """By rule and series why each alert opened."""
    items = stage.client.get("/v1/alerts").json()["items"]
    return {
        (each["rule_id"], each["series_id"]): stage.client.get(f"/v1/alerts/{each['id']}").json()["events"][
            0
        ]["reason"]
        for each in items
    }


def rehearsed(stage: Stage, name: str, **asked: Any) -> dict[str, Any]:
    asked = {"from": str(LAST), **asked}
    answer = stage.client.post("/v1/rules/rehearse", json=saved(stage, name), params=asked)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_rehearsal_says_what_live_said(family: Stage) -> None:
    """The month in which magnets lose to ores: the same alerts for the same reasons, live and rehearsed."""
    assert family.upload(*rows(NAMES, MONTHS - 1, MONTHS)).status_code == 200
    live = heard(family)
    assert set(live) == HEARD
    assert "magnets exports stands last of 4" in live["last", "magnets"]
    assert "of what the one lost" in live["lost", "magnets"] == live["gained", "ores"]
    for name in RULES:
        told = rehearsed(family, name)
        assert {(name, each["series_id"]): each["reason"] for each in told["alerts"]} == {
            which: reason for which, reason in live.items() if which[0] == name
        }
        assert told["silent"] == []


def test_siblings_that_came_later_were_not_known(family: Stage) -> None:
    """Magnets come alone: no data live and rehearsed, though the others came a day after; ores then tell."""
    (magnets,) = rows(("magnets",), MONTHS - 1, MONTHS)
    assert family.upload(magnets).status_code == 200
    assert heard(family) == {}
    others = rows(("compounds", "metals", "ores"), MONTHS - 1, MONTHS)
    later = f"{LAST + 1}-21T02:00:00Z"
    assert family.upload(*({**each, "known_from": later} for each in others)).status_code == 200
    assert set(heard(family)) == {("gained", "ores"), ("first", "ores")}
    for name, why in (
        ("last", "a ranking needs 3"),
        ("shrank", "no two siblings"),
        ("lost", "two are needed"),
    ):
        told = rehearsed(family, name)
        assert told["alerts"] == []
        assert [(each["series_id"], why in each["reason"]) for each in told["silent"]] == [("magnets", True)]


def test_a_desk_sees_no_sibling_that_is_kept_from_it(family: Stage) -> None:
    """Siblings that are kept for another desk are not there for a rule: nothing can be judged."""
    with family.engine.begin() as connection:
        others = [name for name in NAMES if name != "magnets"]
        restrictions.restrict(connection, others, source="comtrade", desk="others", now=family.at)
    assert family.upload(*rows(NAMES, MONTHS - 1, MONTHS)).status_code == 200
    assert heard(family) == {}
