"""Alerts as they stood at a moment: by what had happened to each by then, and nothing later."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from sqlalchemy import Connection

from alerts.hysteresis import Status
from alerts.rules import Severity
from alerts.states import AlertState
from forecasting.months import Span
from services.queries.alerts import Life, life
from services.queries.slices import Slice, sliced
from services.storage import alert_events, alerts
from services.storage.alert_events import AlertEvent
from services.storage.alerts import AlertRecord

__all__ = ["life_by", "listed_as_of", "one_as_of"]


def listed_as_of(
    connection: Connection,
    *,
    as_of: dt.datetime,
    desk: str | None = None,
    series_id: str | None = None,
    status: str | None = None,
    after: str | None = None,
    limit: int,
) -> Slice[AlertRecord]:
    """Alerts that had opened by a moment, the last opened first, each as the last word on it left it.

    ``status`` and ``after`` as in ``services.queries.alerts.listed``; a figure that said nothing of an alert
    moves its latest month only with the next that does.
    """
    then = alert_events.stood(connection, as_of=as_of, desk=desk, series_id=series_id, status=status)
    found = alerts.in_order(connection, then)
    if after is not None:
        place = next((at for at, each in enumerate(found) if each.state.id == after), len(found))
        found = found[place + 1 :]
    page = sliced(found, limit)
    return Slice([_as_of(each, then[each.state.id], as_of) for each in page.rows], page.more)


def one_as_of(
    connection: Connection, alert_id: str, *, as_of: dt.datetime, desk: str | None = None
) -> AlertRecord | None:
    """One alert as it stood; None where it had not opened, or it is not ``desk``'s."""
    then = alert_events.stood(connection, as_of=as_of, alert_id=alert_id, desk=desk)
    found = alerts.in_order(connection, then)
    return _as_of(found[0], then[alert_id], as_of) if found else None


def life_by(connection: Connection, alert_id: str, *, as_of: dt.datetime) -> Life:
    """What had happened to an alert and what had been said of it by a moment."""
    whole = life(connection, alert_id)
    return Life(
        [each for each in whole.events if each.known_from <= as_of],
        [each for each in whole.notes if each.at <= as_of],
    )


def _as_of(record: AlertRecord, event: AlertEvent, as_of: dt.datetime) -> AlertRecord:
    told = event.payload["data"]["alert"]
    state: AlertState = record.state
    status, last = Status(told["status"]), Span.parse(told["last"])
    seen = state.acknowledged
    opened = told["opened_known_from"]
    return replace(
        record,
        state=replace(
            state,
            status=status,
            severity=Severity(told["severity"]),
            onset=Span.parse(told["onset"]),
            last=last,
            opened_known_from=None if opened is None else dt.datetime.fromisoformat(opened),
            closed=last if status is Status.RESOLVED else None,
            acknowledged=seen if seen is not None and seen.at <= as_of else None,
        ),
    )
