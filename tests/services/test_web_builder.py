"""The rule builder: what its form holds is what the grammar reads, both ways, for every kind there is."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.errors import InvalidRuleError
from alerts.grammar import EXAMPLE_AGAINST, EXAMPLES
from alerts.rules import RULE_EXAMPLE, dump_rule, parse_rule
from services.queries.series import SeriesRecord
from services.web.builder.drafts import draft_of, new_draft, read_draft
from services.web.builder.kinds import KINDS, defaults, number, raw_condition
from services.web.builder.readings import place_of, reason_of, spoken, to_type
from services.web.builder.readings import read as reading

DEMO = json.loads((Path(__file__).parents[2] / "services/demo/rules.json").read_text(encoding="utf-8"))
PLAIN = {"name": "r", "desk": "d", "scope": {"series": ["S"]}}
NESTED = {
    "kind": "all",
    "of": [{"kind": "any", "of": [{"kind": "shock"}, {"kind": "recovered"}]}, {"kind": "shock"}],
}


def read(raw: object) -> Any:
    return parse_rule(raw, rule_id="r", version=1)


@pytest.mark.parametrize(
    "raw",
    [
        RULE_EXAMPLE,
        *DEMO.values(),
        *({**PLAIN, "condition": each} for each in EXAMPLES.values()),
        *({**PLAIN, "condition": {"kind": "not", "of": EXAMPLES[kind]}} for kind in ("shock", "level")),
        {**PLAIN, "condition": {"kind": "record", "direction": "lowest"}},
        {**PLAIN, "condition": {"kind": "episode", "state": "closed"}},
        {**PLAIN, "condition": EXAMPLE_AGAINST},
        {**PLAIN, "condition": {"kind": "share"}},
        {**PLAIN, "condition": {"kind": "miss", "against": "p", "beyond_percent": 3}},
        {**PLAIN, "condition": NESTED},
        {**PLAIN, "scope": {"all": True}, "condition": EXAMPLES["level"]},
    ],
    ids=lambda raw: raw["name"] + "-" + raw["condition"]["kind"],
)
def test_a_saved_rule_is_shown_and_said_as_the_same(raw: dict[str, Any]) -> None:
    """The form of a rule says that rule again, nothing added and nothing lost."""
    rule = read(raw)
    assert read(draft_of(dump_rule(rule)).raw()) == rule


def test_every_kind_of_the_grammar_can_be_built() -> None:
    """A kind that the grammar learns stands in the builder too; those that join others are its groups."""
    assert {each.kind for each in KINDS.values()} == EXAMPLES.keys() - {"all", "any", "not"}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_begins_with_what_can_be_read(name: str) -> None:
    """The values that a control shows before anybody has touched it make a rule."""
    rule = read({**PLAIN, "condition": raw_condition(name, defaults(name))})
    assert rule.condition.in_words()


def test_what_nests_deeper_than_the_form_is_text() -> None:
    """Such a rule is shown as JSON, which says the same; all else as controls."""
    assert draft_of(dump_rule(read({**PLAIN, "condition": NESTED}))).text is not None
    assert all(draft_of(dump_rule(read(raw))).text is None for raw in DEMO.values())


def test_a_button_adds_and_removes_conditions() -> None:
    """Two conditions are joined; without the second the first stands alone again."""
    form = {"name": ["r"], "desk": ["d"], "series": ["S"], "when.0.kind": ["shock"], "when.join": ["all"]}
    longer = read_draft({**form, "add": ["when"]})
    assert [each.name for each in longer.when.clauses] == ["shock", "level"]
    assert read(longer.raw()).condition.in_words() == "a downward shock and a figure below 3,000"
    typed = {**form, "when.1.kind": ["level"], "when.1.side": ["below"], "when.1.limit": ["3,000"]}
    assert read_draft({**typed, "remove": ["when.0"]}).when.clauses[0].name == "level"


def test_a_kind_that_was_changed_begins_anew() -> None:
    """The values of the kind before do not leak into the next."""
    form = {
        "when.0.kind": ["change"],
        "when.0.was": ["level"],
        "when.0.limit": ["3000"],
        "when.0.side": ["below"],
    }
    assert read_draft(form).when.clauses[0].values == defaults("change")


def test_what_is_missing_is_a_fault_of_the_grammar() -> None:
    """An empty form is no error of ours: the grammar says what a rule needs."""
    with pytest.raises(InvalidRuleError) as caught:
        read(new_draft(desk="").raw())
    assert {fault.path for fault in caught.value.faults} == {"$.name", "$.desk", "$.scope"}


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("3000", 3000),
        ("3,000", 3000),
        ("1 234 567.5", 1234567.5),
        ("0.01", 0.01),
        ("3,5", "3,5"),
        ("few", "few"),
        ("1_238", "1_238"),
        ("nan", "nan"),
        ("\uff11\uff12", "\uff11\uff12"),
        ("-.5e3", -500),
        (" ", None),
    ],
)
def test_numbers_are_read_as_desks_type_them(typed: str, read_as: object) -> None:
    """Thousands may be parted; what is no number is left for the grammar to refuse, never guessed."""
    assert number(typed) == read_as


def test_a_fault_names_the_field_and_what_to_type() -> None:
    """Whoever fills in a form is told its words, and no JSON."""
    draft = read_draft(
        {"name": [""], "when.0.kind": ["record"], "when.0.was": ["record"], "when.0.years": ["many"]}
    )
    told = {place_of(fault.path): to_type(fault.example) for fault in reading(draft, []).faults}
    assert {"Name of the rule", "Desk", "On which series", "Opens when: In how many years"} <= told.keys()
    assert told["Opens when: In how many years"].isdigit()
    assert not [typed for typed in told.values() if set(typed) & set('{}[]"')]
    assert told["Name of the rule"] == "Magnet shocks"
    assert not [fault for fault in reading(draft, []).faults if "{" in reason_of(fault)]
    assert place_of("$.condition.of[1].below") == "Opens when, condition 2: Level, in the unit of the series"


def test_a_level_is_said_of_a_figure_in_its_unit() -> None:
    """In the unit that all its series share, and in none where they differ."""
    rule = read({**PLAIN, "condition": {"kind": "level", "below": 3000}})
    tonnes = SeriesRecord("S", "S", "t")
    assert "on a figure below 3,000 t;" in spoken(rule, [tonnes])
    assert "on a figure below 3,000;" in spoken(rule, [tonnes, replace(tonnes, unit="kg")])
    denied = read({**PLAIN, "condition": {"kind": "not", "of": {"kind": "level", "below": 3000}}})
    assert "on no figure below 3,000 t;" in spoken(denied, [tonnes])
    ahead = read({**PLAIN, "condition": EXAMPLES["forecast"]})
    assert re.search(r"a month (below|above) [\d,.]+ t within", spoken(ahead, [tonnes]))
