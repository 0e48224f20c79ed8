"""A draft read by the grammar: aloud, or with each fault at the field of the form that it is of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from alerts.conditions import All, AnyOf, Condition, Level, Not
from alerts.errors import Fault, InvalidRuleError
from alerts.rules import Rule, parse_rule
from services.ingestion.json_text import JsonTextError
from services.queries import rules
from services.queries.series import SeriesRecord
from services.web.builder.drafts import Draft
from services.web.builder.kinds import KINDS, Control, Either

PLACES = (
    ("$.condition", "Opens when"),
    ("$.close_when", "Is over when"),
    ("$.escalate", "Graver when"),
    ("$.scope", "On which series"),
    ("$", ""),
)
"""Parts of a rule, as the form names them."""
FIELDS = {
    "name": "Name of the rule",
    "desk": "Desk",
    "months_to_open": "Opens for so many figures in a row",
    "months_to_close": "Is over for so many figures in a row",
    "cooldown_months": "Reopens instead within",
    "effective_from": "Only from",
    "effective_to": "and before",
    "inhibits": "An alert on a parent speaks for its children",
    "hs_prefixes": "HS code begins with",
}
"""Fields outside the conditions, as the form names them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A draft read: the rule with the series that it covers now, or every fault in it.

    ``names`` are of forecasters, by id.
    """

    rule: Rule | None = None
    covered: tuple[SeriesRecord, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def aloud(self) -> str:
        """The rule as a sentence; levels are figures in the unit of its series, where they share one."""
        return "" if self.rule is None else spoken(self.rule, self.covered, self.names)


def read(
    draft: Draft, visible: Sequence[SeriesRecord], names: Mapping[str, str] = MappingProxyType({})
) -> Reading:
    """What a draft says; its series are those of ``visible`` that it covers."""
    try:
        rule = parse_rule(draft.raw(), rule_id="draft", version=1)
    except InvalidRuleError as error:
        return Reading(faults=error.faults)
    except JsonTextError as error:
        return Reading(faults=(Fault("$", str(error), '{"name": "…"}'),))
    return Reading(rule, rules.covered(rule, visible), names)


def spoken(
    rule: Rule, covered: Sequence[SeriesRecord], names: Mapping[str, str] = MappingProxyType({})
) -> str:
    """A rule as a sentence: a figure below 3,000 is one below 3,000 t where all its series are in t."""
    units = {each.unit for each in covered}
    unit = f" {units.pop()}" if len(units) == 1 else ""
    told = rule.in_words(names)
    wholes = (rule.condition, rule.closing, *(step.when for step in rule.escalate))
    # without the article: what is denied is said as no figure below 3,000
    levels = {each.in_words().removeprefix("a ") for whole in wholes for each in _levels(whole)}
    for words in sorted(levels, key=len, reverse=True):
        alone = re.compile(rf"{re.escape(words)}(?![\d,.]*\d| %)")
        told = alone.sub(f"{words}{unit}", told)
    return re.sub(r"(a month (?:below|above) [\d,.]+)(?= within)", rf"\1{unit}", told)


def _levels(condition: Condition) -> Iterator[Level]:
    match condition:
        case Level():
            yield condition
        case All() | AnyOf():
            for part in condition.of:
                yield from _levels(part)
        case Not():
            yield from _levels(condition.of)
        case _:
            return


def place_of(path: str) -> str:
    """Where in the form a fault of the grammar stands: the part, which of its conditions, and the field."""
    for start, place in PLACES:
        if path.startswith(start):
            rest = path.removeprefix(start)
            which = re.search(r"\[(\d+)\]", rest)
            said = f"{place}, condition {int(which[1]) + 1}" if which and place else place
            name = re.sub(r"\[\d+\]", "", rest).rpartition(".")[2]
            return ": ".join(filter(None, (said, _field(name)))) or "The rule"
    return path


def _field(name: str) -> str:
    """The label of a field, by its name in the grammar; what holds others has none."""
    if name in {"of", "when", ""}:
        return ""
    labels = FIELDS | {
        key: control.label for kind in KINDS.values() for control in kind.controls for key in _keys(control)
    }
    return labels.get(name, name.replace("_", " ").capitalize())


def _keys(control: Control) -> tuple[str, ...]:
    return tuple(control.options) if isinstance(control, Either) else (control.name,)


def reason_of(fault: Fault) -> str:
    """Why it is a fault, without the JSON that whoever fills in a form does not write."""
    return re.sub(r"; \{[^}]*\}[^;]*", "", fault.reason)


def to_type(example: str) -> str:
    """An example of the grammar as it is typed in a field; empty where that cannot be said."""
    try:
        value = json.loads(example)
    except json.JSONDecodeError:
        return ""
    if not isinstance(value, dict):
        return _typed(value)
    parts = {name: _typed(each) for name, each in value.items() if name != "kind"}
    if not all(parts.values()):
        return ""
    if "kind" in value:  # which of several sides goes with the number
        return ", ".join(f"{name.replace('_', ' ')} {each}" for name, each in parts.items())
    return ", ".join(parts.values())


def _typed(value: object) -> str:
    match value:
        case str() | int() | float() if not isinstance(value, bool):
            return str(value)
        case list() if all(isinstance(each, str) for each in value):
            return ", ".join(value)
        case _:
            return ""
