"""What one judged figure does to the alerts of every rule that watches its series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from alerts.evaluation import evaluate
from alerts.events import alert_event
from alerts.lifecycle import advance
from alerts.rules import Rule
from alerts.states import AlertState, Transition
from forecasting.months import Span
from services.storage import alerts, forecasts, rules
from services.storage.alerts import AlertRecord
from services.storage.messages import Message
from services.storage.series import SeriesRecord
from services.usecases.judge_figures import Judgement, band

_LIVING = {"pending", "opened"}


@dataclass(frozen=True, slots=True)
class Moved:
    """One transition of an alert, and the message that says it to the rule's desk."""

    transition: Transition
    message: Message


def watching(in_force: Iterable[Rule], series: SeriesRecord) -> list[Rule]:
    """The rules whose scope covers a series."""
    families = frozenset() if series.family is None else frozenset({series.family})
    return [rule for rule in in_force if rule.scope.covers(series.id, families, frozenset(series.tags))]


def follow_alerts(
    connection: Connection,
    judgement: Judgement,
    observation_id: int,
    watchers: Sequence[Rule],
    *,
    now: dt.datetime,
) -> list[Moved]:
    """Move the alerts of the rules that watch a series by one figure; the caller enqueues the messages."""
    moved: list[Moved] = []
    for rule in watchers:
        moved += _follow(connection, rule, judgement, observation_id, now)
    return moved


def _follow(
    connection: Connection, newest: Rule, judgement: Judgement, observation_id: int, now: dt.datetime
) -> list[Moved]:
    facts = judgement.facts
    record = _concerned(alerts.of_rule(connection, newest.id, facts.series_id), newest, facts.span)
    rule = newest if record is None else _version_of(connection, record.state, newest)
    if record is not None and record.onset_forecast_id is not None:
        onset = forecasts.by_id(connection, record.onset_forecast_id)
        if onset is not None and onset.forecast is not None:
            facts = replace(facts, counterfactual=band(onset.forecast, facts.span))
    before = None if record is None else record.state
    after, transitions = advance(rule, before, evaluate(rule, facts), facts)
    if after is None:
        if before is not None:
            alerts.forget(connection, before.id)
        return []
    if after != before:
        same = record is not None and record.state.id == after.id
        onset_forecast = record.onset_forecast_id if same and record is not None else judgement.forecast_id
        kept = AlertRecord(after, rule.desk, onset_forecast)
        alerts.keep(connection, kept, known_from=facts.known_from)
    moved: list[Moved] = []
    for transition in transitions:
        body = alert_event(transition, rule, after, facts)
        event_id = alerts.add_event(
            connection, after.id, transition, body, observation_id=observation_id, recorded_at=now
        )
        if event_id is not None:
            said = {"version": body["version"], **body["data"]}
            message = Message(rule.desk, body["type"], said, created_at=now, alert_event_id=event_id)
            moved.append(Moved(transition, message))
    return moved


def _concerned(held: Sequence[AlertRecord], newest: Rule, span: Span) -> AlertRecord | None:
    """The alert among whose figures the span is, else the latest one that may still go on."""
    for record in reversed(held):
        if record.state.judged(span) is not None:
            return record
    if not held:
        return None
    latest = held[-1]
    goes_on = latest.state.status in _LIVING or latest.state.rule_version == newest.version
    return latest if goes_on else None


def _version_of(connection: Connection, state: AlertState, newest: Rule) -> Rule:
    """The version that opened an alert: it lives out its life under it."""
    if state.rule_version == newest.version:
        return newest
    return rules.get(connection, state.rule_id, state.rule_version) or newest
