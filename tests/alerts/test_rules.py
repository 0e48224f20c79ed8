"""Rules are read whole or refused with every fault, and written back as they were."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import InvalidRuleError
from alerts.grammar import EXAMPLES, dump_condition, parse_condition
from alerts.rules import RULE_EXAMPLE, dump_rule, parse_rule


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_every_example_works_and_comes_back(kind: str) -> None:
    """The example of each kind of condition is read, and written back unchanged in meaning."""
    condition = parse_condition(EXAMPLES[kind])
    assert parse_condition(dump_condition(condition)) == condition


def _nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = st.lists(children, min_size=1, max_size=3)
    return st.one_of(
        parts.map(lambda of: {"kind": "all", "of": of}),
        parts.map(lambda of: {"kind": "any", "of": of}),
        children.map(lambda of: {"kind": "not", "of": of}),
    )


LEAVES = st.sampled_from([EXAMPLES[kind] for kind in EXAMPLES if kind not in {"all", "any", "not"}])


@given(st.recursive(LEAVES, _nested, max_leaves=6))
def test_any_composition_comes_back(raw: dict[str, Any]) -> None:
    """Whatever is composed of conditions reads back as itself, or is refused for its depth."""
    try:
        condition = parse_condition(raw)
    except InvalidRuleError as error:
        assert all("nested" in fault.reason for fault in error.faults)  # noqa: PT017  # the reason is the promise
    else:
        assert parse_condition(dump_condition(condition)) == condition


def test_the_rule_example_works_and_comes_back() -> None:
    """A rule with every key set reads back as itself."""
    rule = parse_rule(RULE_EXAMPLE, rule_id="r", version=3)
    assert parse_rule(dump_rule(rule), rule_id="r", version=3) == rule
    assert dump_rule(rule) == RULE_EXAMPLE


BAD: list[tuple[str, Any, str]] = [
    ("name", "", "$.name"),
    ("name", None, "$.name"),
    ("desk", 3, "$.desk"),
    ("scope", {}, "$.scope"),
    ("scope", {"serie": ["A"]}, "$.scope.serie"),
    ("scope", {"series": "A"}, "$.scope.series"),
    ("condition", None, "$.condition"),
    ("condition", {}, "$.condition.kind"),
    ("condition", [], "$.condition"),
    ("condition", {"kind": "level"}, "$.condition"),
    ("condition", {"kind": "level", "below": 1, "above": 2}, "$.condition"),
    ("condition", {"kind": "level", "below": True}, "$.condition.below"),
    ("condition", {"kind": "level", "below": float("nan")}, "$.condition.below"),
    ("condition", {"kind": "level", "below": 1, "abov": 2}, "$.condition.abov"),
    ("condition", {"kind": "change", "on": "week", "up_percent": 1}, "$.condition.on"),
    ("condition", {"kind": "change", "on": "month", "down_percent": 101}, "$.condition.down_percent"),
    ("condition", {"kind": "record", "direction": "lowest", "years": 0}, "$.condition.years"),
    ("condition", {"kind": "surprise", "probability_at_most": 0.9}, "$.condition.probability_at_most"),
    ("condition", {"kind": "shock", "direction": "sideways"}, "$.condition.direction"),
    ("condition", {"kind": "all", "of": []}, "$.condition.of"),
    ("condition", {"kind": "any", "of": [{"kind": "shok"}]}, "$.condition.of[0].kind"),
    ("condition", {"kind": "not"}, "$.condition.of"),
    ("severity", "dire", "$.severity"),
    ("months_to_open", 0, "$.months_to_open"),
    ("months_to_close", 1.5, "$.months_to_close"),
    ("escalate", {"severity": "critical"}, "$.escalate"),
    ("escalate", [{"severity": "critical"}], "$.escalate[0].when"),
    ("labels", {"a": 1}, "$.labels"),
    ("effective_from", "yesterday", "$.effective_from"),
    ("effective_to", "2025-01-01T00:00:00", "$.effective_to"),
    ("effective_to", "2024-01-01T00:00:00Z", "$.effective_to"),
    ("effectiv", "2024-01-01T00:00:00Z", "$.effectiv"),
]


@pytest.mark.parametrize(("key", "value", "path"), BAD)
def test_a_bad_rule_is_refused_at_the_path_of_its_fault(key: str, value: Any, path: str) -> None:
    """One bad value gives one fault, at its path, with a reason and an example."""
    with pytest.raises(InvalidRuleError) as caught:
        parse_rule({**RULE_EXAMPLE, key: value}, rule_id="r", version=1)
    (fault,) = caught.value.faults
    assert fault.path == path
    assert fault.reason
    assert fault.example


def test_all_faults_are_listed_at_once() -> None:
    """Three faults in one rule are three faults in one error, in the order of the text."""
    raw = {**RULE_EXAMPLE, "desk": "", "condition": {"kind": "level"}, "months_to_open": "two"}
    with pytest.raises(InvalidRuleError) as caught:
        parse_rule(raw, rule_id="r", version=1)
    assert [fault.path for fault in caught.value.faults] == ["$.desk", "$.condition", "$.months_to_open"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(RULE_EXAMPLE)), JSON)
def test_no_value_breaks_the_reader(key: str, value: Any) -> None:
    """Whatever JSON stands at a key, the rule is read or refused with typed faults, and left as it was."""
    raw = {**RULE_EXAMPLE, key: value}
    before = copy.deepcopy(raw)
    try:
        parse_rule(raw, rule_id="r", version=1)
    except InvalidRuleError as error:
        assert error.faults  # noqa: PT017  # either way of ending is kept
    assert repr(raw) == repr(before)


@pytest.mark.parametrize("raw", [None, 3, "rule", [], True])
def test_what_is_no_object_is_refused(raw: object) -> None:
    """A rule that is no object is refused and not crashed on."""
    with pytest.raises(InvalidRuleError):
        parse_rule(raw, rule_id="r", version=1)


def test_a_budget_is_a_surprise() -> None:
    """A surprise asked for as alarms a year spends half of the year's budget on each side, month by month."""
    assert parse_condition({"kind": "surprise", "alarms_per_year": 0.24}) == parse_condition(
        {"kind": "surprise", "probability_at_most": 0.01}
    )


