"""What one judged figure does to the alerts of every rule that watches its series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from alerts.bands import before_onset
from alerts.events import Body, alert_event
from alerts.facts import Band, Facts
from alerts.lifecycle import ruling_version
from alerts.routing import Silence, notice, silencing
from alerts.rules import Rule
from alerts.states import AlertState, Transition, TransitionKind
from alerts.step import step
from alerts.unheard import Unheard, told_as_opening, told_late
from services.storage import alerts, forecasts, rules
from services.storage.alerts import AlertRecord
from services.storage.beside import Beside
from services.storage.series import SeriesRecord
from services.storage.traits import traits
from services.usecases.held_alerts import HeldAlerts
from services.usecases.replay_figures import Past
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


@dataclass(frozen=True, slots=True)
class Cause:
    """A figure that came, or one that did not: no forecast judged that, and no row was recorded of it."""

    facts: Facts
    series: SeriesRecord
    forecast_id: int | None = None
    observation_id: int | None = None


def follow_alerts(
    connection: Connection,
    cause: Cause,
    watchers: Sequence[Rule],
    silences: Sequence[Silence],
    *,
    held: HeldAlerts,
    beside: Callable[[str], Beside],
    now: dt.datetime,
) -> list[Moved]:
    """Move the alerts of the rules that watch a series; the caller tells their desks.

    ``held`` are the alerts as they stand, and ``beside`` gives what a desk may see beside the series: each is
    read once for all figures of a batch. The same absence of a figure again moves nothing.
    """
    moved: list[Moved] = []
    for rule in watchers:
        seen = beside(rule.desk)
        moved += _follow(connection, rule, cause, silences, held=held, beside=seen, now=now)
    return moved


def _follow(
    connection: Connection,
    current: Rule,
    cause: Cause,
    silences: Sequence[Silence],
    *,
    held: HeldAlerts,
    beside: Beside,
    now: dt.datetime,
) -> list[Moved]:
    known = held.of(current.id, cause.facts.series_id)
    taken = step(
        current,
        [record.state for record in known.values()],
        cause.facts,
        version=partial(_version, connection, current),
        counterfactual=lambda before: _counterfactual(connection, current, known[before.id], cause, beside),
        asked=lambda rule, facts: recorded_facts(connection, facts, cause.series, rule.needs, beside),
        covers=current.scope.covers(traits(cause.series)),
    )
    if taken is None:
        return []
    if taken.over is not None:
        held.forget(known[taken.over.id])
    after = taken.after
    if after is None:
        return []
    if after != taken.before:
        began = known.get(after.id)
        onset_forecast = cause.forecast_id if began is None else began.onset_forecast_id
        held.keep(AlertRecord(after, taken.rule.desk, onset_forecast), known_from=cause.facts.known_from)
    said = (
        record_transition(
            connection,
            after,
            transition,
            alert_event(transition, taken.rule, after, taken.facts),
            silences,
            observation_id=cause.observation_id,
            now=now,
        )
        for transition in taken.transitions
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


def _counterfactual(
    connection: Connection, rule: Rule, record: AlertRecord, cause: Cause, beside: Beside
) -> Band | None:
    """What was forecast for a figure's span before an alert's onset.

    Where none was published then, a rule that asks for it gets the one that a rehearsal would make from what
    was known: an alert that waits for recovery could else close by no figure at all.
    """
    if record.onset_forecast_id is not None:
        onset = forecasts.by_id(connection, record.onset_forecast_id)
        return (
            None
            if onset is None or onset.forecast is None
            else before_onset(onset.forecast, cause.facts.span)
        )
    ruling = ruling_version(record.state, cause.facts.span, current=rule.version)
    judging = rule if ruling == rule.version else _version(connection, rule, ruling)
    if "counterfactual" not in judging.needs:
        return None
    return Past(cause.series, beside.rows(cause.series), ()).before_onset(record.state, cause.facts)


def _version(connection: Connection, current: Rule, version: int) -> Rule:
    """An earlier version of a rule."""
    return rules.get(connection, current.id, version) or current
