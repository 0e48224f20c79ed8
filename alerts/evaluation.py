"""A rule asked of one figure: whether it breaches, how gravely, whether it closes, and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from alerts.conditions import Answer
from alerts.facts import Facts
from alerts.rules import Rule, Severity
from forecasting.months import Span


class Outcome(StrEnum):
    """What a rule says of one figure."""

    BREACH = "breach"
    CLEAR = "clear"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A rule's judgement of one figure; it depends on the facts alone, never on the state of an alert.

    Attributes
    ----------
    value, known_from
        The figure judged (None where withdrawn) and the moment it became known.
    outcome, reason
        Whether the rule's condition holds, and why, in words with the numbers that decided it.
    severity
        Of a breach: the gravest that the rule's steps give it; None otherwise.
    awaited
        True where the figure had not come; one of the same span that came stands beside it.
    closing, closing_reason
        Whether the figure meets what closes an alert of this rule, and why.
    """

    span: Span
    value: float | None
    known_from: dt.datetime
    outcome: Outcome
    reason: str
    severity: Severity | None
    closing: Answer
    closing_reason: str
    awaited: bool = False


_OUTCOMES = {Answer.YES: Outcome.BREACH, Answer.NO: Outcome.CLEAR, Answer.NO_DATA: Outcome.NO_DATA}


def evaluate(rule: Rule, facts: Facts) -> Evaluation:
    """Judge one figure by a rule.

    For a rule that closes on ``recovered``, ``facts.counterfactual`` is of the alert that is open. A step of
    the rule whose facts are missing gives no severity.
    """
    opening = rule.condition.test(facts)
    severity, why = _severity(rule, facts) if opening.answer is Answer.YES else (None, ())
    closing = rule.closing.test(facts)
    return Evaluation(
        span=facts.span,
        value=facts.value,
        known_from=facts.known_from,
        outcome=_OUTCOMES[opening.answer],
        reason="; ".join((opening.reason, *why)),
        severity=severity,
        closing=closing.answer,
        closing_reason=closing.reason,
        awaited=facts.awaited,
    )


def _severity(rule: Rule, facts: Facts) -> tuple[Severity, tuple[str, ...]]:
    """The severity that the rule's steps come to, and why, where one of them raises it."""
    tested = ((step.severity, step.when.test(facts)) for step in rule.escalate)
    reached = {severity: each.reason for severity, each in tested if each.answer is Answer.YES}
    highest = max((rule.severity, *reached), key=lambda severity: severity.rank)
    why = (f"{highest} because {reached[highest]}",) if highest.rank > rule.severity.rank else ()
    return highest, why
