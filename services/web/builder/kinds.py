"""Each kind of condition as the controls of a form; what they say is read by the grammar of rules alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerts.episode_conditions import STATES
from alerts.sibling_conditions import MATCHED_PERCENT
from services.web.words import STANDS, TYPES

_GROUPED = re.compile(r"-?\d{1,3}(?:[, \u2019\u202f]\d{3})+(?:\.\d+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_UNGROUPED = str.maketrans("", "", ", \u2019\u202f")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    name: str
    label: str
    options: Mapping[str, str]

    @property
    def first(self) -> str:
        """What stands before anything was chosen."""
        return next(iter(self.options))


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a unit; left empty it is not asked for."""

    name: str
    label: str
    unit: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Either:
    """A number under one of several keys: below or above, down or up."""

    label: str
    options: Mapping[str, str]
    default: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it is typed; left empty it is not asked for."""

    name: str
    label: str
    default: str = ""


Control = Choice | Number | Either | Text
SIDE, LIMIT = "side", "limit"
"""Names of the two controls of an Either."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of condition as a desk chooses it; ``kind`` is its name in the grammar."""

    kind: str
    label: str
    controls: tuple[Control, ...] = ()


FORECASTER = Text("against", "Forecaster, by its id", "consensus")

KINDS: dict[str, Kind] = {
    "shock": Kind(
        "shock",
        "the figure is a shock",
        (Choice("direction", "Direction", {"down": "downward", "up": "upward", "any": "either way"}),),
    ),
    "level": Kind(
        "level",
        "the figure passes a level",
        (Either("Level, in the unit of the series", {"below": "below", "above": "above"}, "3000"),),
    ),
    "change": Kind(
        "change",
        "the figure changed by much",
        (
            Choice(
                "on",
                "Compared with",
                {
                    "month": "the month before",
                    "year": "the same month a year ago",
                    "year_to_date": "the year to date",
                },
            ),
            Either(
                "By",
                {
                    "down_percent": "% or more down",
                    "up_percent": "% or more up",
                    "down_by": "units or more down",
                    "up_by": "units or more up",
                },
                "30",
            ),
        ),
    ),
    "record": Kind(
        "record",
        "the figure is a record",
        (
            Choice("direction", "Which", {"lowest": "the lowest", "highest": "the highest"}),
            Number("years", "In how many years", "years; empty: of all that is held", "5"),
            Number("held_percent", "Of those months must be held", "%", "90"),
        ),
    ),
    "surprise": Kind(
        "surprise",
        "the figure was unlikely",
        (
            Either(
                "How unlikely",
                {
                    "probability_at_most": "chance at most, 0 to 0.5",
                    "alarms_per_year": "false alarms a year",
                },
                "0.01",
            ),
        ),
    ),
    "surprise_against": Kind(
        "surprise",
        "the figure surprised a forecaster",
        (FORECASTER, Number("score_at_least", "By at least", "times its usual error", "2")),
    ),
    "miss": Kind(
        "miss",
        "the figure differs from a forecast of others",
        (
            FORECASTER,
            Either(
                "By",
                {
                    "below_percent": "% or more below",
                    "above_percent": "% or more above",
                    "beyond_percent": "% or more either way",
                },
                "10",
            ),
        ),
    ),
    "outside_range": Kind(
        "outside_range",
        "the figure lies outside a poll's range",
        (
            FORECASTER,
            Choice("side", "Where", {"any": "on either side", "below": "below", "above": "above"}),
        ),
    ),
    "revision": Kind(
        "revision",
        "a figure is revised",
        (Number("beyond_percent", "By more than", "%", "5"),),
    ),
    "forecast": Kind(
        "forecast",
        "the forecast may pass a level",
        (
            Either("Level, in the unit of the series", {"below": "below", "above": "above"}, "3000"),
            Number("within_months", "Within", "months", "6"),
            Number("probability_above", "With a chance above", "0 to 1", "0.2"),
        ),
    ),
    "recovered": Kind("recovered", "the series has recovered"),
    "measure": Kind("measure", "a measure becomes visible"),
    "shock_type": Kind(
        "shock_type",
        "the shock is of a type",
        (
            Choice(
                "type",
                "Type",
                {kind.value: words for kind, words in TYPES.items()},
            ),
            Number("probability_at_least", "With a chance of at least", "0 to 1", "0.6"),
        ),
    ),
    "episode": Kind(
        "episode",
        "an episode is in a state",
        (Choice("state", "State", {state: STANDS.get(state, state) for state in STATES}),),
    ),
    "episode_size": Kind(
        "episode",
        "an episode is of a size",
        (
            Either(
                "Size",
                {
                    "shortfall_beyond": "units lost or more",
                    "excess_beyond": "units in excess or more",
                    "recovered_percent": "% recovered or more",
                },
                "5000",
            ),
        ),
    ),
    "divergence": Kind(
        "divergence",
        "siblings part ways",
        (Number("score_at_least", "Gap of at least", "times the usual spread", "3"),),
    ),
    "rank": Kind(
        "rank",
        "the series changed rank among its siblings",
        (Choice("end", "Rank", {"any": "first or last", "first": "first", "last": "last"}),),
    ),
    "share": Kind(
        "share",
        "its share of the family shifted",
        (
            Choice("direction", "Direction", {"any": "either way", "down": "downward", "up": "upward"}),
            Number("points_at_least", "By at least", "points of 100; empty: any that is rare"),
        ),
    ),
    "substitution": Kind(
        "substitution",
        "a sibling took up what it lost",
        (
            Choice(
                "side",
                "The series",
                {"lost": "lost", "gained": "gained", "any": "lost or gained"},
            ),
            Number("matched_percent", "Of the loss", "% or more came in there", f"{MATCHED_PERCENT:g}"),
        ),
    ),
    "mirror_gap": Kind(
        "mirror_gap",
        "partners report otherwise",
        (Number("score_at_least", "Gap of at least", "times the usual spread", "3"),),
    ),
    "overdue": Kind(
        "overdue",
        "a release is late",
        (Number("days_late", "By at least", "days", "2"),),
    ),
}
"""By the word that the form carries: one for each kind of the grammar that stands alone, two for episodes
and for surprises."""


