"""A rule replayed on the past before it is saved: what the desk would have heard, when, and how often."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from alerts.conditions import confirmable
from alerts.evaluation import Outcome
from alerts.facts import Band, Facts
from alerts.hysteresis import Status
from alerts.rules import Rule, Severity
from alerts.states import AlertState, Transition, TransitionKind
from alerts.step import step
from forecasting.months import Month, Span

MONTHS_OF_A_YEAR = 12
"""Months judged below which no rate a year is told."""

Counterfactual = Callable[[AlertState, Facts], Band | None]
"""The forecast published before an alert's onset, at the figure's span."""


@dataclass(frozen=True, slots=True)
class RehearsedAlert:
    """An alert that would have been: what was heard and when, up to the end of the replay.

    ``known_from`` is when it would have been known, ``onset`` and ``opening`` are of then; ``months`` runs
    from the onset to what closed it (or to its latest figure, both included); ``severity`` is the gravest it
    reached, ``confirmed`` whether an episode began within its months (None where nobody has said).
    """

    id: str
    series_id: str
    status: Status
    severity: Severity
    onset: Span
    known_from: dt.datetime
    closed: Span | None
    months: int
    reason: str
    opening: Facts
    transitions: tuple[Transition, ...]
    confirmed: bool | None


@dataclass(frozen=True, slots=True)
class SilentMonth:
    """A month that the rule could say nothing about, and why."""

    series_id: str
    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Whether a rule keeps to its alert budget, in alerts a year over all its series, and the reason."""

    accepted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rule would have said from ``first`` to ``last`` (moments at which figures became known).

    ``judged_months`` counts the months in which the rule could say something of one series or more: the
    years of ``alerts_per_year``, which is over all series together. ``confirmed_share`` is of the alerts with
    an answer; a rule whose conditions no episode of the series can confirm has none.
    """

    first: dt.datetime | None
    last: dt.datetime | None
    figures: int
    alerts: tuple[RehearsedAlert, ...]
    silent: tuple[SilentMonth, ...]
    judged_months: int
    alerts_per_year: float | None
    confirmed_share: float | None
    acceptance: Acceptance | None


def rehearse(
    rule: Rule,
    history: Iterable[Facts],
    counterfactual: Counterfactual | None = None,
    *,
    budget: float | None = None,
    episodes: Mapping[str, frozenset[Month]] | None = None,
) -> Rehearsal:
    """Replay a rule over facts in the order in which they became known, series by series.

    The facts are those of each moment: nothing in one may have become known after its ``known_from``. The
    months of ``episodes`` are those, by series, in which a confirmed episode began; ``budget`` is in alerts
    a year. The rule's effective dates are left aside: the question is what it would have said.
    """
    timeless = replace(rule, effective_from=None, effective_to=None)
    by_series: dict[str, list[Facts]] = defaultdict(list)
    for facts in sorted(history, key=lambda each: (each.known_from, each.span)):
        by_series[facts.series_id].append(facts)
    alerts: list[RehearsedAlert] = []
    silent: list[SilentMonth] = []
    judged: set[Month] = set()
    if not confirmable(rule.condition):
        episodes = None
    for series_id, figures in sorted(by_series.items()):
        begun = None if episodes is None else episodes.get(series_id, frozenset())
        replayed, unjudged, spoken_of = _replay(timeless, figures, counterfactual)
        judged |= spoken_of
        alerts += [_rehearsed(each, begun) for each in replayed]
        silent += [*unjudged, *_gaps(series_id, [each for each in figures if not each.awaited])]
    came = (facts for figures in by_series.values() for facts in figures if not facts.awaited)
    moments = sorted(facts.known_from for facts in came)
    first, last = (moments[0], moments[-1]) if moments else (None, None)
    yearly = _per_year(len(alerts), len(judged))
    answered = [alert.confirmed for alert in alerts if alert.confirmed is not None]
    return Rehearsal(
        first=first,
        last=last,
        figures=len(moments),
        alerts=tuple(sorted(alerts, key=lambda alert: (alert.known_from, alert.series_id))),
        silent=tuple(sorted(silent, key=lambda month: (month.series_id, month.span))),
        judged_months=len(judged),
        alerts_per_year=yearly,
        confirmed_share=sum(answered) / len(answered) if answered else None,
        acceptance=None if budget is None else _accepted(yearly, budget),
    )


def changed(then: Rehearsal, now: Rehearsal) -> tuple[tuple[RehearsedAlert, ...], tuple[RehearsedAlert, ...]]:
    """Alerts heard only by what was known at the time, and only by today's figures, by series and onset."""
    keys_then = {(alert.series_id, alert.onset) for alert in then.alerts}
    keys_now = {(alert.series_id, alert.onset) for alert in now.alerts}
    return (
        tuple(alert for alert in then.alerts if (alert.series_id, alert.onset) not in keys_now),
        tuple(alert for alert in now.alerts if (alert.series_id, alert.onset) not in keys_then),
    )


