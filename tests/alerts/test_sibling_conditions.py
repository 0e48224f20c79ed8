"""Conditions on a series among its siblings answer yes, no or no data, and sentences agree with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from alert_facts import MAY, figure, run, step

from alerts.conditions import Answer, Condition, Not, Ranked, ShareMoved, Substituted
from alerts.errors import InvalidRuleError
from alerts.events import alert_event
from alerts.facts import Facts
from alerts.grammar import dump_condition, parse_condition
from alerts.rules import parse_rule
from alerts.stated import unstated_numbers
from forecasting.shocks.ranks import RankShift
from forecasting.shocks.share_shifts import ShareShift
from forecasting.shocks.substitution import Substitution, Usual

YES, NO, NO_DATA = Answer.YES, Answer.NO, Answer.NO_DATA
BARE = figure(60.0)
NAMES = (("MAGNETS", "magnet exports"), ("ORES", "ore exports of HS 2612"))
LAST = RankShift("MAGNETS", MAY, "last", 4, 4, -0.4, 1.0, 0.02, 71, 0)
FELL = ShareShift("MAGNETS", MAY, 0.2, 0.255, 3, -0.4, -6.1, 0.02, 60, 0)
LOST = Substitution(
    Usual("MAGNETS", 60, 100, 0.0), Usual("ORES", 130, 100, 0.0), MAY, "t", 40.0, 30.0, 0.75
)  # fmt: skip
GAINED = replace(LOST, fell=LOST.rose, rose=LOST.fell)


def told(**found: Any) -> Facts:
    """A figure of which the family shows something, or a reason why it cannot be judged."""
    return replace(BARE, sibling_names=NAMES, **found)


RANKED, SHIFTED, MATCHED = told(rank_shifts=(LAST,)), told(share_shifts=(FELL,)), told(substitutions=(LOST,))


@pytest.mark.parametrize(
    ("condition", "facts", "answer"),
    [
        (Ranked(), RANKED, YES),
        (Ranked("last"), RANKED, YES),
        (Ranked("first"), RANKED, NO),
        (Ranked(), told(rank_shifts=()), NO),
        (Ranked(), told(rank_shifts="2 siblings hold a change"), NO_DATA),
        (Ranked(), BARE, NO_DATA),
        (Not(Ranked()), told(rank_shifts="2 siblings hold a change"), NO_DATA),
        (ShareMoved(), SHIFTED, YES),
        (ShareMoved("down"), SHIFTED, YES),
        (ShareMoved("up"), SHIFTED, NO),
        (ShareMoved("down", 5.5), SHIFTED, YES),
        (ShareMoved("down", 5.6), SHIFTED, NO),
        (ShareMoved(), told(share_shifts=()), NO),
        (ShareMoved(), told(share_shifts="10 earlier shifts"), NO_DATA),
        (ShareMoved(), BARE, NO_DATA),
        (Substituted(), MATCHED, YES),
        (Substituted("gained"), MATCHED, NO),
        (Substituted("any"), MATCHED, YES),
        (Substituted("gained"), told(substitutions=(GAINED,)), YES),
        (Substituted("lost", 75), MATCHED, YES),
        (Substituted("lost", 76), MATCHED, NO),
        (Substituted(), told(substitutions=()), NO),
        (Substituted(), told(substitutions="units differ"), NO_DATA),
        (Substituted(), BARE, NO_DATA),
    ],
)
def test_each_condition_answers_with_its_reason(condition: Condition, facts: Facts, answer: Answer) -> None:
    """The answer is as stated, with words; what cannot be judged is no data and never a no."""
    found = condition.test(facts)
    assert found.answer is answer, found.reason
    assert found.reason
    assert "withdrawn" in condition.test(replace(facts, value=None)).reason
    assert condition.test(replace(facts, value=None)).answer is NO_DATA


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Ranked("last"), "a change on the year that is last among its siblings, as it rarely is"),
        (Ranked(), "a change on the year that is first or last among its siblings, as it rarely is"),
        (
            ShareMoved("down", 5.0),
            "a share of the family's sum that fell by at least 5 points on the year, as it rarely does",
        ),
        (ShareMoved(), "a share of the family's sum that moved on the year, as it rarely does"),
        (Substituted(), "a loss of which a sibling gained at least 50 % in the same month"),
        (Substituted("gained", 80.0), "a gain of at least 80 % of what a sibling lost in the same month"),
    ],
)
def test_what_is_written_reads_back_and_reads_aloud(condition: Condition, words: str) -> None:
    """Each condition written as JSON is read back as itself, and is said in plain words."""
    assert parse_condition(dump_condition(condition)) == condition
    assert condition.in_words() == words


@pytest.mark.parametrize(
    "raw",
    [
        {"kind": "rank", "end": "middle"},
        {"kind": "rank", "direction": "down"},
        {"kind": "share", "points_at_least": -1},
        {"kind": "share", "points_at_least": 101},
        {"kind": "substitution", "side": "lost", "matched_percent": 49},
        {"kind": "substitution", "share": 0.5},
    ],
)
def test_what_cannot_be_meant_is_refused(raw: dict[str, object]) -> None:
    """A wrong or unknown key is a fault and never ignored."""
    with pytest.raises(InvalidRuleError):
        parse_condition(raw)


@pytest.mark.parametrize(
    ("condition", "facts", "said"),
    [
        (
            {"kind": "rank"},
            RANKED,
            (
                "Why it is told: magnet exports stands last of 4 by its change on the year in May 2025 (-40 "
                "%), where its median rank is 1: as far from it in 0 of 71 earlier months."
            ),
        ),
        ({"kind": "share"}, SHIFTED, "magnet exports was 20.0 % of the sum of 3 siblings in May 2025"),
        ({"kind": "substitution"}, MATCHED, "ore exports of HS 2612 to 130 t, 30 t above: 75 % of what"),
    ],
)
def test_the_message_says_what_the_family_shows(condition: dict[str, Any], facts: Facts, said: str) -> None:
    """An alert that opens says by name what its reason says, and no number that is no field of it."""
    raw = {"name": "n", "desk": "d", "scope": {"series": ["MAGNETS"]}, "condition": condition}
    rule = parse_rule(raw, rule_id="r", version=1)
    state, (opened,) = step(rule, None, facts)
    assert state is not None
    data = alert_event(opened, rule, state, facts)["data"]
    assert said in data["sentence"]
    assert data["transition"]["reason"] in data["sentence"]
    assert unstated_numbers(data) == ()


def test_no_data_neither_opens_nor_closes() -> None:
    """A month in which siblings are missing leaves an alert open as it stood."""
    raw = {"name": "n", "desk": "d", "scope": {"series": ["MAGNETS"]}, "condition": {"kind": "rank"}}
    rule = parse_rule(raw, rule_id="r", version=1)
    state, kinds = run(rule, RANKED, replace(figure(61.0, type(MAY)(MAY.first + 1)), rank_shifts="too few"))
    assert state is not None
    assert (str(state.status), kinds) == ("opened", ["opened", "updated"])
