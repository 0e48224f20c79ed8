"""Deliveries: one message to one endpoint, a row with a due time and a lease; and a row for each attempt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from alerts.events import EventType
from services.storage import leases
from services.storage.tables import alert_events, attempts, deliveries, messages

STATUSES = ("pending", "delivered", "exhausted", "cancelled")
"""Where a delivery can stand; all but the first are settled."""


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A delivery as its endpoint's owner may see it."""

    id: int
    message_id: str
    endpoint_id: str
    event_type: str
    sequence: int
    status: str
    attempts: int
    due_at: dt.datetime
    settled_at: dt.datetime | None
    created_at: dt.datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """What one attempt came to, as it is kept."""

    delivery_id: int
    number: int
    started_at: dt.datetime
    seconds: float
    status_code: int | None
    outcome: str
    reason: str
    response: bytes


def after(
    connection: Connection, endpoint_id: str, sequence: int, *, status: str | None = None, limit: int = 100
) -> list[DeliveryRecord]:
    """Deliveries of an endpoint numbered above ``sequence``, in order: what a receiver missed."""
    conditions = [deliveries.c.endpoint_id == endpoint_id, deliveries.c.sequence > sequence]
    if status is not None:
        conditions.append(deliveries.c.status == status)
    return _select(connection, *conditions, limit=limit)


def get(connection: Connection, delivery_id: int, *, desk: str | None = None) -> DeliveryRecord | None:
    """One delivery; with ``desk`` only one of that desk."""
    found = _select(connection, deliveries.c.id == delivery_id, *_of_desk(desk), limit=1)
    return next(iter(found), None)


def listed(
    connection: Connection,
    *,
    desk: str | None = None,
    status: str | None = None,
    endpoint_id: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[DeliveryRecord]:
    """The newest deliveries, of a desk or endpoint where given, with an id below ``before`` where given."""
    conditions = _of_desk(desk)
    if endpoint_id is not None:
        conditions.append(deliveries.c.endpoint_id == endpoint_id)
    if status is not None:
        conditions.append(deliveries.c.status == status)
    if before is not None:
        conditions.append(deliveries.c.id < before)
    return _select(connection, *conditions, order=(deliveries.c.id.desc(),), limit=limit)


def of_alert(connection: Connection, alert_id: str, *, desk: str) -> list[DeliveryRecord]:
    """What was sent of an alert, the first first: alone, or gathered with others of its release."""
    own = select(alert_events.c.id).where(alert_events.c.alert_id == alert_id)
    inside = {"data": {"events": [{"data": {"alert": {"id": alert_id}}}]}}
    gathered = and_(
        messages.c.desk == desk,
        messages.c.event_type == str(EventType.ALERTS_GATHERED),
        messages.c.payload.contains(inside),
    )
    about = or_(messages.c.alert_event_id.in_(own), gathered)
    return _select(connection, about, order=(deliveries.c.id,), limit=1000)


def exhausted(connection: Connection, *, limit: int = 100) -> list[DeliveryRecord]:
    """Deliveries that were given up and wait for a replay."""
    return _select(connection, deliveries.c.status == "exhausted", limit=limit)


def replay(
    connection: Connection,
    endpoint_id: str,
    *,
    now: dt.datetime,
    first: int = 1,
    last: int | None = None,
    since: dt.datetime | None = None,
    only: Sequence[str] = STATUSES,
) -> int:
    """Make deliveries of an endpoint due now, with the same id and body; the count of them.

    ``first`` to ``last`` are numbers of the sequence, both included; ``since`` is the moment the message was
    made; ``only`` the statuses that are sent again. One that waits for a retry is sent now, one that is being
    sent is left alone; each starts its schedule anew.
    """
    conditions = [deliveries.c.endpoint_id == endpoint_id, deliveries.c.status.in_(only)]
    conditions.append(leases.free(deliveries, now))
    conditions.append(deliveries.c.sequence >= first)
    if last is not None:
        conditions.append(deliveries.c.sequence <= last)
    if since is not None:
        conditions.append(deliveries.c.created_at >= since)
    done = connection.execute(
        update(deliveries)
        .where(*conditions)
        .values(
            status="pending",
            due_at=now,
            settled_at=None,
            attempts_before_replay=deliveries.c.attempts,
            ours_since=None,
        )
    )
    return done.rowcount


def skip(connection: Connection, endpoint_id: str, *, now: dt.datetime) -> int:
    """Cancel what waits for an endpoint, the count of it; each can still be replayed."""
    done = connection.execute(
        update(deliveries)
        .where(deliveries.c.endpoint_id == endpoint_id, deliveries.c.status == "pending")
        .values(status="cancelled", settled_at=now, **leases.FREED)
    )
    return done.rowcount


def begin_anew(connection: Connection, endpoint_id: str) -> None:
    """Forget how long faults of ours kept back what waits for an endpoint: nothing was tried meanwhile."""
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.endpoint_id == endpoint_id,
            deliveries.c.status == "pending",
            deliveries.c.ours_since.is_not(None),
        )
        .values(ours_since=None)
    )


def waiting(connection: Connection, endpoint_id: str) -> int:
    """Count of an endpoint's deliveries that are not settled."""
    query = select(func.count()).where(
        deliveries.c.endpoint_id == endpoint_id, deliveries.c.status == "pending"
    )
    return int(connection.execute(query).scalar_one())


def attempts_of(connection: Connection, delivery_id: int) -> list[AttemptRecord]:
    """Every attempt of a delivery, the first first. A number that is missing was lost with its worker."""
    query = (
        select(*(attempts.c[name] for name in AttemptRecord.__slots__))
        .where(attempts.c.delivery_id == delivery_id)
        .order_by(attempts.c.number)
    )
    return [AttemptRecord(**row) for row in connection.execute(query).mappings()]


def pending(connection: Connection, *, now: dt.datetime) -> int:
    """Count of deliveries that are due and not settled."""
    query = select(func.count()).where(deliveries.c.status == "pending", deliveries.c.due_at <= now)
    return int(connection.execute(query).scalar_one())


def _of_desk(desk: str | None) -> list[ColumnElement[bool]]:
    return [] if desk is None else [messages.c.desk == desk]


def _select(
    connection: Connection,
    *conditions: ColumnElement[bool],
    order: Sequence[ColumnElement[Any]] = (deliveries.c.endpoint_id, deliveries.c.sequence),
    limit: int,
) -> list[DeliveryRecord]:
    names = [name for name in DeliveryRecord.__slots__ if name != "event_type"]
    query = (
        select(*(deliveries.c[name] for name in names), messages.c.event_type)
        .join(messages, messages.c.id == deliveries.c.message_id)
        .where(*conditions)
        .order_by(*order)
        .limit(limit)
    )
    return [DeliveryRecord(**row) for row in connection.execute(query).mappings()]
