"""Conditions written as JSON: read with every fault named, and written so that reading gives them back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Literal

from alerts.conditions import (
    All,
    AnyOf,
    Change,
    Condition,
    Crossing,
    Diverges,
    InEpisode,
    Level,
    MeasureVisible,
    Mirrored,
    Missed,
    NewExtreme,
    Not,
    OutsideRange,
    Overdue,
    Ranked,
    Recovered,
    Revision,
    ShareMoved,
    Shock,
    ShockType,
    Substituted,
    Surprise,
    Surprised,
)
from alerts.episode_conditions import STATES
from alerts.forecaster_conditions import OUTSIDE
from alerts.parsing import Faults, Reader
from alerts.sibling_conditions import DIRECTIONS, ENDS, MATCHED_PERCENT, SIDES
from forecasting.forecast import HORIZON
from forecasting.shocks.divergence import PARTED
from forecasting.shocks.interventions import Intervention
from forecasting.shocks.records import CLAIM_PERCENT

DEEPEST = 8
"""Levels of all, any and not inside one another."""

MOST_PARTS = 16
"""Conditions beside one another in all or any."""

MOST_CONDITIONS = 64
"""Conditions in one tree, groups included."""

EXAMPLES: dict[str, dict[str, Any]] = {
    "level": {"kind": "level", "below": 3000},
    "change": {"kind": "change", "on": "month", "down_percent": 30},
    "record": {"kind": "record", "direction": "lowest", "years": 5, "held_percent": 90},
    "surprise": {"kind": "surprise", "probability_at_most": 0.01},
    "shock": {"kind": "shock", "direction": "down"},
    "recovered": {"kind": "recovered"},
    "revision": {"kind": "revision", "beyond_percent": 5},
    "forecast": {"kind": "forecast", "below": 3000, "within_months": 6, "probability_above": 0.2},
    "measure": {"kind": "measure"},
    "shock_type": {"kind": "shock_type", "type": "LS", "probability_at_least": 0.6},
    "episode": {"kind": "episode", "shortfall_beyond": 5000},
    "divergence": {"kind": "divergence", "score_at_least": 3},
    "mirror_gap": {"kind": "mirror_gap", "score_at_least": 3},
    "rank": {"kind": "rank", "end": "last"},
    "share": {"kind": "share", "direction": "down", "points_at_least": 5},
    "substitution": {"kind": "substitution", "side": "lost", "matched_percent": 50},
    "miss": {"kind": "miss", "against": "consensus", "below_percent": 10},
    "outside_range": {"kind": "outside_range", "against": "consensus", "side": "any"},
    "overdue": {"kind": "overdue", "days_late": 2},
    "all": {"kind": "all", "of": [{"kind": "shock"}, {"kind": "level", "below": 3000}]},
    "any": {"kind": "any", "of": [{"kind": "shock"}, {"kind": "level", "below": 3000}]},
    "not": {"kind": "not", "of": {"kind": "recovered"}},
}
"""One that works for each kind of condition."""

EXAMPLE_AGAINST: dict[str, Any] = {"kind": "surprise", "against": "consensus", "score_at_least": 2}
"""A surprise to a forecaster, by its own past errors."""

KINDS: dict[type[Condition], str] = {
    Level: "level",
    Change: "change",
    NewExtreme: "record",
    Surprise: "surprise",
    Shock: "shock",
    Recovered: "recovered",
    Revision: "revision",
    Crossing: "forecast",
    MeasureVisible: "measure",
    ShockType: "shock_type",
    InEpisode: "episode",
    Diverges: "divergence",
    Mirrored: "mirror_gap",
    Ranked: "rank",
    ShareMoved: "share",
    Substituted: "substitution",
    Surprised: "surprise",
    Missed: "miss",
    OutsideRange: "outside_range",
    Overdue: "overdue",
    All: "all",
    AnyOf: "any",
    Not: "not",
}


def parse_condition(raw: object, *, saved: bool = False) -> Condition:
    """The condition that a JSON value says; InvalidRuleError with every fault in it.

    One that was ``saved`` is read without bounds: they are for what is still to be saved.
    """
    faults = Faults(bounded=not saved)
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
    if faults.bounded and depth > DEEPEST:
        faults.add(path, f"conditions are nested more than {DEEPEST} deep", EXAMPLES["all"])
        return Recovered()
    if depth == 0 and faults.bounded and (size := _size(raw)) > MOST_CONDITIONS:
        reason = f"holds {size:,} conditions in all, and {MOST_CONDITIONS} are accepted"
        faults.add(path, reason, EXAMPLES["all"])
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
    given = reader.choice("on", ("month", "year", "year_to_date"))
    on: Literal["month", "year", "year_to_date"] = (
        "year_to_date" if given == "year_to_date" else "year" if given == "year" else "month"
    )
    side = reader.just_one("down_percent", "up_percent", "down_by", "up_by")
    most = 100.0 if side == "down_percent" else 1e6 if side == "up_percent" else math.inf
    limit = reader.number(side, least=0.0, most=most) if reader.has(side) else 0.0
    return Change(on, **{side: limit})


def _forecast(reader: Reader, _: int) -> Condition:
    side = reader.just_one("below", "above")
    limit = reader.number(side) if reader.has(side) else 0.0
    chance = reader.number("probability_above", least=0.0, most=1.0)
    months = reader.whole("within_months", least=1, most=HORIZON)
    return Crossing(chance, months, **{side: limit})


def _measure(_: Reader, __: int) -> Condition:
    return MeasureVisible()


def _shock_type(reader: Reader, _: int) -> Condition:
    given = reader.choice("type", tuple(Intervention))
    names: dict[str, Literal["AO", "LS", "TC", "anticipation"]] = {
        "AO": "AO", "LS": "LS", "TC": "TC", "anticipation": "anticipation",
    }  # fmt: skip
    return ShockType(names[given], reader.number("probability_at_least", least=0.0, most=1.0))


def _episode(reader: Reader, _: int) -> Condition:
    side = reader.just_one("state", "recovered_percent", "shortfall_beyond", "excess_beyond")
    if side == "state":
        given = reader.choice("state", STATES, default=STATES[0])
        return InEpisode(state=next(each for each in STATES if each == given))
    most = 1000.0 if side == "recovered_percent" else math.inf
    limits = {side: reader.number(side, least=0.0, most=most) if reader.has(side) else 0.0}
    return InEpisode(None, **limits)


def _divergence(reader: Reader, _: int) -> Condition:
    return Diverges(_score(reader))


def _mirror_gap(reader: Reader, _: int) -> Condition:
    return Mirrored(_score(reader))


def _rank(reader: Reader, _: int) -> Condition:
    given = reader.choice("end", ENDS, default="any")
    return Ranked(next(each for each in ENDS if each == given))


def _share(reader: Reader, _: int) -> Condition:
    given = reader.choice("direction", DIRECTIONS, default="any")
    points = (
        reader.number("points_at_least", least=0.0, most=100.0) if reader.has("points_at_least") else None
    )
    return ShareMoved(next(each for each in DIRECTIONS if each == given), points)


def _substitution(reader: Reader, _: int) -> Condition:
    given = reader.choice("side", SIDES, default="lost")
    matched = MATCHED_PERCENT
    if reader.has("matched_percent"):
        matched = reader.number("matched_percent", least=MATCHED_PERCENT, most=1e6)
    return Substituted(next(each for each in SIDES if each == given), matched)


def _miss(reader: Reader, _: int) -> Condition:
    against = reader.text("against")
    side = reader.just_one("below_percent", "above_percent", "beyond_percent")
    most = 100.0 if side == "below_percent" else 1e6
    limit = reader.number(side, least=0.0, most=most) if reader.has(side) else 0.0
    return Missed(against, **{side: limit})


def _outside_range(reader: Reader, _: int) -> Condition:
    given = reader.choice("side", OUTSIDE, default="any")
    return OutsideRange(reader.text("against"), next(each for each in OUTSIDE if each == given))


def _overdue(reader: Reader, _: int) -> Condition:
    return Overdue(reader.whole("days_late", default=0, least=0, most=365))


def _score(reader: Reader) -> float:
    return reader.number("score_at_least", least=0.5, most=100.0) if reader.has("score_at_least") else PARTED


def _record(reader: Reader, _: int) -> Condition:
    direction = reader.choice("direction", ("lowest", "highest"))
    years = reader.whole("years", least=1, most=100) if reader.has("years") else None
    share = reader.whole("held_percent", default=CLAIM_PERCENT, least=1, most=100)
    return NewExtreme("lowest" if direction == "lowest" else "highest", years, share)


def _surprise(reader: Reader, _: int) -> Condition:
    if reader.has("against"):
        reader.example = EXAMPLE_AGAINST
        return Surprised(reader.text("against"), reader.number("score_at_least", least=0.5, most=100.0))
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
    reader.count("of", len(raw or ()), MOST_PARTS, "conditions")
    return tuple(
        read_condition(part, f"{reader.at('of')}[{place}]", reader.faults, depth + 1)
        for place, part in enumerate(raw or ())
    )


def _size(raw: object) -> int:
    """Objects in a JSON value, itself included; what lies too deep is refused elsewhere."""
    waiting, found = [raw], 0
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            found += 1
            waiting += [each.get("of")]
        elif isinstance(each, list):
            waiting += each
    return found


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
    "forecast": _forecast,
    "measure": _measure,
    "shock_type": _shock_type,
    "episode": _episode,
    "divergence": _divergence,
    "mirror_gap": _mirror_gap,
    "rank": _rank,
    "share": _share,
    "substitution": _substitution,
    "miss": _miss,
    "outside_range": _outside_range,
    "overdue": _overdue,
    "all": _all,
    "any": _any,
    "not": _not,
}
