"""What a person does to an alert: sees it, closes it, snoozes it, or says something about it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

from sqlalchemy import Connection

from alerts.events import person_event
from alerts.lifecycle import acknowledge, close
from alerts.routing import Matcher, Silence
from alerts.states import AlertState, Transition
from services.storage import alert_notes, alerts, rules, series, silences
from services.storage.alert_notes import AlertNote
from services.storage.alerts import AlertRecord
from services.storage.silences import SilenceRecord
from services.usecases.held_alerts import HeldAlerts
from services.usecases.tell_desks import tell_desks

Act = Callable[[AlertState, str, dt.datetime, str], tuple[AlertState, tuple[Transition, ...]]]


class UnknownAlertError(LookupError):
    """An id that no alert has."""

    def __init__(self, alert_id: str) -> None:
        self.alert_id = alert_id
        super().__init__(f"There is no alert {alert_id!r}; list them to see which there are.")


class SnoozeInThePastError(ValueError):
    """A snooze that would be over before it begins."""

    def __init__(self, until: dt.datetime) -> None:
        self.until = until
        super().__init__(f"A snooze ends in the future, and {until.isoformat()} has passed.")


def acknowledge_alert(
    connection: Connection, alert_id: str, *, by: str, note: str = "", now: dt.datetime
) -> AlertState:
    """A person has seen an alert: it stays open, and its desk is told who has it.

    The first acknowledgement stands; a second one changes nothing. UnknownAlertError; AlertClosedError where
    it is not open.
    """
    return _act(connection, alert_id, acknowledge, by=by, note=note, now=now)


def close_alert(
    connection: Connection, alert_id: str, *, by: str, note: str = "", now: dt.datetime
) -> AlertState:
    """A person closes an alert after its latest figure; its desk is told. Errors as in acknowledging."""
    return _act(connection, alert_id, close, by=by, note=note, now=now)


def snooze_alert(
    connection: Connection, alert_id: str, *, by: str, until: dt.datetime, note: str = "", now: dt.datetime
) -> None:
    """Hold back what is said of an alert until a moment: a silence that matches this alert alone.

    The alert itself lives on. UnknownAlertError; SnoozeInThePastError.
    """
    record = _held(connection, alert_id)
    if until <= now:
        raise SnoozeInThePastError(until)
    matcher = Matcher(desks=frozenset({record.desk}), alerts=frozenset({alert_id}))
    silence = Silence(f"sil_{uuid.uuid4().hex}", matcher, now, until, by, note)
    silences.add(connection, SilenceRecord(silence, record.desk, now))
    alert_notes.add(connection, AlertNote(alert_id, "snoozed", by, now, note, until=until))


def hear_alert(connection: Connection, alert_id: str, *, by: str, now: dt.datetime) -> None:
    """End every snooze of an alert, and keep who did. UnknownAlertError."""
    for each in silences.snoozes(connection, alert_id, now=now):
        silences.end(connection, each.silence.id, at=now)
    note_alert(connection, AlertNote(alert_id, "comment", by, now, "ended the snooze"))


def note_alert(connection: Connection, note: AlertNote) -> None:
    """Keep what a person says of an alert, open or closed; nobody is told. UnknownAlertError."""
    if alerts.get(connection, note.alert_id) is None:
        raise UnknownAlertError(note.alert_id)
    alert_notes.add(connection, note)


def _act(
    connection: Connection, alert_id: str, act: Act, *, by: str, note: str, now: dt.datetime
) -> AlertState:
    record = _held(connection, alert_id)
    after, moved = act(record.state, by, now, note)
    if not moved:
        return after
    rule = rules.get(connection, after.rule_id, after.rule_version)
    watched = series.get(connection, after.series_id)
    assert rule is not None  # noqa: S101 - foreign keys hold both
    assert watched is not None  # noqa: S101
    held = HeldAlerts(connection, {watched.id}, silences.in_force(connection, now=now), now=now)
    held.keep(AlertRecord(after, record.desk, record.onset_forecast_id), known_from=now)
    for transition in moved:
        body = person_event(transition, rule, after, series_name=watched.name, unit=watched.unit)
        held.say(after, transition, body, observation_id=None)
    tell_desks(connection, held.store(), now=now)
    return after


def _held(connection: Connection, alert_id: str) -> AlertRecord:
    """An alert that no figure moves until the transaction ends: recording locks the series first."""
    found = alerts.get(connection, alert_id)
    if found is not None:
        series.lock(connection, {found.state.series_id})
        found = alerts.get(connection, alert_id)
    if found is None:
        raise UnknownAlertError(alert_id)
    return found
