"""A silence that would match nothing is refused with what may be meant: a desk, a label."""

from __future__ import annotations

from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem, key

RULE = {
    "name": "Low",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
    "labels": {"metal": "neodymium", "team": "east"},
}
ENDS = "2026-01-01T00:00:00Z"


@pytest.fixture
def desk(stage: Stage) -> Stage:
    """A desk with a rule and its labels, and another desk beside it."""
    stage.register()
    assert stage.client.put("/v1/rules/low", json=RULE).status_code == 200
    grains = {**RULE, "desk": "grains", "labels": {"metal": "none", "crop": "soy"}}
    assert stage.client.put("/v1/rules/soy", json=grains).status_code == 200
    return stage


def refused(stage: Stage, **given: Any) -> list[tuple[str, str, list[str]]]:
    """Path, reason and candidates of each fault of a silence that is refused; nothing of it is stored."""
    answer = stage.client.post("/v1/silences", json={"desk": "metals", "ends": ENDS, **given})
    told = assert_problem(answer, 422, "invalid-request")
    assert stage.rows()["silences"] == 0
    return [(each["path"], each["reason"], each["candidates"]) for each in told["faults"]]


def test_a_label_nobody_bears_is_refused_with_those_that_are_borne(desk: Stage) -> None:
    """A misspelt value is answered with those of its name, an unknown name with every label of the desk."""
    assert refused(desk, labels={"metal": "neodimium"}) == [
        ("body.labels", "there is no 'metal=neodimium'", ["metal=neodymium"])
    ]
    assert refused(desk, labels={"crop": "soy", "team": "east"}) == [
        ("body.labels", "there is no 'crop=soy'", ["metal=neodymium", "team=east"])
    ]


def test_labels_that_no_rule_bears_together_are_refused(desk: Stage) -> None:
    """Each label is borne by a rule and both by none: the silence would match nothing."""
    other = {**RULE, "labels": {"team": "west"}}
    assert desk.client.put("/v1/rules/west", json=other).status_code == 200
    assert refused(desk, labels={"metal": "neodymium", "team": "west"}) == [
        ("body.labels", "there is no 'metal=neodymium and team=west'", [])
    ]


def test_a_label_of_an_earlier_version_is_one(desk: Stage) -> None:
    """An alert lives on under the version that opened it, and can be silenced by the labels of that one."""
    assert desk.client.put("/v1/rules/low", json={**RULE, "labels": {}}).status_code == 200
    given = {"desk": "metals", "ends": ENDS, "labels": {"metal": "neodymium"}}
    assert desk.client.post("/v1/silences", json=given).status_code == 201


def test_a_desk_that_there_is_not_is_refused_with_those_that_there_are(desk: Stage) -> None:
    """A desk is named by a rule, an endpoint, a key or an alert; a silence alone makes none."""
    assert refused(desk, desk="metal") == [("body.desk", "there is no 'metal'", ["metals"])]
    headers = key(desk, "rules", desk="oil")
    made = desk.client.post("/v1/silences", json={"desk": "oil", "ends": ENDS}, headers=headers)
    assert made.status_code == 201, made.text
