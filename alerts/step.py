"""What one figure does to the alerts of one rule: the step that live recording and a rehearsal both take."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from alerts.evaluation import Evaluation, evaluate
from alerts.facts import Band, Facts
from alerts.hysteresis import Status
from alerts.lifecycle import advance, concerned, continues, ruling_version, superseded
from alerts.rules import Rule
from alerts.states import AlertState, Transition


@dataclass(frozen=True, slots=True)
class Step:
    """A figure followed: the alert ``before`` it and ``after`` it, either None, and what happened to it.

    ``rule`` is the version that judged it, by ``facts`` that hold all that it asks for.
    """

    rule: Rule
    facts: Facts
    evaluation: Evaluation
    before: AlertState | None
    after: AlertState | None
    transitions: tuple[Transition, ...]

    @property
    def over(self) -> AlertState | None:
        """The alert that is to be forgotten: a streak that came to nothing, or went into another."""
        before = self.before
        if before is None or before.status is not Status.PENDING:
            return None
        return None if self.after is not None and self.after.id == before.id else before


def step(
    rule: Rule,
    alerts: Collection[AlertState],
    facts: Facts,
    *,
    version: Callable[[int], Rule],
    counterfactual: Callable[[AlertState], Band | None],
    asked: Callable[[Rule, Facts], Facts] = lambda _, facts: facts,
    covers: bool = True,
) -> Step | None:
    """Judge a figure by a rule and move the alert that it concerns; None where the rule leaves it alone.

    ``alerts`` are all of the rule on the figure's series. ``version`` gives an earlier version of the rule:
    an alert lives out its life under the one that opened it. ``counterfactual`` is what was forecast for the
    figure's span before the onset of the alert that it belongs to, and ``asked`` adds to the facts what a
    version asks for. A rule that no longer ``covers`` the series follows what it has opened there, and opens
    nothing.
    """
    before = concerned(alerts, facts.span)
    if not covers and not _lives(before, facts):
        return None
    ruling = ruling_version(before, facts.span, current=rule.version)
    judging = rule if ruling == rule.version else version(ruling)
    if before is not None and (facts.span <= before.last or continues(judging, before, facts.span)):
        facts = replace(facts, counterfactual=counterfactual(before))
    facts = asked(judging, _seen_by(judging, facts))
    evaluation = evaluate(judging, facts)
    later = before is not None and superseded(before, alerts)
    after, transitions = advance(judging, before, evaluation, facts, was_superseded=later)
    return Step(judging, facts, evaluation, before, after, transitions)


def _seen_by(rule: Rule, facts: Facts) -> Facts:
    """The facts without what another desk's forecasters had said; those that the rule asks for come first."""
    if not facts.against:
        return facts
    seen = [each for each in facts.against if each.desk in {None, rule.desk}]
    named = rule.forecasters
    return replace(facts, against=tuple(sorted(seen, key=lambda each: each.forecaster not in named)))


def _lives(state: AlertState | None, facts: Facts) -> bool:
    """True where an alert is to be followed that the rule as it stands would not open."""
    return state is not None and (state.status is Status.OPENED or facts.span <= state.last)
