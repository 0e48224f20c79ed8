"""The answer of a condition on one figure: yes, no or no data, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alerts.facts import Facts


class Answer(StrEnum):
    """Three-valued truth (Kleene): what is not known is neither yes nor no."""

    YES = "yes"
    NO = "no"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of a condition on one figure, and why, with the numbers that decided it."""

    answer: Answer
    reason: str


def found(holds: bool, reason: str) -> Finding:
    """Yes or no, for a reason."""
    return Finding(Answer.YES if holds else Answer.NO, reason)


def unknown(reason: str) -> Finding:
    """No data, for a reason."""
    return Finding(Answer.NO_DATA, reason)


def withdrawn(facts: Facts) -> Finding:
    """No data, since the figure has not come, or the source has taken it back."""
    if facts.awaited:
        return unknown(f"the figure of {facts.span.name} has not come")
    return unknown(f"the figure of {facts.span.name} was withdrawn")