def number(text: str) -> int | float | str | None:
    """A number as a desk types it, thousands parted or not; the text where it is none, None where empty."""
    plain = text.strip()
    if not plain:
        return None
    if _GROUPED.fullmatch(plain):
        plain = plain.translate(_UNGROUPED)
    if not _NUMBER.fullmatch(plain):  # float() takes 1_238, nan and digits of any script besides
        return text.strip()
    value = float(plain)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def plain(value: float) -> str:
    """A number as it stands in a control."""
    return f"{value:.12g}"


def raw_condition(name: str, values: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object that a kind and its controls say, to be read by the grammar."""
    kind = KINDS.get(name)
    raw: dict[str, Any] = {"kind": name if kind is None else kind.kind}
    for control in () if kind is None else kind.controls:
        match control:
            case Choice():
                raw[control.name] = values.get(control.name) or control.first
            case Number() if (given := number(values.get(control.name, ""))) is not None:
                raw[control.name] = given
            case Text() if given := values.get(control.name, "").strip():
                raw[control.name] = given
            case Either() if (given := number(values.get(LIMIT, ""))) is not None:
                raw[values.get(SIDE) or next(iter(control.options))] = given
    return raw


def values_of(raw: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """The form's word and controls for a JSON object; None where the controls cannot say the same."""
    for name, kind in KINDS.items():
        if kind.kind != raw["kind"]:
            continue
        values: dict[str, str] = {}
        for control in kind.controls:
            match control:
                case Choice() | Text() if control.name in raw:
                    values[control.name] = str(raw[control.name])
                case Number() if control.name in raw:
                    values[control.name] = plain(raw[control.name])
                case Either():
                    sides = [side for side in control.options if side in raw]
                    values |= {SIDE: side, LIMIT: plain(raw[side])} if (side := next(iter(sides), "")) else {}
        if raw_condition(name, values) == {key: value for key, value in raw.items() if value is not None}:
            return name, values
    return None


def defaults(name: str) -> dict[str, str]:
    """What the controls of a kind hold before anybody has touched them."""
    values: dict[str, str] = {}
    for control in KINDS[name].controls:
        match control:
            case Choice():
                values[control.name] = control.first
            case Number() | Text():
                values[control.name] = control.default
            case Either():
                values |= {SIDE: next(iter(control.options)), LIMIT: control.default}
    return values
