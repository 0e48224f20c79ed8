"""The life of an alert: one rule on one series, opened once, followed month by month, closed by a figure.

The state is a fold of the rule's hysteresis over the judgements of the figures concerned, so a revision, a
late figure and a repeat all take the same road: put the judgement in its place, fold again, say what changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from alerts.conditions import Answer, named
from alerts.errors import AlertClosedError, WrongAlertError
from alerts.evaluation import Evaluation, Outcome
from alerts.facts import Facts
from alerts.hysteresis import Status, follow
from alerts.rules import Rule
from alerts.states import AlertState, Signature, Transition, TransitionKind, alert_id
from forecasting.months import Span


def concerned(alerts: Iterable[AlertState], span: Span) -> AlertState | None:
    """Which alert of one rule on one series a figure concerns: the one that rests on it, else the latest."""
    latest_first = sorted(alerts, key=lambda alert: alert.figures[0].span, reverse=True)
    resting = (alert for alert in latest_first if alert.rests_on(span))
    return next(resting, latest_first[0] if latest_first else None)


def superseded(state: AlertState, alerts: Iterable[AlertState]) -> bool:
    """True where a later alert of the same rule on the same series has begun."""
    return any(other.figures[0].span > state.figures[0].span for other in alerts)


def ruling_version(state: AlertState | None, span: Span, *, current: int) -> int:
    """Version of the rule that a figure is judged by: the alert's own while it is open and for its months."""
    if state is None or (state.status is not Status.OPENED and span > state.last):
        return current
    return state.rule_version


def advance(
    rule: Rule,
    state: AlertState | None,
    evaluation: Evaluation,
    facts: Facts,
    *,
    was_superseded: bool = False,
) -> tuple[AlertState | None, tuple[Transition, ...]]:
    """What one judged figure does to the alert of a rule on a series.

    ``state`` is the alert that ``concerned`` names; the answer is what to keep in its place, None where no
    streak is left to remember. One that ``was_superseded`` (by a later alert) can be corrected and retracted,
    but not opened again. A figure already held, an older one and one from before the alert's first figure
    change nothing. WrongAlertError where the state is not of this rule and series, or where
    ``ruling_version`` names another version.
    """
    if state is None:
        return _begin(rule, None, evaluation, facts)
    _check(rule, state, facts)
    if state.rule_version != rule.version:
        return _begin(rule, None if state.status is Status.PENDING else state, evaluation, facts)
    if _is_no_news(state, evaluation):
        return state, ()
    if evaluation.span > state.last and not continues(rule, state, evaluation.span):
        return _begin(rule, state, evaluation, facts)
    return _placed(rule, state, evaluation, facts, was_superseded=was_superseded)


def acknowledge(
    state: AlertState, by: str, at: dt.datetime, note: str = ""
) -> tuple[AlertState, tuple[Transition, ...]]:
    """A person has seen it: it stays open. The first acknowledgement stands; AlertClosedError if not open."""
    _check_open(state)
    if state.acknowledged is not None:
        return state, ()
    reason = f"acknowledged by {by}" + (f": {note}" if note else "")
    moved = Transition(TransitionKind.ACKNOWLEDGED, reason, state.last, at, by)
    return replace(state, acknowledged=Signature(by, at, note)), (moved,)


def close(
    state: AlertState, by: str, at: dt.datetime, note: str = ""
) -> tuple[AlertState, tuple[Transition, ...]]:
    """A person closes it, after its latest figure; AlertClosedError if it is not open."""
    _check_open(state)
    closed = replace(
        state,
        status=Status.RESOLVED,
        closed=state.last,
        closed_by=Signature(by, at, note),
        closed_by_after=state.last,
        clears=0,
    )
    reason = f"closed by {by}" + (f": {note}" if note else "")
    return closed, (Transition(TransitionKind.RESOLVED, reason, state.last, at, by),)


def _begin(
    rule: Rule, before: AlertState | None, evaluation: Evaluation, facts: Facts
) -> tuple[AlertState | None, tuple[Transition, ...]]:
    if evaluation.outcome is not Outcome.BREACH or not rule.effective(facts.known_from):
        return before, ()
    state = AlertState(
        id=alert_id(rule.id, facts.series_id, evaluation.span),
        rule_id=rule.id,
        rule_version=rule.version,
        series_id=facts.series_id,
        status=Status.PENDING,
        severity=evaluation.severity or rule.severity,
        onset=evaluation.span,
        last=evaluation.span,
        figures=(),
    )
    return _placed(rule, state, evaluation, facts)


def _placed(
    rule: Rule, state: AlertState, evaluation: Evaluation, facts: Facts, *, was_superseded: bool = False
) -> tuple[AlertState | None, tuple[Transition, ...]]:
    """Put the judgement in its place among the figures, fold again, and say what changed."""
    held = state.judged(evaluation.span, awaited=evaluation.awaited)
    judgement = evaluation if held is None else _kept_where_unknown(held, evaluation)
    others = (each for each in state.figures if each is not held)
    figures = sorted((*others, judgement), key=lambda each: (each.span, not each.awaited))
    after = _folded(rule, state, tuple(figures), judgement.known_from)
    if after.status is Status.PENDING and after.breaches == 0:
        return None, ()
    if was_superseded and after.status is Status.OPENED:
        after = replace(state, figures=after.figures)
    return after, _transitions(rule, state, after, judgement, facts)


def _is_no_news(state: AlertState, evaluation: Evaluation) -> bool:
    """True for a figure already held, one older than what is held, and one from before it all began."""
    held = state.judged(evaluation.span, awaited=evaluation.awaited)
    if held is None:
        return evaluation.span < state.figures[0].span
    if evaluation.awaited:
        return evaluation.outcome is held.outcome
    return evaluation.known_from < held.known_from or evaluation.value == held.value


