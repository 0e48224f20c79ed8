"""A rule while it is being built: what a form holds, the JSON that it says, and the form of a saved rule."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from services.ingestion.json_text import json_of
from services.web.builder.kinds import KINDS, defaults, number, raw_condition, values_of

_T = TypeVar("_T")
Form = Mapping[str, Sequence[str]]

DESCRIBED = ("families", "tags", "reporters", "partners", "commodities", "hs_prefixes")
COUNTS = ("months_to_open", "months_to_close", "cooldown_months")
GROUPS = ("when", "close")
MOST_CLAUSES = 12


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of the form: its word, its controls, and whether it must not hold."""

    name: str
    values: Mapping[str, str]
    negated: bool = False

    def raw(self) -> dict[str, Any]:
        """The JSON that it says."""
        raw = raw_condition(self.name, self.values)
        return {"kind": "not", "of": raw} if self.negated else raw


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which any one, or all, must hold."""

    join: str = "any"
    clauses: tuple[Clause, ...] = ()

    def raw(self) -> dict[str, Any]:
        """The JSON that they say."""
        if len(self.clauses) == 1:
            return self.clauses[0].raw()
        return {"kind": self.join, "of": [clause.raw() for clause in self.clauses]}


@dataclass(frozen=True, slots=True)
class Step:
    """A graver condition and the severity that it gives."""

    severity: str
    clause: Clause


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form holds; ``text`` is the rule as JSON instead, where it nests deeper than the form does.

    ``close`` None is the end of the condition.
    """

    name: str = ""
    desk: str = ""
    severity: str = "warning"
    note: str = ""
    labels: str = ""
    series: tuple[str, ...] = ()
    described: Mapping[str, str] = field(default_factory=dict)
    every: bool = False
    when: Group = field(default_factory=Group)
    close: Group | None = None
    steps: tuple[Step, ...] = ()
    counts: Mapping[str, str] = field(default_factory=dict)
    effective_from: str | None = None
    effective_to: str | None = None
    inhibits: str | None = None
    text: str | None = None

    def raw(self) -> object:
        """The JSON that parse_rule reads; JsonTextError where the text is none, or has a key twice."""
        if self.text is not None:
            return json_of(self.text)
        scope: dict[str, Any] = {"series": list(self.series)} if self.series else {}
        scope |= {name: listed for name in DESCRIBED if (listed := _listed(self.described.get(name, "")))}
        if self.every:
            scope = {"all": True}
        counts = {name: given for name in COUNTS if (given := number(self.counts.get(name, ""))) is not None}
        raw: dict[str, Any] = {
            "name": self.name,
            "desk": self.desk,
            "scope": scope,
            "condition": self.when.raw(),
            "severity": self.severity,
            "close_when": None if self.close is None else self.close.raw(),
            "escalate": [{"severity": step.severity, "when": step.clause.raw()} for step in self.steps],
            "labels": dict(_pair(each) for each in _listed(self.labels)),
            "note": self.note,
            "effective_from": self.effective_from or None,
            "effective_to": self.effective_to or None,
            "inhibits": self.inhibits or None,
        }
        return raw | counts


def new_draft(*, desk: str, series: Sequence[str] = ()) -> Draft:
    """What a new rule begins with: a downward shock, closed where it is recovered."""
    return Draft(
        desk=desk,
        series=tuple(series),
        when=Group(clauses=(Clause("shock", defaults("shock")),)),
        close=Group(clauses=(Clause("recovered", {}),)),
    )


def read_draft(form: Form) -> Draft:
    """What a form holds; a button that adds or removes a condition has been pressed in it at most once."""

    def one(name: str, otherwise: str = "") -> str:
        return next(iter(form.get(name, ())), otherwise)

    if one("text.on"):
        return Draft(text=one("text"))
    draft = Draft(
        name=one("name"),
        desk=one("desk"),
        severity=one("severity", "warning"),
        note=one("note"),
        labels=one("labels"),
        series=tuple(each for given in form.get("series", ()) for each in _listed(given)),
        described={name: one(name) for name in DESCRIBED},
        every=bool(one("every")),
        when=Group(one("when.join", "any"), _clauses(form, "when")),
        close=Group(one("close.join", "any"), _clauses(form, "close")) if one("close.on") == "when" else None,
        steps=tuple(
            Step(one(f"step.{place}.severity", "critical"), clause)
            for place, clause in enumerate(_clauses(form, "step"))
        ),
        counts={name: one(name) for name in COUNTS},
        effective_from=one("effective_from"),
        effective_to=one("effective_to"),
        inhibits=one("inhibits"),
    )
    return _removed(_added(draft, one("add")), one("remove"))


