"""What a person says to a preview: answers to its questions, and which held series a name in a file means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ANSWER, MEANT, ASKED = "answer.", "meant.", "asked."
"""Beginnings of the form's fields: answers by choice, series by id, and questions carried along."""


@dataclass(frozen=True, slots=True)
class Control:
    """How a choice of the mapping is answered: one of ``options`` where there are any, else as typed."""

    label: str
    options: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""


CONTROLS: dict[str, Control] = {
    "unit": Control("Unit of the figures", hint="t"),
    "table.series_id": Control("Series of all rows", hint="CN_EXP_REPM_T"),
    "table.month": Control("Column with the months", hint="as it is named in the file"),
    "table.value": Control("Column with the figures", hint="as it is named in the file"),
    "months.month": Control("Month of all rows", hint="2025-05"),
    "months.year": Control("Year of all columns", hint="2025"),
    "months.day_first": Control(
        "Dates are written", {"yes": "day first: 5/6 is 5 June", "no": "month first"}
    ),
    "numbers.decimal": Control("Decimals stand behind", {".": "a point: 1.5", ",": "a comma: 1,5"}),
}
"""The choices that a preview may ask for, as a form asks them; all others stand in the mapping's text."""


ELSE = {"months.month": "table.month"}
"""Choices that answer what another one asks: one month of all rows, where no column holds months."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a form says: the mapping as text, and beside it what was answered and meant."""

    text: str
    answers: dict[str, str]
    meant: dict[str, str]
    asked: dict[str, str]

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Said:
        """What the fields of a form say; what was left empty is not said."""

        def under(start: str) -> dict[str, str]:
            return {
                name.removeprefix(start): text.strip()
                for name, text in form.items()
                if name.startswith(start) and text.strip()
            }

        return cls(form.get("text", ""), under(ANSWER), under(MEANT), under(ASKED))

    @property
    def open(self) -> dict[str, str]:
        """Questions that were asked and are not answered."""
        said = set(self.answers) | {ELSE[choice] for choice in self.answers if choice in ELSE}
        return {choice: why for choice, why in self.asked.items() if choice not in said}


def answered(raw: dict[str, Any], said: Said) -> dict[str, Any]:
    """A mapping with what was said in its place; whether it can stand there, the mapping's reader says."""
    made = {key: dict(part) if isinstance(part, dict) else part for key, part in raw.items()}
    for choice, text in said.answers.items():
        part, _, key = choice.rpartition(".")
        held = made.setdefault(part, {}) if part else made
        held[key] = _read(choice, text)
        if choice == "table.series_id":
            held.pop("series", None)
    ids = dict(made.get("ids", {}))
    brought = []
    for each in made.get("register", []):
        series_id = said.meant.get(each["id"])
        if series_id is None:
            brought.append(each)
        else:
            ids[each["name"]] = series_id
    made |= {"ids": ids, "register": brought}
    return {key: part for key, part in made.items() if part not in ({}, [])}


def _read(choice: str, text: str) -> str | int | bool:
    if choice == "months.day_first":
        return text == "yes"
    if choice == "months.year" and text.isdecimal():
        return int(text)
    return text