@dataclass(slots=True)
class _Heard:
    """An alert on its way through the replay, with what it was at its opening."""

    state: AlertState
    opening: Facts
    onset: Span
    moved: tuple[Transition, ...] = ()


def _replay(
    rule: Rule, figures: Sequence[Facts], counterfactual: Counterfactual | None
) -> tuple[list[_Heard], list[SilentMonth], set[Month]]:
    """The alerts, the months that could not be judged, and the months that could."""
    judged: set[Month] = set()
    heard: dict[str, _Heard] = {}
    unjudged: dict[Span, SilentMonth] = {}
    for figure in figures:
        before = partial(_counterfactual, counterfactual, figure)
        alerts = [each.state for each in heard.values()]
        taken = step(rule, alerts, figure, version=lambda _: rule, counterfactual=before)
        if taken is None:
            continue
        unjudged.pop(figure.span, None)
        if taken.evaluation.outcome is not Outcome.NO_DATA:
            judged.update(figure.span)
        if taken.evaluation.outcome is Outcome.NO_DATA and not figure.awaited:
            unjudged[figure.span] = SilentMonth(figure.series_id, figure.span, taken.evaluation.reason)
        if taken.over is not None:
            del heard[taken.over.id]
        after = taken.after
        if after is None:
            continue
        kept = heard.setdefault(after.id, _Heard(after, taken.facts, after.onset))
        if any(each.kind is TransitionKind.OPENED for each in taken.transitions):
            kept.opening, kept.onset = taken.facts, after.onset
        kept.state, kept.moved = after, kept.moved + taken.transitions
    opened = [each for each in heard.values() if each.state.status is not Status.PENDING]
    return opened, list(unjudged.values()), judged


def _counterfactual(counterfactual: Counterfactual | None, facts: Facts, state: AlertState) -> Band | None:
    return None if counterfactual is None else counterfactual(state, facts)


def _rehearsed(heard: _Heard, begun: frozenset[Month] | None) -> RehearsedAlert:
    state, moved = heard.state, heard.moved
    opened = next(each for each in moved if each.kind is TransitionKind.OPENED)
    reached = [each.severity for each in state.figures if each.severity is not None]
    first, last = heard.onset.first, (state.closed or state.last).last
    return RehearsedAlert(
        id=state.id,
        series_id=state.series_id,
        status=state.status,
        severity=max([state.severity, *reached], key=lambda severity: severity.rank),
        onset=heard.onset,
        known_from=opened.known_from,
        closed=state.closed,
        months=last.since(first) + 1,
        reason=opened.reason,
        opening=heard.opening,
        transitions=moved,
        confirmed=None if begun is None else any(first <= month <= last for month in begun),
    )


def _gaps(series_id: str, figures: Sequence[Facts]) -> Iterable[SilentMonth]:
    """Months between the first and the last that no figure, alone or in a total, was published for."""
    held = {month for facts in figures for month in facts.span}
    if not held:
        return
    first = min(held)
    for later in range(max(held).since(first) + 1):
        if first + later not in held:
            yield SilentMonth(series_id, Span(first + later), "no figure was published")


def _per_year(count: int, months: int) -> float | None:
    """None under a year of months judged: a rate from less would be read as more than it is."""
    return None if months < MONTHS_OF_A_YEAR else count / (months / MONTHS_OF_A_YEAR)


def _accepted(yearly: float | None, budget: float) -> Acceptance:
    if yearly is None:
        few = f"fewer than {MONTHS_OF_A_YEAR} months could be judged; no rate a year can be told from them"
        return Acceptance(accepted=False, reason=few)
    kept = yearly <= budget
    side = "within" if kept else "more than"
    return Acceptance(kept, f"{yearly:.2g} alerts a year, {side} the budget of {budget:g}")
