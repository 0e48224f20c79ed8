"""A rule: what a desk asks to hear, on which series, how grave it is, and when it is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from alerts.conditions import Condition, Not, Recovered, forecasters_of, named, over_at
from alerts.grammar import EXAMPLES, dump_condition, read_condition
from alerts.parsing import Faults, Reader
from alerts.scope import EXAMPLE as SCOPE_EXAMPLE
from alerts.scope import Scope, dump_scope, read_scope


class Severity(StrEnum):
    """How grave an alert is, in rising order."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for critical."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Step:
    """A graver condition and the severity that it gives."""

    severity: Severity
    when: Condition


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule; an alert lives out its life under the version that opened it.

    Attributes
    ----------
    condition
        What opens an alert, once it held for ``months_to_open`` figures in a row.
    close_when
        What closes it, once it held for ``months_to_close`` figures in a row; None is the condition's end.
    escalate
        Steps to other severities; the gravest whose condition holds is the figure's severity.
    cooldown_months
        A breach within so many months of the closing reopens the alert instead of opening another.
    effective_from, effective_to
        Figures known from the first and before the second may open an alert; what is open lives on.
    inhibits
        CHILDREN where an alert on a parent speaks for those on its children (alerts.parents); else None.
    """

    id: str
    version: int
    name: str
    desk: str
    scope: Scope
    condition: Condition
    severity: Severity = Severity.WARNING
    months_to_open: int = 1
    months_to_close: int = 1
    close_when: Condition | None = None
    escalate: tuple[Step, ...] = ()
    cooldown_months: int = 0
    labels: tuple[tuple[str, str], ...] = ()
    note: str = ""
    effective_from: dt.datetime | None = None
    effective_to: dt.datetime | None = None
    inhibits: str | None = None
    needs: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        conditions = [self.condition, self.closing, *(step.when for step in self.escalate)]
        object.__setattr__(self, "needs", frozenset().union(*(each.needs for each in conditions)))

    @property
    def closing(self) -> Condition:
        """The condition that closes: its own, or that what opened no longer holds."""
        return self.close_when if self.close_when is not None else Not(self.condition)

    @property
    def forecasters(self) -> tuple[str, ...]:
        """Ids of the forecasters that it sets a figure against, each once."""
        named = [self.condition, self.closing, *(step.when for step in self.escalate)]
        return tuple(dict.fromkeys(each for one in named for each in forecasters_of(one)))

    def effective(self, known_from: dt.datetime) -> bool:
        """True where a figure known from this moment may open an alert."""
        started = self.effective_from is None or known_from >= self.effective_from
        return started and (self.effective_to is None or known_from < self.effective_to)

    def in_words(self, names: Mapping[str, str] = MappingProxyType({})) -> str:
        """The whole rule as one sentence; ``names`` of forecasters by their ids, else the id is said."""
        opens = f"{self.severity.capitalize()} to {self.desk} on {named(self.condition, names).in_words()}"
        if self.months_to_open > 1:
            opens += f" for {self.months_to_open} figures in a row"
        closing = None if self.close_when is None else named(self.close_when, names).in_words()
        closes = "over " + ("when that no longer holds" if closing is None else over_at(closing))
        if self.months_to_close > 1:
            closes += f" for {self.months_to_close} figures in a row"
        steps = "".join(
            f"; {step.severity} on {named(step.when, names).in_words()}" for step in self.escalate
        )
        spoken = "; an alert on a parent speaks for its children" if self.inhibits == CHILDREN else ""
        return f"{opens}{steps}; {closes}{spoken}."


CHILDREN = "children"
"""What a rule may inhibit: alerts on series that are children of one with an open alert of the same rule."""

RULE_EXAMPLE: dict[str, Any] = {
    "name": "Magnet shocks",
    "desk": "rare-earths",
    "scope": SCOPE_EXAMPLE,
    "condition": EXAMPLES["shock"],
    "severity": "warning",
    "escalate": [{"severity": "critical", "when": EXAMPLES["record"]}],
    "months_to_open": 1,
    "months_to_close": 2,
    "close_when": {"kind": "recovered"},
    "cooldown_months": 3,
    "labels": {"metal": "neodymium"},
    "note": "Call the buyers first.",
    "effective_from": "2025-01-01T00:00:00+00:00",
    "effective_to": "2030-01-01T00:00:00+00:00",
    "inhibits": CHILDREN,
}
"""A rule that works, with every key that may be set."""


MOST_STEPS = 8
MOST_LABELS = 20
LONGEST_NOTE = 2_000
"""Bounds of a rule, in steps, labels and characters: with those of its texts and conditions they keep what is
said of an alert within a body that receivers take."""


def parse_rule(raw: object, *, rule_id: str, version: int, saved: bool = False) -> Rule:
    """The rule that a JSON object says, under the id and version given; InvalidRuleError with all faults.

    One that was ``saved`` is read without bounds: they are for what is still to be saved.
    """
    faults = Faults(bounded=not saved)
    reader = Reader(raw, "$", faults, RULE_EXAMPLE)
    rule = Rule(
        id=rule_id,
        version=version,
        name=reader.text("name"),
        desk=reader.text("desk"),
        scope=read_scope(reader),
        condition=_required(reader, "condition"),
        severity=Severity(reader.choice("severity", tuple(Severity), default="warning")),
        months_to_open=reader.whole("months_to_open", default=1, least=1, most=24),
        months_to_close=reader.whole("months_to_close", default=1, least=1, most=24),
        close_when=_optional(reader, "close_when"),
        escalate=_steps(reader),
        cooldown_months=reader.whole("cooldown_months", default=0, least=0, most=60),
        labels=_labels(reader),
        note=reader.text("note", default="", longest=LONGEST_NOTE),
        effective_from=reader.moment("effective_from"),
        effective_to=reader.moment("effective_to"),
        inhibits=reader.choice("inhibits", (CHILDREN,)) if reader.has("inhibits") else None,
    )
    reader.finish()
    if rule.effective_from and rule.effective_to and rule.effective_from >= rule.effective_to:
        reader.fault("effective_to", "does not come after effective_from")
    faults.raise_any()
    return rule


def dump_rule(rule: Rule) -> dict[str, Any]:
    """JSON object that parse_rule reads back into the same rule; id and version stand beside it."""
    return {
        "name": rule.name,
        "desk": rule.desk,
        "scope": dump_scope(rule.scope),
        "condition": dump_condition(rule.condition),
        "severity": str(rule.severity),
        "months_to_open": rule.months_to_open,
        "months_to_close": rule.months_to_close,
        "close_when": None if rule.close_when is None else dump_condition(rule.close_when),
        "escalate": [
            {"severity": str(step.severity), "when": dump_condition(step.when)} for step in rule.escalate
        ],
        "cooldown_months": rule.cooldown_months,
        "labels": dict(rule.labels),
        "note": rule.note,
        "effective_from": rule.effective_from and rule.effective_from.isoformat(),
        "effective_to": rule.effective_to and rule.effective_to.isoformat(),
        "inhibits": rule.inhibits,
    }


def _required(rule: Reader, key: str) -> Condition:
    raw = rule.raw(key)
    return Recovered() if raw is None else read_condition(raw, rule.at(key), rule.faults)


def _optional(rule: Reader, key: str) -> Condition | None:
    return read_condition(rule.raw(key), rule.at(key), rule.faults) if rule.has(key) else None


def _steps(rule: Reader) -> tuple[Step, ...]:
    raw = rule.raw("escalate") if rule.has("escalate") else []
    if not isinstance(raw, list):
        rule.fault("escalate", "a list of steps is needed")
        return ()
    rule.count("escalate", len(raw), MOST_STEPS, "steps")
    steps = []
    for place, each in enumerate(raw):
        reader = Reader(each, f"$.escalate[{place}]", rule.faults, RULE_EXAMPLE["escalate"][0])
        severity = Severity(reader.choice("severity", tuple(Severity)))
        when = reader.raw("when")
        if when is not None:
            steps.append(Step(severity, read_condition(when, reader.at("when"), rule.faults)))
        reader.finish()
    return tuple(steps)


def _labels(rule: Reader) -> tuple[tuple[str, str], ...]:
    raw = rule.raw("labels") if rule.has("labels") else {}
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        rule.fault("labels", "an object of texts is needed")
        return ()
    rule.count("labels", len(raw), MOST_LABELS, "labels")
    for name, value in raw.items():
        rule.bounded("labels", name)
        rule.bounded("labels", value)
    return tuple(sorted(raw.items()))
