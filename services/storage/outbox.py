"""The outbox: messages and their deliveries, added in the transaction that caused them, bodies frozen."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, insert

from alerts.delivery.bodies import Kind, body
from alerts.events import shortened
from services import telemetry, tracing
from services.storage import endpoints as endpoint_rows
from services.storage import messages as message_rows
from services.storage.messages import Message
from services.storage.tables import deliveries

LONGEST_BODY = 20_000
"""Bytes in the body of a message; a longer one is sent short, with the address of the whole."""


def enqueue(
    connection: Connection, addressed: Sequence[tuple[Message, Sequence[str]]], *, now: dt.datetime
) -> int:
    """Add messages and one delivery for each endpoint id beside them, due now; the count of deliveries.

    Part of the transaction that caused the messages; call it once in a transaction. The body is frozen here,
    with the next number of its endpoint's sequence inside.
    """
    message_rows.add(connection, [message for message, _ in addressed])
    counts = Counter(endpoint_id for _, ids in addressed for endpoint_id in ids)
    reserved = endpoint_rows.advance(connection, dict(counts))
    last = {endpoint_id: endpoint.sequence for endpoint_id, endpoint in reserved.items()}
    rows = []
    for message, ids in addressed:
        for endpoint_id in ids:
            last[endpoint_id] += 1
            rows.append(
                {
                    "message_id": message.id,
                    "endpoint_id": endpoint_id,
                    "sequence": last[endpoint_id],
                    "body": body_of(message, last[endpoint_id], Kind(reserved[endpoint_id].kind)),
                    "status": "pending",
                    "request_id": telemetry.request_id(),
                    "release_id": telemetry.release_id(),
                    "trace": tracing.carried(),
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


def body_of(message: Message, sequence: int, kind: Kind = Kind.WEBHOOK) -> bytes:
    """The exact bytes that every attempt sends, at most LONGEST_BODY."""
    frozen = body(kind, message.payload, message_id=message.id, sequence=sequence)
    if len(frozen) <= LONGEST_BODY:
        return frozen
    short = shortened(message.payload, message_id=message.id)
    return body(kind, short, message_id=message.id, sequence=sequence)
