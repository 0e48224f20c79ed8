"""What one judged figure does to the alerts of every rule that watches its series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from alerts.evaluation import evaluate
from alerts.events import Body, alert_event
from alerts.facts import Facts
from alerts.hysteresis import Status
from alerts.lifecycle import advance, concerned, ruling_version, superseded
from alerts.routing import Silence, notice, silencing
from alerts.rules import Rule
from alerts.states import AlertState, Transition, TransitionKind
from alerts.unheard import Unheard, told_as_opening, told_late
from forecasting.months import Span
from services.storage import alerts, forecasts, rules
from services.storage.alerts import AlertRecord
from services.storage.beside import Beside
from services.storage.series import SeriesRecord
from services.storage.traits import traits
from services.usecases.before_onset import before_onset
from services.usecases.held_alerts import HeldAlerts
from services.usecases.judge_figures import Judgement
from services.usecases.shock_facts import recorded_facts


@dataclass(frozen=True, slots=True)
class Moved:
    """One transition of an alert, the body that says it, and the silence that keeps it from its desk."""

    transition: Transition
    body: Body
    event_id: int
    silenced_by: str | None = None


def watching(in_force: Iterable[Rule], series: SeriesRecord, orphaned: Collection[str] = ()) -> list[Rule]:
    """The rules whose scope covers a series, and those ``orphaned`` that have an alert on it all the same."""
    return [rule for rule in in_force if rule.scope.covers(traits(series)) or rule.id in orphaned]


def follow_alerts(
    connection: Connection,
    judgement: Judgement,
    observation_id: int,
    watchers: Sequence[Rule],
    silences: Sequence[Silence],
    *,
    held: HeldAlerts,
    beside: Callable[[str], Beside],
    now: dt.datetime,
) -> list[Moved]:
    """Move the alerts of the rules that watch a series by one figure; the caller tells their desks.

    ``held`` are the alerts as they stand, and ``beside`` gives what a desk may see beside the series: each is
    read once for all figures of a batch.
    """
    arrived = _News(judgement.facts, judgement.series, judgement.forecast_id, observation_id)
    return _followed(connection, arrived, watchers, silences, held=held, beside=beside, now=now)


def follow_awaited(
    connection: Connection,
    facts: Facts,
    series: SeriesRecord,
    watchers: Sequence[Rule],
    silences: Sequence[Silence],
    *,
    held: HeldAlerts,
    beside: Callable[[str], Beside],
    now: dt.datetime,
) -> list[Moved]:
    """Move alerts by a figure that has not come; the same absence again moves nothing."""
    return _followed(
        connection, _News(facts, series, None, None), watchers, silences, held=held, beside=beside, now=now
    )


@dataclass(frozen=True, slots=True)
class _News:
    """A figure that came, or one that did not; the ids are of the forecast that judged it and of its row."""

    facts: Facts
    series: SeriesRecord
    forecast_id: int | None
    observation_id: int | None


def _followed(
    connection: Connection,
    news: _News,
    watchers: Sequence[Rule],
    silences: Sequence[Silence],
    *,
    held: HeldAlerts,
    beside: Callable[[str], Beside],
    now: dt.datetime,
) -> list[Moved]:
    moved: list[Moved] = []
    for rule in watchers:
        seen = beside(rule.desk)
        moved += _follow(connection, rule, news, silences, held=held, beside=seen, now=now)
    return moved


def _follow(
    connection: Connection,
    current: Rule,
    news: _News,
    silences: Sequence[Silence],
    *,
    held: HeldAlerts,
    beside: Beside,
    now: dt.datetime,
) -> list[Moved]:
    facts = news.facts
    before_news = held.of(current.id, facts.series_id)
    states = [record.state for record in before_news.values()]
    before = concerned(states, facts.span)
    if not current.scope.covers(traits(news.series)) and not _lives(before, facts.span):
        return []
    rule = _version(connection, current, ruling_version(before, facts.span, current=current.version))
    if before is not None:
        facts = _beside_counterfactual(connection, facts, before_news[before.id])
    facts = recorded_facts(connection, facts, news.series, rule.needs, beside)
    after, transitions = advance(
        rule,
        before,
        evaluate(rule, facts),
        facts,
        was_superseded=before is not None and superseded(before, states),
    )
    if after is None:
        if before is not None:
            held.forget(before_news[before.id])
        return []
    if after != before:
        known = before_news.get(after.id)
        onset_forecast = news.forecast_id if known is None else known.onset_forecast_id
        held.keep(AlertRecord(after, rule.desk, onset_forecast), known_from=facts.known_from)
    said = (
        record_transition(
            connection,
            after,
            transition,
            alert_event(transition, rule, after, facts),
            silences,
            observation_id=news.observation_id,
            now=now,
        )
        for transition in transitions
    )
    return [moved for moved in said if moved is not None]


def record_transition(
    connection: Connection,
    state: AlertState,
    transition: Transition,
    body: Body,
    silences: Sequence[Silence],
    *,
    observation_id: int | None,
    now: dt.datetime,
) -> Moved | None:
    """Keep a transition with what is said of it; None where this figure has caused the same one before.

    What a silence kept from the desk before is told with the first event that it hears.
    """
    silence = silencing(notice(body), silences, now)
    silenced_by = None if silence is None else silence.id
    if silence is None and transition.kind is not TransitionKind.OPENED:
        body = _after_silence(connection, state.id, body, silences, now=now)
    event_id = alerts.add_event(
        connection,
        state.id,
        transition,
        body,
        observation_id=observation_id,
        recorded_at=now,
        silenced_by=silenced_by,
    )
    return None if event_id is None else Moved(transition, body, event_id, silenced_by)


def _after_silence(
    connection: Connection, alert_id: str, body: Body, silences: Sequence[Silence], *, now: dt.datetime
) -> Body:
    """The body with what was silenced before it; as the opening that was, unless openings still are."""
    events = alerts.unheard(connection, alert_id)
    if not events:
        return body
    kinds = tuple(TransitionKind(event.kind) for event in events)
    missed = Unheard(kinds, events[0].payload["timestamp"])
    late = told_late(body, missed)
    opening = told_as_opening(late, missed)
    return opening if silencing(notice(opening), silences, now) is None else late


def _lives(state: AlertState | None, span: Span) -> bool:
    """True where an alert that the rule as it stands would not open is to be followed all the same."""
    return state is not None and (state.status is Status.OPENED or span <= state.last)


def _beside_counterfactual(connection: Connection, facts: Facts, record: AlertRecord) -> Facts:
    """The facts with what was forecast for this span before the alert's onset."""
    if record.onset_forecast_id is None:
        return facts
    onset = forecasts.by_id(connection, record.onset_forecast_id)
    if onset is None or onset.forecast is None:
        return facts
    return replace(facts, counterfactual=before_onset(onset.forecast, facts.span))


def _version(connection: Connection, current: Rule, version: int) -> Rule:
    """A version of a rule: an alert lives out its life under the one that opened it."""
    if version == current.version:
        return current
    return rules.get(connection, current.id, version) or current
