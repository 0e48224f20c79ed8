"""Transitions of alerts, as they were recorded and said; rows are only ever added."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from alerts.states import Transition
from services.storage.copying import copy_rows, next_ids
from services.storage.tables import alert_events, alerts

MOST_COUNTED = 10_000
"""How many of the last transitions are looked through where they are counted."""


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


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A transition that is to be recorded, with the body that says it; ``silenced_by`` kept it from its desk.

    ``observation_id`` is of the figure that caused it, None where none did.
    """

    alert_id: str
    transition: Transition
    payload: dict[str, Any]
    observation_id: int | None
    silenced_by: str | None


@dataclass(frozen=True, slots=True)
class LateEvent:
    """A transition with when it was recorded, which is when anybody could first see it."""

    event: AlertEvent
    recorded_at: dt.datetime


def add(connection: Connection, events: Sequence[NewEvent], *, recorded_at: dt.datetime) -> list[int]:
    """Add transitions; their ids in the order given. IntegrityError where a figure has caused one already."""
    ids = next_ids(connection, alert_events, len(events)) if events else []
    rows = (
        {
            "id": event_id,
            "alert_id": event.alert_id,
            "kind": str(event.transition.kind),
            "observation_id": event.observation_id,
            "reason": event.transition.reason,
            "payload": event.payload,
            "known_from": event.transition.known_from,
            "recorded_at": recorded_at,
            "silenced_by": event.silenced_by,
        }
        for event_id, event in zip(ids, events, strict=True)
    )
    copy_rows(connection, alert_events, rows)
    return ids


def of_alert(connection: Connection, alert_id: str) -> list[AlertEvent]:
    """Transitions of an alert, in the order they were recorded."""
    query = select(alert_events).where(alert_events.c.alert_id == alert_id).order_by(alert_events.c.id)
    return [_event(row) for row in connection.execute(query)]


def unheard(connection: Connection, alert_ids: Collection[str]) -> dict[str, list[AlertEvent]]:
    """Transitions of alerts that were silenced after the last that was not, by alert, in their order."""
    later = alert_events.alias("later")
    heard = select(later.c.id).where(
        later.c.alert_id == alert_events.c.alert_id,
        later.c.silenced_by.is_(None),
        later.c.id > alert_events.c.id,
    )
    silenced = select(alert_events).where(
        alert_events.c.alert_id.in_(alert_ids), alert_events.c.silenced_by.is_not(None), ~heard.exists()
    )
    found: dict[str, list[AlertEvent]] = defaultdict(list)
    for row in connection.execute(silenced.order_by(alert_events.c.id)):
        found[row.alert_id].append(_event(row))
    return found


def last_of(connection: Connection, alert_ids: Collection[str]) -> dict[str, AlertEvent]:
    """The latest transition of each alert, by the id of the alert."""
    query = select(alert_events).where(alert_events.c.alert_id.in_(alert_ids))
    newest = query.order_by(alert_events.c.alert_id, alert_events.c.id.desc()).ext(
        distinct_on(alert_events.c.alert_id)
    )
    return {row.alert_id: _event(row) for row in connection.execute(newest)}


def latest(connection: Connection, *, desk: str | None = None, limit: int = 20) -> list[LateEvent]:
    """The last transitions of all alerts, of a desk where given, the newest first."""
    query = select(alert_events).order_by(alert_events.c.id.desc()).limit(limit)
    if desk is not None:
        query = query.join(alerts, alerts.c.id == alert_events.c.alert_id).where(alerts.c.desk == desk)
    return [LateEvent(_event(row), row.recorded_at) for row in connection.execute(query)]


def count(connection: Connection, *, since: dt.datetime, desk: str | None = None) -> int:
    """How many of the last MOST_COUNTED transitions were recorded after a moment, of a desk where given."""
    lately = select(alert_events).order_by(alert_events.c.id.desc()).limit(MOST_COUNTED).subquery()
    joined = lately.join(alerts, alerts.c.id == lately.c.alert_id)
    query = select(func.count()).select_from(joined).where(lately.c.recorded_at > since)
    if desk is not None:
        query = query.where(alerts.c.desk == desk)
    return int(connection.execute(query).scalar_one())


def _event(row: Any) -> AlertEvent:
    return AlertEvent(
        row.id, row.alert_id, row.kind, row.reason, row.payload, row.known_from, row.silenced_by
    )