def draft_of(raw: Mapping[str, Any]) -> Draft:
    """The form of a rule as dump_rule writes it; as text where the form could not say the same."""
    when, close = _group(raw["condition"]), raw["close_when"] and _group(raw["close_when"])
    steps = [(step["severity"], _clause(step["when"])) for step in raw["escalate"]]
    if when is None or (raw["close_when"] and close is None) or any(clause is None for _, clause in steps):
        return Draft(text=json.dumps(raw, indent=2, ensure_ascii=False))
    return Draft(
        name=raw["name"],
        desk=raw["desk"],
        severity=raw["severity"],
        note=raw["note"],
        labels=", ".join(f"{name}={value}" for name, value in raw["labels"].items()),
        series=tuple(raw["scope"].get("series", ())),
        described={name: ", ".join(raw["scope"].get(name, ())) for name in DESCRIBED},
        every=raw["scope"].get("all", False),
        when=when,
        close=close or None,
        steps=tuple(Step(severity, clause) for severity, clause in steps if clause is not None),
        counts={name: str(raw[name]) for name in COUNTS},
        effective_from=raw["effective_from"],
        effective_to=raw["effective_to"],
        inhibits=raw["inhibits"],
    )


def _clauses(form: Form, prefix: str) -> tuple[Clause, ...]:
    """The conditions of a group; one whose kind was just changed begins with the values of its new kind."""
    found = []
    for place in range(MOST_CLAUSES):
        start = f"{prefix}.{place}."
        name = next(iter(form.get(f"{start}kind", ())), None)
        if name is None:
            break
        if name not in KINDS:  # of a form that is not ours
            name = next(iter(KINDS))
        before = next(iter(form.get(f"{start}was", ())), name)
        values = {
            key.removeprefix(start): each[0]
            for key, each in form.items()
            if key.startswith(start) and each and key.removeprefix(start) not in {"kind", "was", "not"}
        }
        changed = before != name and name in KINDS
        found.append(Clause(name, defaults(name) if changed else values, bool(form.get(f"{start}not"))))
    return tuple(found)


def _added(draft: Draft, where: str) -> Draft:
    if where == "when":
        return replace(draft, when=_longer(draft.when))
    if where == "close" or (draft.close is not None and not draft.close.clauses):
        close = draft.close or Group()
        return replace(
            draft, close=_longer(close) if close.clauses else Group(clauses=(Clause("recovered", {}),))
        )
    if where == "step":
        step = Step("critical", Clause("record", defaults("record")))
        return replace(draft, steps=(*draft.steps, step)[:MOST_CLAUSES])
    return draft


def _longer(group: Group) -> Group:
    added = Clause("level", defaults("level"))
    return replace(group, clauses=(*group.clauses, added)[:MOST_CLAUSES])


def _removed(draft: Draft, which: str) -> Draft:
    prefix, _, place = which.partition(".")
    if not place.isdecimal():
        return draft
    if prefix == "step":
        return replace(draft, steps=_without(draft.steps, int(place)))
    group = draft.when if prefix == "when" else draft.close
    if group is None or len(group.clauses) < 2:
        return draft
    shorter = replace(group, clauses=_without(group.clauses, int(place)))
    return replace(draft, when=shorter) if prefix == "when" else replace(draft, close=shorter)


def _without(items: tuple[_T, ...], place: int) -> tuple[_T, ...]:
    return items[:place] + items[place + 1 :]


def _group(raw: Mapping[str, Any]) -> Group | None:
    if raw["kind"] not in {"any", "all"}:
        clause = _clause(raw)
        return None if clause is None else Group(clauses=(clause,))
    clauses = [_clause(each) for each in raw["of"]]
    if len(clauses) < 2 or None in clauses:
        return None
    return Group(raw["kind"], tuple(each for each in clauses if each is not None))


def _clause(raw: Mapping[str, Any]) -> Clause | None:
    inner = raw["of"] if raw["kind"] == "not" else raw
    found = None if inner["kind"] in {"any", "all", "not"} else values_of(inner)
    return None if found is None else Clause(*found, negated=raw["kind"] == "not")


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.replace("\n", ",").split(",") if each.strip()]


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()