def continues(rule: Rule, state: AlertState, span: Span) -> bool:
    """True where a newer figure still belongs to this alert and not to a new one."""
    if state.status in {Status.PENDING, Status.OPENED} or state.breaches > 0:
        return True
    return state.closed is not None and span.first.since(state.closed.last) <= rule.cooldown_months


def _kept_where_unknown(held: Evaluation, revised: Evaluation) -> Evaluation:
    """A revised figure that cannot be judged keeps the judgement before it; a withdrawn one loses it."""
    if revised.value is None:
        return revised
    if revised.outcome is Outcome.NO_DATA:
        revised = replace(revised, outcome=held.outcome, severity=held.severity, reason=held.reason)
    if revised.closing is Answer.NO_DATA:
        revised = replace(revised, closing=held.closing, closing_reason=held.closing_reason)
    return revised


def _folded(
    rule: Rule, state: AlertState, figures: tuple[Evaluation, ...], known_from: dt.datetime
) -> AlertState:
    course = follow(figures, rule.months_to_open, rule.months_to_close, state.closed_by_after)
    status = course.status
    if status is Status.PENDING and state.opened_known_from is not None:
        status = Status.RETRACTED
    raised_again = status is Status.OPENED and state.status is not Status.OPENED
    return replace(
        state,
        status=status,
        severity=course.severity or state.severity,
        onset=course.onset or state.onset,
        last=figures[-1].span,
        figures=figures,
        breaches=course.breaches,
        clears=course.clears,
        opened_known_from=state.opened_known_from or (None if status is Status.PENDING else known_from),
        closed=course.closed,
        acknowledged=None if raised_again else state.acknowledged,
    )


def _transitions(
    rule: Rule, before: AlertState, after: AlertState, evaluation: Evaluation, facts: Facts
) -> tuple[Transition, ...]:
    find = _kinds_while_open if before.status is Status.OPENED else _kinds_while_not_open
    reason = _reasons(rule, before, after, evaluation, facts)
    return tuple(
        Transition(kind, reason[kind], evaluation.span, evaluation.known_from)
        for kind in find(before, after, evaluation)
    )


def _kinds_while_open(
    before: AlertState, after: AlertState, evaluation: Evaluation
) -> tuple[TransitionKind, ...]:
    """One transition a figure: the gravest of what it did."""
    risen = after.severity.rank - before.severity.rank
    if after.status is not Status.OPENED:
        return (TransitionKind(after.status),)
    if risen:
        return (TransitionKind.ESCALATED if risen > 0 else TransitionKind.DEESCALATED,)
    return (TransitionKind.UPDATED if evaluation.span > before.last else TransitionKind.CORRECTED,)


def _kinds_while_not_open(
    before: AlertState, after: AlertState, evaluation: Evaluation
) -> tuple[TransitionKind, ...]:
    """Nothing is said of a quiet month; a figure told before is told again when it changes."""
    raised = TransitionKind.OPENED if before.status is Status.PENDING else TransitionKind.REOPENED
    if after.status is Status.OPENED:
        return (raised,)
    if after.status is Status.RESOLVED and before.status is not Status.RESOLVED:
        return (raised, TransitionKind.RESOLVED)
    if before.status is not Status.RESOLVED or before.closed is None:
        return ()
    if after.status is Status.RETRACTED:
        return (TransitionKind.RETRACTED,)
    told = before.onset <= evaluation.span <= before.closed
    return (TransitionKind.CORRECTED,) if told else ()


def _reasons(
    rule: Rule, before: AlertState, after: AlertState, evaluation: Evaluation, facts: Facts
) -> dict[TransitionKind, str]:
    """Why, for each kind of transition that a figure can cause."""
    if facts.awaited:
        gone, news = evaluation.reason, "is still awaited"
    elif facts.value is None:
        gone = f"the source withdrew the figure of {facts.span.name}, and with it the ground of the alert"
        news = "was withdrawn"
    else:
        gone = f"the revised figure takes the ground of the alert away: {evaluation.reason}"
        news = "arrived late" if before.judged(evaluation.span) is None else "was revised"
    if after.clears:
        waits = f"{after.clears} of the {rule.months_to_close} figures needed to close"
        going_on = f"{evaluation.closing_reason}; {waits}"
    else:
        names = {each.forecaster: each.name for each in facts.against}
        closing = None if rule.close_when is None else named(rule.close_when, names).in_words()
        until = "that no longer holds" if closing is None else closing
        going_on = f"open until {until}: {evaluation.closing_reason}"
    return {
        TransitionKind.OPENED: evaluation.reason,
        TransitionKind.REOPENED: evaluation.reason,
        TransitionKind.ESCALATED: evaluation.reason,
        TransitionKind.DEESCALATED: evaluation.reason,
        TransitionKind.RESOLVED: evaluation.closing_reason,
        TransitionKind.RETRACTED: gone,
        TransitionKind.CORRECTED: f"the figure of {facts.span.name} {news} and the alert stands",
        TransitionKind.UPDATED: going_on,
    }


def _check(rule: Rule, state: AlertState, facts: Facts) -> None:
    if state.rule_id != rule.id:
        raise WrongAlertError(state.id, "rule", state.rule_id, rule.id)
    ruling = ruling_version(state, facts.span, current=rule.version)
    if ruling != rule.version:
        raise WrongAlertError(state.id, "rule version", str(state.rule_version), str(rule.version))
    if state.series_id != facts.series_id:
        raise WrongAlertError(state.id, "series", state.series_id, facts.series_id)


def _check_open(state: AlertState) -> None:
    if state.status is not Status.OPENED:
        raise AlertClosedError(state.id, state.status)