def test_effective_dates_bound_what_may_open() -> None:
    """A rule is effective from its first moment on and before its last."""
    rule = parse_rule(RULE_EXAMPLE, rule_id="r", version=1)
    assert rule.effective(dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    assert not rule.effective(dt.datetime(2024, 12, 31, tzinfo=dt.UTC))
    assert not rule.effective(dt.datetime(2030, 1, 1, tzinfo=dt.UTC))


def test_a_rule_says_itself() -> None:
    """The whole rule reads as one sentence."""
    assert parse_rule(RULE_EXAMPLE, rule_id="r", version=1).in_words() == (
        "Warning to rare-earths on a downward shock; critical on the lowest in 5 years; over when back "
        "inside the 80 % interval that was forecast before it began for 2 figures in a row; an alert on "
        "a parent speaks for its children."
    )


LOW = {"kind": "level", "below": 3000}
SHOCK = {"kind": "shock"}
DOWN = {"kind": "change", "on": "month", "down_percent": 10}


def _saying(**said: object) -> dict[str, object]:
    return {"name": "n", "desk": "metals", "scope": {"series": ["MAGNETS"]}, **said}


@pytest.mark.parametrize(
    ("denied", "opens", "closes"),
    [
        (LOW, "no figure below 3,000", "when there is no figure below 3,000"),
        (DOWN, "not down at least 10 % on the month", "when it is not down at least 10 % on the month"),
        (
            {"kind": "record", "direction": "lowest", "years": 5},
            "not the lowest in 5 years",
            "when it is not the lowest in 5 years",
        ),
        (
            {"kind": "any", "of": [SHOCK, LOW]},
            "neither a shock nor a figure below 3,000",
            "when it is neither a shock nor a figure below 3,000",
        ),
        (
            {"kind": "all", "of": [SHOCK, LOW]},
            "not both a shock and a figure below 3,000",
            "when it is not both a shock and a figure below 3,000",
        ),
        ({"kind": "not", "of": SHOCK}, "a shock", "with a shock"),
    ],
)
def test_what_is_denied_is_said_as_a_person_says_it(denied: object, opens: str, closes: str) -> None:
    """A condition turned round reads as English, where it opens and where it closes."""
    raw = {"kind": "not", "of": denied}
    rule = parse_rule(_saying(condition=raw, close_when=raw), rule_id="r", version=1)
    assert rule.in_words() == f"Warning to metals on {opens}; over {closes}."


def test_a_rule_says_a_forecaster_by_its_name() -> None:
    """Wherever in a rule a forecaster stands its name is said, and its id where no name is known."""
    miss = {"kind": "miss", "against": "poll", "below_percent": 10}
    both = {"kind": "all", "of": [{"kind": "not", "of": miss}, LOW]}
    step = {"severity": "critical", "when": {"kind": "outside_range", "against": "bank"}}
    rule = parse_rule(_saying(condition=both, close_when=miss, escalate=[step]), rule_id="r", version=1)
    assert rule.in_words({"poll": "Poll of analysts"}) == (
        "Warning to metals on no figure at least 10 % below what Poll of analysts expected and a figure "
        "below 3,000; critical on a figure outside the whole range of bank; over with a figure at least "
        "10 % below what Poll of analysts expected."
    )
    assert "what poll expected" in rule.in_words()
