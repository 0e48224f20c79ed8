"""What a person does to an alert: it is seen, or it is closed by hand."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from alerts.events import person_event
from alerts.lifecycle import acknowledge
from alerts.states import AlertState
from services.storage import alerts, outbox, rules, series
from services.storage.alerts import AlertRecord
from services.storage.messages import Message


class UnknownAlertError(LookupError):
    """An id that no alert has."""

    def __init__(self, alert_id: str) -> None:
        self.alert_id = alert_id
        super().__init__(f"There is no alert {alert_id!r}; list them to see which there are.")


def acknowledge_alert(
    connection: Connection, alert_id: str, *, by: str, note: str = "", now: dt.datetime
) -> AlertState:
    """A person has seen an alert: it stays open, and its desk is told who has it.

    The first acknowledgement stands; a second one changes nothing. UnknownAlertError; AlertClosedError where
    it is not open.
    """
    record = _held(connection, alert_id)
    after, moved = acknowledge(record.state, by, now, note)
    if not moved:
        return after
    alerts.keep(connection, AlertRecord(after, record.desk, record.onset_forecast_id), known_from=now)
    rule = rules.get(connection, after.rule_id, after.rule_version)
    held = series.get(connection, after.series_id)
    assert rule is not None  # noqa: S101 - foreign keys hold both
    assert held is not None  # noqa: S101
    said = []
    for transition in moved:
        body = person_event(transition, rule, after, series_name=held.name, unit=held.unit)
        event_id = alerts.add_event(
            connection, alert_id, transition, body, observation_id=None, recorded_at=now
        )
        said.append(Message(record.desk, body, created_at=now, alert_event_id=event_id))
    outbox.enqueue(connection, outbox.address(connection, said), now=now)
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
