"""Deliveries: one message to one endpoint, a row with a due time and a lease; and a row for each attempt."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from services.storage import endpoints as endpoint_rows
from services.storage import messages as message_rows
from services.storage.messages import Message
from services.storage.tables import attempts, deliveries, endpoints, messages

LONGEST_BODY = 20_000
"""Bytes in the body of a message."""


class BodyTooLongError(Exception):
    """A message whose body no receiver should be asked to take."""

    def __init__(self, message: Message, size: int) -> None:
        self.message_id = message.id
        self.size = size
        super().__init__(
            f"The body of {message.event_type} for {message.desk} holds {size} bytes and {LONGEST_BODY} are "
            "accepted; send the address of the details instead."
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that a worker holds until its lease ends, with all that sending it takes.

    ``number`` counts every claim of the delivery, this one included; ``attempt`` those since its last replay.
    ``secrets`` are encrypted, the one to sign with first.
    """

    id: int
    number: int
    attempt: int
    message_id: str
    endpoint_id: str
    url: str
    secrets: tuple[bytes, ...]
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


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a delivery stands after an attempt: its status, and when it is due again if that is pending."""

    id: int
    status: str
    due_at: dt.datetime | None = None


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


def enqueue(
    connection: Connection, addressed: Sequence[tuple[Message, Sequence[str]]], *, now: dt.datetime
) -> int:
    """Add messages and one delivery for each endpoint id beside them, due now; the count of deliveries.

    Part of the transaction that caused the messages; call it once in a transaction. The body is frozen here,
    with the next number of its endpoint's sequence inside. Raises BodyTooLongError.
    """
    message_rows.add(connection, [message for message, _ in addressed])
    counts = Counter(endpoint_id for _, ids in addressed for endpoint_id in ids)
    last = endpoint_rows.advance(connection, dict(counts))
    rows = []
    for message, ids in addressed:
        for endpoint_id in ids:
            last[endpoint_id] += 1
            rows.append(
                {
                    "message_id": message.id,
                    "endpoint_id": endpoint_id,
                    "sequence": last[endpoint_id],
                    "body": body_of(message, last[endpoint_id]),
                    "status": "pending",
                    "due_at": now,
                    "created_at": now,
                }
            )
    if rows:
        connection.execute(insert(deliveries), rows)
    return len(rows)


def address(connection: Connection, wanted: Sequence[Message]) -> list[tuple[Message, list[str]]]:
    """Messages beside the ids of the endpoints that subscribe to them."""
    return [
        (message, endpoint_rows.subscribed(connection, message.desk, message.event_type))
        for message in wanted
    ]


def body_of(message: Message, sequence: int) -> bytes:
    """The exact bytes that are sent: type, time and data as Standard Webhooks has them, and our sequence."""
    content = {
        "type": message.event_type,
        "timestamp": message.created_at.isoformat(),
        "sequence": sequence,
        "data": message.payload,
    }
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(body) > LONGEST_BODY:
        raise BodyTooLongError(message, len(body))
    return body


def claim(
    connection: Connection,
    *,
    now: dt.datetime,
    lease: dt.timedelta,
    owner: str,
    limit: int,
    per_endpoint: int,
) -> list[Claim]:
    """Take up to ``limit`` due deliveries for the time of a lease; other workers pass over them.

    No endpoint has more than ``per_endpoint`` in flight, one that is failing only one, so that a dead desk
    holds up nobody; workers that claim in the same instant may pass that bound together. A delivery whose
    lease ended was lost with its worker and is due again.
    """
    free = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now)
    mine = and_(deliveries.c.endpoint_id == endpoints.c.id, deliveries.c.status == "pending")
    held = deliveries.alias("held")
    in_flight = (
        select(func.count())
        .where(held.c.endpoint_id == endpoints.c.id, held.c.status == "pending", held.c.lease_until > now)
        .correlate(endpoints)
        .scalar_subquery()
    )
    allowed = case((endpoints.c.failing_since.is_(None), per_endpoint), else_=1)
    due = (
        select(deliveries.c.id)
        .where(mine, deliveries.c.due_at <= now, free, endpoints.c.status == "enabled")
        .order_by(deliveries.c.due_at, deliveries.c.sequence)
        .limit(func.greatest(allowed - in_flight, 0))
        .with_for_update(skip_locked=True)
        .lateral()
    )
    chosen = select(due.c.id).select_from(endpoints).join(due, true()).limit(limit).cte("chosen")
    statement = (
        update(deliveries)
        .where(deliveries.c.id == chosen.c.id, endpoints.c.id == deliveries.c.endpoint_id)
        .values(lease_until=now + lease, lease_owner=owner, attempts=deliveries.c.attempts + 1)
        .returning(
            deliveries.c.id,
            deliveries.c.attempts,
            deliveries.c.attempts_before_replay,
            deliveries.c.message_id,
            deliveries.c.endpoint_id,
            deliveries.c.body,
            endpoints.c.url,
            endpoints.c.secret,
            endpoints.c.previous_secret,
            endpoints.c.previous_until,
        )
    )
    return [_claim(row, now) for row in connection.execute(statement)]


def settle(
    connection: Connection,
    tried: Sequence[AttemptRecord],
    settled: Sequence[Settled],
    *,
    owner: str,
    now: dt.datetime,
) -> None:
    """Append attempts and settle their deliveries.

    A success always counts. A failure is ignored where the lease has passed to another worker in the
    meantime, or where the message has arrived by another road.
    """
    connection.execute(
        insert(attempts),
        [{name: getattr(each, name) for name in AttemptRecord.__slots__} for each in tried],
    )
    by_status: dict[str, list[Settled]] = defaultdict(list)
    for each in settled:
        by_status[each.status].append(each)
    for status, group in sorted(by_status.items()):
        ids = sorted(each.id for each in group)
        ours = or_(deliveries.c.lease_owner == owner, deliveries.c.lease_owner.is_(None))
        conditions: list[ColumnElement[bool]] = (
            [deliveries.c.id.in_(ids)] if status == "delivered" else [deliveries.c.status == "pending", ours]
        )
        free = {"lease_until": None, "lease_owner": None}
        if status == "pending":
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id == bindparam("settled_id"), *conditions)
                .values(due_at=bindparam("settled_due"), **free),
                [{"settled_id": each.id, "settled_due": each.due_at} for each in group],
            )
        else:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(ids), *conditions)
                .values(status=status, settled_at=now, **free)
            )


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
    before: int | None = None,
    limit: int = 100,
) -> list[DeliveryRecord]:
    """The newest deliveries, of a desk where given, those with an id below ``before`` where it is given."""
    conditions = _of_desk(desk)
    if status is not None:
        conditions.append(deliveries.c.status == status)
    if before is not None:
        conditions.append(deliveries.c.id < before)
    return _select(connection, *conditions, order=(deliveries.c.id.desc(),), limit=limit)


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
    only: Sequence[str] = ("delivered", "exhausted", "cancelled"),
) -> int:
    """Make settled deliveries of an endpoint due now, with the same id and body; the count of them.

    ``first`` to ``last`` are numbers of the sequence, both included; ``since`` is the moment the message was
    made; ``only`` the statuses that are sent again.
    """
    conditions = [deliveries.c.endpoint_id == endpoint_id, deliveries.c.status.in_(only)]
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
        )
    )
    return done.rowcount


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


def _claim(row: Any, now: dt.datetime) -> Claim:
    overlapping = row.previous_until is not None and row.previous_until > now
    return Claim(
        id=row.id,
        number=row.attempts,
        attempt=row.attempts - row.attempts_before_replay,
        message_id=row.message_id,
        endpoint_id=row.endpoint_id,
        url=row.url,
        secrets=(row.secret, row.previous_secret) if overlapping else (row.secret,),
        body=row.body,
    )


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
