"""What one judged figure does to the alerts of every rule that watches its series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from alerts.evaluation import evaluate
from alerts.events import alert_event
from alerts.facts import Facts
from alerts.lifecycle import advance, concerned, ruling_version, superseded
from alerts.rules import Rule
from alerts.scope import Traits
from alerts.states import AlertState, Transition
from services.storage import alerts, forecasts, rules
from services.storage.alerts import AlertRecord
from services.storage.messages import Message
from services.storage.series import SeriesRecord
from services.usecases.judge_figures import Judgement, band


@dataclass(frozen=True, slots=True)
class Moved:
    """One transition of an alert, and the message that says it to the rule's desk."""

    transition: Transition
    message: Message


def watching(in_force: Iterable[Rule], series: SeriesRecord) -> list[Rule]:
    """The rules whose scope covers a series."""
    return [rule for rule in in_force if rule.scope.covers(traits(series))]


def traits(series: SeriesRecord) -> Traits:
    """What a rule's scope looks at in a series."""
    return Traits(
        id=series.id,
        family=series.family,
        tags=frozenset(series.tags),
        reporter=series.reporter,
        partner=series.partner,
        commodity=series.commodity,
        hs_code=series.hs_code,
    )


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
    connection: Connection, current: Rule, judgement: Judgement, observation_id: int, now: dt.datetime
) -> list[Moved]:
    facts = judgement.facts
    held = {record.state.id: record for record in alerts.of_rule(connection, current.id, facts.series_id)}
    states = [record.state for record in held.values()]
    before = concerned(states, facts.span)
    rule = _version(connection, current, ruling_version(before, facts.span, current=current.version))
    if before is not None:
        facts = _beside_counterfactual(connection, facts, held[before.id])
    after, transitions = advance(
        rule,
        before,
        evaluate(rule, facts),
        facts,
        was_superseded=before is not None and superseded(before, states),
    )
    if after is None:
        if before is not None:
            alerts.forget(connection, before.id)
        return []
    if after != before:
        known = held.get(after.id)
        onset_forecast = judgement.forecast_id if known is None else known.onset_forecast_id
        alerts.keep(connection, AlertRecord(after, rule.desk, onset_forecast), known_from=facts.known_from)
    said = (
        _say(connection, transition, rule, after, facts, observation_id=observation_id, now=now)
        for transition in transitions
    )
    return [moved for moved in said if moved is not None]


def _say(
    connection: Connection,
    transition: Transition,
    rule: Rule,
    state: AlertState,
    facts: Facts,
    *,
    observation_id: int,
    now: dt.datetime,
) -> Moved | None:
    """The message of a transition; None where this figure has caused the same one before."""
    body = alert_event(transition, rule, state, facts)
    event_id = alerts.add_event(
        connection, state.id, transition, body, observation_id=observation_id, recorded_at=now
    )
    if event_id is None:
        return None
    return Moved(transition, Message(rule.desk, body, created_at=now, alert_event_id=event_id))


def _beside_counterfactual(connection: Connection, facts: Facts, record: AlertRecord) -> Facts:
    """The facts with what was forecast for this span before the alert's onset."""
    if record.onset_forecast_id is None:
        return facts
    onset = forecasts.by_id(connection, record.onset_forecast_id)
    if onset is None or onset.forecast is None:
        return facts
    return replace(facts, counterfactual=band(onset.forecast, facts.span))


def _version(connection: Connection, current: Rule, version: int) -> Rule:
    """A version of a rule: an alert lives out its life under the one that opened it."""
    if version == current.version:
        return current
    return rules.get(connection, current.id, version) or current
