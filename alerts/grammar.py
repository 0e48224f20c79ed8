"""Conditions written as JSON: read with every fault named, and written so that reading gives them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from alerts.conditions import (
    All,
    AnyOf,
    Change,
    Condition,
    Extreme,
    Level,
    Not,
    Recovered,
    Revision,
    Shock,
    Surprise,
)
from alerts.parsing import Faults, Reader
from forecasting.shocks.records import CLAIM_PERCENT

DEEPEST = 8
"""Levels of all, any and not inside one another."""

EXAMPLES: dict[str, dict[str, Any]] = {
    "level": {"kind": "level", "below": 3000},
    "change": {"kind": "change", "on": "month", "down_percent": 30},
    "record": {"kind": "record", "direction": "lowest", "years": 5, "held_percent": 90},
    "surprise": {"kind": "surprise", "probability_at_most": 0.01},
    "shock": {"kind": "shock", "direction": "down"},
    "recovered": {"kind": "recovered"},
    "revision": {"kind": "revision", "beyond_percent": 5},
    "all": {"kind": "all", "of": [{"kind": "shock"}, {"kind": "level", "below": 3000}]},
    "any": {"kind": "any", "of": [{"kind": "shock"}, {"kind": "level", "below": 3000}]},
    "not": {"kind": "not", "of": {"kind": "recovered"}},
}
"""One that works for each kind of condition."""

KINDS: dict[type[Condition], str] = {
    Level: "level",
    Change: "change",
    Extreme: "record",
    Surprise: "surprise",
    Shock: "shock",
    Recovered: "recovered",
    Revision: "revision",
    All: "all",
    AnyOf: "any",
    Not: "not",
}


def parse_condition(raw: object) -> Condition:
    """The condition that a JSON value says; InvalidRuleError with every fault in it."""
    faults = Faults()
    condition = read_condition(raw, "$", faults)
    faults.raise_any()
    return condition


def dump_condition(condition: Condition) -> dict[str, Any]:
    """JSON object that parse_condition reads back into the same condition."""
    plain: dict[str, Any] = {"kind": KINDS[type(condition)]}
    for each in fields(condition):
        value = getattr(condition, each.name)
        if isinstance(value, tuple):
            plain[each.name] = [dump_condition(part) for part in value]
        elif type(value) in KINDS:
            plain[each.name] = dump_condition(value)
        elif value is not None:
            plain[each.name] = value
    return plain


def read_condition(raw: object, path: str, faults: Faults, depth: int = 0) -> Condition:
    """Condition at a path of a larger text; faults are noted, and what is returned is then not to be used."""
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in _READERS:
        reader = Reader(raw, path, faults, EXAMPLES["level"])
        if isinstance(raw, dict):
            reader.choice("kind", tuple(_READERS))
        return Recovered()
    if depth > DEEPEST:
        faults.add(path, f"conditions are nested more than {DEEPEST} deep", EXAMPLES["all"])
        return Recovered()
    reader = Reader(raw, path, faults, EXAMPLES[kind])
    reader.has("kind")
    condition = _READERS[kind](reader, depth)
    reader.finish()
    return condition


def _level(reader: Reader, _: int) -> Condition:
    side = reader.just_one("below", "above")
    limit = reader.number(side) if reader.has(side) else 0.0
    return Level(below=limit) if side == "below" else Level(above=limit)


def _change(reader: Reader, _: int) -> Condition:
    on = reader.choice("on", ("month", "year"))
    side = reader.just_one("down_percent", "up_percent")
    most = 100.0 if side == "down_percent" else 1e6
    limit = reader.number(side, least=0.0, most=most) if reader.has(side) else 0.0
    if side == "down_percent":
        return Change(on="year" if on == "year" else "month", down_percent=limit)
    return Change(on="year" if on == "year" else "month", up_percent=limit)


def _record(reader: Reader, _: int) -> Condition:
    direction = reader.choice("direction", ("lowest", "highest"))
    years = reader.whole("years", least=1, most=100) if reader.has("years") else None
    share = reader.whole("held_percent", default=CLAIM_PERCENT, least=1, most=100)
    return Extreme("lowest" if direction == "lowest" else "highest", years, share)


def _surprise(reader: Reader, _: int) -> Condition:
    if reader.just_one("probability_at_most", "alarms_per_year") == "alarms_per_year":
        alarms = reader.number("alarms_per_year", least=0.0, most=12.0)
        return Surprise(alarms / 12 / 2)
    if reader.has("probability_at_most"):
        return Surprise(reader.number("probability_at_most", least=0.0, most=0.5))
    return Surprise(0.0)


def _shock(reader: Reader, _: int) -> Condition:
    direction = reader.choice("direction", ("down", "up", "any"), default="any")
    return Shock("down" if direction == "down" else "up" if direction == "up" else "any")


def _recovered(_: Reader, __: int) -> Condition:
    return Recovered()


def _revision(reader: Reader, _: int) -> Condition:
    return Revision(reader.number("beyond_percent", least=0.0, most=1e6))


def _parts(reader: Reader, depth: int) -> tuple[Condition, ...]:
    raw = reader.raw("of")
    if raw is not None and (not isinstance(raw, list) or not raw):
        reader.fault("of", "a list of one or more conditions is needed")
        return ()
    return tuple(
        read_condition(part, f"{reader.at('of')}[{place}]", reader.faults, depth + 1)
        for place, part in enumerate(raw or ())
    )


def _all(reader: Reader, depth: int) -> Condition:
    return All(_parts(reader, depth))


def _any(reader: Reader, depth: int) -> Condition:
    return AnyOf(_parts(reader, depth))


def _not(reader: Reader, depth: int) -> Condition:
    raw = reader.raw("of")
    return Not(Recovered() if raw is None else read_condition(raw, reader.at("of"), reader.faults, depth + 1))


_READERS: dict[str, Callable[[Reader, int], Condition]] = {
    "level": _level,
    "change": _change,
    "record": _record,
    "surprise": _surprise,
    "shock": _shock,
    "recovered": _recovered,
    "revision": _revision,
    "all": _all,
    "any": _any,
    "not": _not,
}
