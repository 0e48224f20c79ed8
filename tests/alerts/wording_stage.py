"""A rule for shocks, and what it says of figures: for tests of wording."""

from __future__ import annotations

from typing import Any

from alert_facts import step

from alerts.events import alert_event
from alerts.facts import Facts
from alerts.rules import parse_rule
from alerts.stated import unstated_numbers

SHOCKS = parse_rule(
    {
        "name": "Shocks of 2025",
        "desk": "metals",
        "scope": {"series": ["MAGNETS"]},
        "condition": {"kind": "shock"},
        "close_when": {"kind": "recovered"},
        "months_to_close": 2,
    },
    rule_id="shocks",
    version=1,
)
NAME = "China's rare-earth magnet exports"


def spoken(rule: Any, *figures: Facts) -> list[str]:
    """Sentences of what a rule makes of figures, one after the other; each number in them is a field."""
    state, sentences = None, []
    for facts in figures:
        state, moved = step(rule, state, facts)
        for each in moved:
            assert state is not None
            data = alert_event(each, rule, state, facts)["data"]
            assert unstated_numbers(data) == ()
            sentences.append(data["sentence"])
    return sentences
