"""Transitions of alerts, as they were recorded and said."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from alerts.states import Transition
from services.storage.columns import among
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
    inhibited_by: str | None

    @property
    def told_late(self) -> bool:
        """Whether it was told later than it came, or with what had been kept from its desk before it."""
        return self.payload["data"].get("unheard") is not None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A transition that is to be recorded, with the body that says it.

    ``silenced_by`` is the silence, and ``inhibited_by`` the alert of a parent, that kept it from its desk.
    ``observation_id`` is of the figure that caused it, None where none did.
    """

    alert_id: str
    transition: Transition
    payload: dict[str, Any]
    observation_id: int | None
    silenced_by: str | None
    inhibited_by: str | None = None


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
            "inhibited_by": event.inhibited_by,
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
    """Transitions of alerts that their desk has not heard, after the last that it has, by alert, in order."""
    query = select(alert_events).where(among(alert_events.c.alert_id, alert_ids), *_missed())
    return _by_alert(connection, query)


def missing(connection: Connection, alert_ids: Collection[str]) -> set[str]:
    """Those of some alerts whose last transitions their desk has not heard, without what they say."""
    query = select(alert_events.c.alert_id).where(among(alert_events.c.alert_id, alert_ids), *_missed())
    return set(connection.execute(query.distinct()).scalars())


def unheard_openings(connection: Connection) -> set[str]:
    """Every open alert of which its desk has not heard that it opened, or opened again."""
    kept = or_(alert_events.c.silenced_by.is_not(None), alert_events.c.inhibited_by.is_not(None))
    raised = alert_events.c.kind.in_(("opened", "reopened"))
    query = (
        select(alert_events.c.alert_id)
        .join(alerts, alerts.c.id == alert_events.c.alert_id)
        .where(alerts.c.status == "opened", raised, kept, *_missed())
    )
    return set(connection.execute(query.distinct()).scalars())


def left_to(
    connection: Connection, alert_ids: Collection[str] | None = None, *, desk: str | None = None
) -> dict[str, str]:
    """By alert, the alert of a parent, open or over, that speaks for it: to which its last figure was left.

    Of some alerts, or else of all that are open, of a desk where given. Where its desk has heard of that
    figure in the end, or of anything later, it stands for itself and is not here.
    """
    ever = select(alert_events.c.alert_id).where(alert_events.c.inhibited_by.is_not(None))
    asked: ColumnElement[bool] = alert_events.c.alert_id.in_(
        select(alerts.c.id).where(
            alerts.c.status == "opened",
            alerts.c.id.in_(ever),
            *([] if desk is None else [alerts.c.desk == desk]),
        )
    )
    if alert_ids is not None:
        asked = among(alert_events.c.alert_id, alert_ids)
    last = select(func.max(alert_events.c.id)).where(asked, _by_figure()).group_by(alert_events.c.alert_id)
    query = select(alert_events.c.alert_id, alert_events.c.inhibited_by).where(
        alert_events.c.id.in_(last), alert_events.c.inhibited_by.is_not(None), *_missed()
    )
    return {row.alert_id: row.inhibited_by for row in connection.execute(query)}


def leave_to(connection: Connection, event_id: int, alert_id: str) -> None:
    """Note the alert of a parent that speaks for a transition from now on."""
    connection.execute(
        update(alert_events).where(alert_events.c.id == event_id).values(inhibited_by=alert_id)
    )


def say_anew(connection: Connection, event_id: int, body: dict[str, Any]) -> None:
    """Keep the words in which a transition was told late; from then on it is heard."""
    connection.execute(update(alert_events).where(alert_events.c.id == event_id).values(payload=body))


def _missed() -> tuple[ColumnElement[bool], ...]:
    """Of a transition: its desk has heard neither of it nor of a later one of its alert."""
    later = alert_events.alias("later")
    since = select(later.c.id).where(
        later.c.alert_id == alert_events.c.alert_id, later.c.id > alert_events.c.id, _heard(later)
    )
    return ~_heard(alert_events), ~since.exists()


def _heard(rows: FromClause) -> ColumnElement[bool]:
    """Whether a desk heard of a transition: at once, or late, and then it says what was missed."""
    told_late = func.jsonb_typeof(rows.c.payload["data"]["unheard"]) == "object"
    at_once = and_(rows.c.silenced_by.is_(None), rows.c.inhibited_by.is_(None))
    return or_(at_once, func.coalesce(told_late, false()))


def _by_figure() -> ColumnElement[bool]:
    """Whether a figure caused a transition, or that none came: its body has a value, a person's has none."""
    said: ColumnElement[bool] = alert_events.c.payload["data"].has_key("value")
    return said


def _by_alert(connection: Connection, query: Select[Any]) -> dict[str, list[AlertEvent]]:
    found: dict[str, list[AlertEvent]] = defaultdict(list)
    for row in connection.execute(query.order_by(alert_events.c.alert_id, alert_events.c.id)):
        found[row.alert_id].append(_event(row))
    return found


def last_told(connection: Connection, alert_ids: Collection[str]) -> dict[str, AlertEvent]:
    """The latest transition of each alert that a figure caused, by the id of the alert.

    Where no figure caused any, the latest of all: who saw an alert is no news of its series.
    """
    query = (
        select(alert_events)
        .where(among(alert_events.c.alert_id, alert_ids))
        .order_by(alert_events.c.alert_id, _by_figure().desc(), alert_events.c.id.desc())
        .ext(distinct_on(alert_events.c.alert_id))
    )
    return {row.alert_id: _event(row) for row in connection.execute(query)}


def openings(connection: Connection, alert_ids: Collection[str]) -> dict[str, AlertEvent]:
    """The transition that opened each of some alerts, by the id of the alert."""
    query = select(alert_events).where(
        among(alert_events.c.alert_id, alert_ids), alert_events.c.kind == "opened"
    )
    first = query.order_by(alert_events.c.alert_id, alert_events.c.id)
    found = first.ext(distinct_on(alert_events.c.alert_id))
    return {row.alert_id: _event(row) for row in connection.execute(found)}


def endings(connection: Connection, alert_ids: Collection[str]) -> dict[str, AlertEvent]:
    """The last transition that ended each of some alerts, by the id of the alert; it may be open again."""
    query = select(alert_events).where(
        among(alert_events.c.alert_id, alert_ids), alert_events.c.kind.in_(("resolved", "retracted"))
    )
    last = query.order_by(alert_events.c.alert_id, alert_events.c.id.desc())
    found = last.ext(distinct_on(alert_events.c.alert_id))
    return {row.alert_id: _event(row) for row in connection.execute(found)}


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
        row.id,
        row.alert_id,
        row.kind,
        row.reason,
        row.payload,
        row.known_from,
        row.silenced_by,
        row.inhibited_by,
    )
