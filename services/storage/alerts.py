"""Alerts as they stand, and every transition that made them so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    case,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert

from alerts.hysteresis import Status
from alerts.rules import Severity
from alerts.states import AlertState, Transition, dump_state, parse_state
from services.storage.tables import alert_events, alerts

MOST_COUNTED = 10_000
"""How many of the last transitions are looked through where they are counted."""
GRAVITY = {str(severity): -severity.rank for severity in Severity}
"""How early an alert of a severity stands among those that are told the gravest first."""


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert with what storage adds; ``onset_forecast_id`` is of the forecast before its onset."""

    state: AlertState
    desk: str
    onset_forecast_id: int | None


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One transition as it was recorded and said."""

    id: int
    alert_id: str
    kind: str
    reason: str
    payload: dict[str, Any]
    known_from: dt.datetime
    silenced_by: str | None


def of_series(connection: Connection, series_ids: Collection[str]) -> list[AlertRecord]:
    """Every alert, open or over, on each of the series."""
    query = select(alerts).where(alerts.c.series_id.in_(series_ids))
    return [_record(row) for row in connection.execute(query)]


def open_of_rule(connection: Connection, rule_id: str) -> list[AlertRecord]:
    """Alerts of a rule that are open, by series."""
    query = select(alerts).where(alerts.c.rule_id == rule_id, alerts.c.status == str(Status.OPENED))
    return [_record(row) for row in connection.execute(query.order_by(alerts.c.series_id))]


def keep(connection: Connection, record: AlertRecord, *, known_from: dt.datetime) -> None:
    """Put an alert in its place; ``known_from`` is when what changed it was known."""
    state = record.state
    closed = state.status in {Status.RESOLVED, Status.RETRACTED}
    row = {
        "id": state.id,
        "rule_id": state.rule_id,
        "rule_version": state.rule_version,
        "series_id": state.series_id,
        "desk": record.desk,
        "status": str(state.status),
        "severity": str(state.severity),
        "state": dump_state(state),
        "onset_forecast_id": record.onset_forecast_id,
        "opened_at": state.opened_known_from or known_from,
        "closed_at": known_from if closed else None,
        "updated_at": known_from,
    }
    statement = insert(alerts).values(row)
    changing = ("status", "severity", "state", "opened_at", "closed_at", "updated_at")
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={name: statement.excluded[name] for name in changing}
        )
    )


def forget(connection: Connection, alert_id: str) -> bool:
    """Drop a streak that came to nothing, and say so; an alert that ever opened has events and stays."""
    pending = delete(alerts).where(alerts.c.id == alert_id, alerts.c.status == "pending")
    return connection.execute(pending).rowcount > 0


def add_event(
    connection: Connection,
    alert_id: str,
    transition: Transition,
    payload: dict[str, Any],
    *,
    observation_id: int | None,
    recorded_at: dt.datetime,
    silenced_by: str | None = None,
) -> int | None:
    """Add a transition; its id, or None where this figure has caused it already."""
    row = {
        "alert_id": alert_id,
        "kind": str(transition.kind),
        "observation_id": observation_id,
        "reason": transition.reason,
        "payload": payload,
        "known_from": transition.known_from,
        "recorded_at": recorded_at,
        "silenced_by": silenced_by,
    }
    statement = insert(alert_events).values(row).on_conflict_do_nothing().returning(alert_events.c.id)
    return connection.execute(statement).scalar_one_or_none()


def get(connection: Connection, alert_id: str) -> AlertRecord | None:
    """One alert that has opened."""
    query = select(alerts).where(alerts.c.id == alert_id, alerts.c.status != "pending")
    row = connection.execute(query).first()
    return None if row is None else _record(row)


def listed(
    connection: Connection,
    *,
    desk: str | None = None,
    series_id: str | None = None,
    status: str | None = None,
    gravest_first: bool = False,
    limit: int = 100,
) -> list[AlertRecord]:
    """Alerts that have opened, the last changed first; of all the gravest before them where asked for."""
    query = _opened(desk, series_id, status)
    if gravest_first:
        query = query.order_by(case(GRAVITY, value=alerts.c.severity, else_=1))
    query = query.order_by(alerts.c.updated_at.desc(), alerts.c.id.desc()).limit(limit)
    return [_record(row) for row in connection.execute(query)]


def count_open(connection: Connection, *, desk: str | None = None) -> int:
    """How many alerts are open, of a desk where given."""
    query = select(func.count()).select_from(_opened(desk, None, "opened").subquery())
    return int(connection.execute(query).scalar_one())


def count_events(connection: Connection, *, since: dt.datetime, desk: str | None = None) -> int:
    """How many of the last MOST_COUNTED transitions were recorded after a moment, of a desk where given."""
    lately = select(alert_events).order_by(alert_events.c.id.desc()).limit(MOST_COUNTED).subquery()
    joined = lately.join(alerts, alerts.c.id == lately.c.alert_id)
    query = select(func.count()).select_from(joined).where(lately.c.recorded_at > since)
    if desk is not None:
        query = query.where(alerts.c.desk == desk)
    return int(connection.execute(query).scalar_one())


def paged(
    connection: Connection,
    *,
    desk: str | None = None,
    series_id: str | None = None,
    status: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[AlertRecord]:
    """Alerts that have opened, the last opened first; with ``after`` those that come after that id.

    An alert keeps its place whatever happens to it, so that none is passed over or repeated between pages.
    """
    place = (alerts.c.opened_at, alerts.c.id)
    query = _opened(desk, series_id, status)
    if after is not None:
        mark = alerts.alias("mark")
        last = select(mark.c.opened_at, mark.c.id).where(mark.c.id == after)
        query = query.where(tuple_(*place) < last.scalar_subquery())
    query = query.order_by(*(column.desc() for column in place)).limit(limit)
    return [_record(row) for row in connection.execute(query)]


def _opened(desk: str | None, series_id: str | None, status: str | None) -> Select[Any]:
    query = select(alerts).where(alerts.c.status != "pending")
    for column, wanted in ((alerts.c.desk, desk), (alerts.c.series_id, series_id), (alerts.c.status, status)):
        if wanted is not None:
            query = query.where(column == wanted)
    return query


def events(connection: Connection, alert_id: str) -> list[AlertEvent]:
    """Transitions of an alert, in the order they were recorded."""
    query = select(alert_events).where(alert_events.c.alert_id == alert_id).order_by(alert_events.c.id)
    return [_event(row) for row in connection.execute(query)]


def unheard(connection: Connection, alert_id: str) -> list[AlertEvent]:
    """Transitions of an alert that were silenced after the last that its desk heard, in their order."""
    held = alert_events.c.alert_id == alert_id
    heard = select(func.max(alert_events.c.id)).where(held, _heard(alert_events))
    later = alert_events.c.id > func.coalesce(heard.scalar_subquery(), 0)
    query = select(alert_events).where(held, later).order_by(alert_events.c.id)
    return [_event(row) for row in connection.execute(query)]


def unheard_openings(connection: Connection) -> list[AlertEvent]:
    """The same of every open alert that opened, or opened again, in silence; alert by alert."""
    earlier = alert_events.alias("earlier")
    heard = select(func.max(earlier.c.id)).where(earlier.c.alert_id == alerts.c.id, _heard(earlier))
    later = alert_events.c.id > func.coalesce(heard.correlate(alerts).scalar_subquery(), 0)
    raised = select(alert_events.c.alert_id).where(
        alert_events.c.kind.in_(("opened", "reopened")), alert_events.c.silenced_by.is_not(None)
    )
    query = (
        select(alert_events)
        .join(alerts, alerts.c.id == alert_events.c.alert_id)
        .where(alerts.c.status == "opened", alerts.c.id.in_(raised), later)
        .order_by(alert_events.c.alert_id, alert_events.c.id)
    )
    return [_event(row) for row in connection.execute(query)]


def say_anew(connection: Connection, event_id: int, body: dict[str, Any]) -> None:
    """Keep the words in which a silenced transition was told after its silence; from then on it is heard."""
    connection.execute(update(alert_events).where(alert_events.c.id == event_id).values(payload=body))


def _heard(rows: FromClause) -> ColumnElement[bool]:
    """Whether a desk heard of a transition: at once, or late, and then it says what was missed."""
    missed = rows.c.payload["data"]["unheard"]
    return or_(rows.c.silenced_by.is_(None), func.jsonb_typeof(missed) == "object")


def last_events(connection: Connection, alert_ids: Collection[str]) -> dict[str, AlertEvent]:
    """The latest transition of each alert, by the id of the alert."""
    query = select(alert_events).where(alert_events.c.alert_id.in_(alert_ids))
    newest = query.order_by(alert_events.c.alert_id, alert_events.c.id.desc()).ext(
        distinct_on(alert_events.c.alert_id)
    )
    return {row.alert_id: _event(row) for row in connection.execute(newest)}


@dataclass(frozen=True, slots=True)
class LateEvent:
    """A transition with when it was recorded, which is when anybody could first see it."""

    event: AlertEvent
    recorded_at: dt.datetime


def latest_events(connection: Connection, *, desk: str | None = None, limit: int = 20) -> list[LateEvent]:
    """The last transitions of all alerts, of a desk where given, the newest first."""
    query = select(alert_events).order_by(alert_events.c.id.desc()).limit(limit)
    if desk is not None:
        query = query.join(alerts, alerts.c.id == alert_events.c.alert_id).where(alerts.c.desk == desk)
    return [LateEvent(_event(row), row.recorded_at) for row in connection.execute(query)]


def _event(row: Any) -> AlertEvent:
    return AlertEvent(
        row.id, row.alert_id, row.kind, row.reason, row.payload, row.known_from, row.silenced_by
    )


def _record(row: Any) -> AlertRecord:
    return AlertRecord(parse_state(row.state), row.desk, row.onset_forecast_id)
