"""Conditions on what forecasters had said answer yes, no or no data; rule and message say them in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from alert_facts import figure

from alerts.conditions import Answer, Condition, Missed, OutsideRange, Surprised
from alerts.errors import InvalidRuleError
from alerts.events import alert_event
from alerts.facts import Facts
from alerts.grammar import dump_condition, parse_condition
from alerts.rules import parse_rule
from alerts.stated import unstated_numbers
from alerts.step import step
from forecasting.against import Against

YES, NO, NO_DATA = Answer.YES, Answer.NO, Answer.NO_DATA
SAID = Against(
    "poll", "Poll of analysts", None, 5000.0, "range", 4500.0, 5400.0, 12,
    dt.datetime(2025, 6, 1, tzinfo=dt.UTC), -500.0, -10.0, -2.5, 8, True,
)  # fmt: skip
LOW = replace(figure(4500.0), against=(SAID,))
LOWER = replace(figure(4499.9), against=(replace(SAID, difference=-500.1, percent=-10.002),))
HIGH = replace(figure(5401.0), against=(replace(SAID, difference=401.0, percent=8.02, surprise=2.0),))
MET = replace(figure(5000.0), against=(replace(SAID, difference=0.0, percent=0.0, surprise=0.0),))


def known(**changes: Any) -> Facts:
    return replace(LOW, against=(replace(SAID, **changes),))


@pytest.mark.parametrize(
    ("condition", "facts", "answer"),
    [
        (Surprised("poll", 2.5), LOW, YES),
        (Surprised("poll", 2.6), LOW, NO),
        (Surprised("poll", 2), HIGH, YES),
        (Surprised("poll", 0.5), MET, NO),
        (Surprised("poll", 2), known(surprise=None, errors=7), NO_DATA),
        (Surprised("poll", 2), known(surprise=None), NO_DATA),
        (Surprised("poll", 2), known(surprise=None, percent=None, expected=0.0), NO_DATA),
        (Surprised("house", 2), LOW, NO_DATA),
        (Missed("poll", below_percent=10), LOW, YES),
        (Missed("poll", below_percent=10.1), LOW, NO),
        (Missed("poll", above_percent=1), LOW, NO),
        (Missed("poll", above_percent=8), HIGH, YES),
        (Missed("poll", beyond_percent=8), HIGH, YES),
        (Missed("poll", beyond_percent=8), LOW, YES),
        (Missed("poll", beyond_percent=9), HIGH, NO),
        (Missed("poll", below_percent=10), known(percent=None, expected=0.0), NO_DATA),
        (Missed("house", below_percent=10), LOW, NO_DATA),
        (OutsideRange("poll"), LOW, NO),
        (OutsideRange("poll"), LOWER, YES),
        (OutsideRange("poll", "below"), LOWER, YES),
        (OutsideRange("poll", "above"), LOWER, NO),
        (OutsideRange("poll"), HIGH, YES),
        (OutsideRange("poll"), known(bounds="interval_80"), NO_DATA),
        (OutsideRange("poll"), known(bounds=None, low=None, high=None), NO_DATA),
        (OutsideRange("house"), LOW, NO_DATA),
    ],
)
def test_each_condition_answers_with_its_reason(condition: Condition, facts: Facts, answer: Answer) -> None:
    """At the limit it holds; what the forecaster never said in time is no data and never a no."""
    found = condition.test(facts)
    assert found.answer is answer, found.reason
    assert found.reason
    gone = condition.test(replace(facts, value=None))
    assert (gone.answer, "withdrawn" in gone.reason) == (NO_DATA, True)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Surprised("poll", 2.0), "a surprise of at least 2 times the usual error of poll"),
        (Missed("poll", below_percent=10.0), "a figure at least 10 % below what poll expected"),
        (Missed("poll", beyond_percent=2.5), "a figure at least 2.5 % off what poll expected"),
        (OutsideRange("poll"), "a figure outside the whole range of poll"),
        (OutsideRange("poll", "above"), "a figure above the whole range of poll"),
    ],
)
def test_what_is_written_reads_back_and_reads_aloud(condition: Condition, words: str) -> None:
    """Each condition written as JSON is read back as itself, and is said in plain words."""
    assert parse_condition(dump_condition(condition)) == condition
    assert condition.in_words() == words


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"kind": "surprise", "against": "poll"}, "score_at_least"),
        ({"kind": "surprise", "score_at_least": 2}, "score_at_least"),
        (
            {"kind": "surprise", "against": "poll", "score_at_least": 2, "probability_at_most": 0.01},
            "probability_at_most",
        ),
        ({"kind": "surprise", "against": 5, "score_at_least": 2}, "a text is needed"),
        ({"kind": "miss", "below_percent": 10}, "$.against"),
        ({"kind": "miss", "against": "poll"}, "exactly one of"),
        ({"kind": "miss", "against": "poll", "below_percent": 1, "above_percent": 1}, "exactly one of"),
        ({"kind": "miss", "against": "poll", "below_percent": 101}, "does not lie"),
        ({"kind": "outside_range", "against": "poll", "side": "off"}, "is not one of"),
        ({"kind": "outside_range"}, "$.against"),
    ],
)
def test_what_cannot_be_meant_is_refused(raw: dict[str, object], reason: str) -> None:
    """A missing, wrong or unknown key is named and never ignored."""
    with pytest.raises(InvalidRuleError, match=reason.replace("$", r"\$")):
        parse_condition(raw)


def test_the_message_says_first_and_in_words_what_the_rule_asks_for() -> None:
    """The forecaster that a rule names comes first, with its surprise, and all numbers are fields."""
    others = tuple(replace(SAID, forecaster=f"a{place}", name=f"Bank {place}") for place in range(4))
    facts = replace(LOW, against=(*others, SAID))
    raw = {
        "name": "n",
        "desk": "metals",
        "scope": {"series": ["MAGNETS"]},
        "condition": {"kind": "surprise", "against": "poll", "score_at_least": 2},
    }
    rule = parse_rule(raw, rule_id="r", version=1)
    assert rule.forecasters == ("poll",)
    taken = step(rule, (), facts, version=lambda _: rule, counterfactual=lambda _: None)
    assert taken is not None
    assert taken.after is not None
    data = alert_event(taken.transitions[0], rule, taken.after, taken.facts)["data"]
    assert data["against"][0]["forecaster"] == "poll"
    assert (
        "Against Poll of analysts: 5,000 t from 12 answers (range 4,500 to 5,400 t), 10 % below, 2.5 times "
        "its usual error, a larger miss than the 8 held before it."
    ) in data["sentence"]
    assert data["transition"]["reason"] == (
        "10 % below the 5,000 t that Poll of analysts expected, 2.5 times its usual error on this series, "
        "and 2 times is the limit"
    )
    assert unstated_numbers(data) == ()


@pytest.mark.parametrize(
    ("surprise", "off", "said"),
    [
        (0.01, 0.04, "5,400 t), met within 5 % of its usual error."),
        (0.04, 2.0, "2 % above, within 5 % of its usual error."),
        (0.0, 0.0, "5,400 t), met."),
    ],
)
def test_a_small_miss_is_not_said_to_be_nothing_times_an_error(
    surprise: float, off: float, said: str
) -> None:
    """A forecast that was met, or nearly, is said to be so; the number stands in the message."""
    close = replace(SAID, surprise=surprise, difference=50 * off, percent=off, largest=False)
    facts = replace(LOW, value=5000 + 50 * off, against=(close,))
    raw = {
        "name": "n",
        "desk": "metals",
        "scope": {"series": ["MAGNETS"]},
        "condition": {
            "kind": "any",
            "of": [
                {"kind": "surprise", "against": "poll", "score_at_least": 2},
                {"kind": "level", "above": 1},
            ],
        },
    }
    rule = parse_rule(raw, rule_id="r", version=1)
    taken = step(rule, (), facts, version=lambda _: rule, counterfactual=lambda _: None)
    assert taken is not None
    assert taken.after is not None
    data = alert_event(taken.transitions[0], rule, taken.after, taken.facts)["data"]
    assert said in data["sentence"]
    assert "0.0 times" not in data["sentence"]
    assert unstated_numbers(data) == ()
    asked = parse_condition({"kind": "surprise", "against": "poll", "score_at_least": 2}).test(facts)
    assert "0.0 times" not in asked.reason


def test_a_rule_learns_nothing_of_another_desks_forecaster() -> None:
    """A rule kept against a forecaster that its desk may not see finds no data there."""
    raw = {
        "name": "n",
        "desk": "grains",
        "scope": {"series": ["MAGNETS"]},
        "condition": {"kind": "miss", "against": "poll", "below_percent": 1},
    }
    rule = parse_rule(raw, rule_id="r", version=1)

    def outcome(desk: str | None) -> str:
        facts = known(desk=desk)
        taken = step(rule, (), facts, version=lambda _: rule, counterfactual=lambda _: None)
        assert taken is not None
        return str(taken.evaluation.outcome)

    assert [outcome(desk) for desk in (None, "grains", "metals")] == ["breach", "breach", "no_data"]
