"""Messages: what happened, as every subscribed endpoint is told it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, func, insert, select

from services.storage.tables import messages

OPS = "ops"
"""Desk whose endpoints hear of the service itself and of its sources."""


def new_id() -> str:
    """A webhook-id: stable over all attempts and replays of one message, and unlike any other."""
    return f"msg_{uuid.uuid4().hex}"


@dataclass(frozen=True, slots=True)
class Message:
    """One event for one desk; ``payload`` is the event as alerts.events made it, whole in every body."""

    desk: str
    payload: dict[str, Any]
    created_at: dt.datetime
    alert_event_id: int | None = None
    id: str = field(default_factory=new_id)

    @property
    def event_type(self) -> str:
        """What an endpoint subscribes to."""
        return str(self.payload["type"])


def get(connection: Connection, message_id: str, *, desk: str | None = None) -> Message | None:
    """One message, whole; None where there is none of that id, or it is for another ``desk``."""
    query = select(messages).where(messages.c.id == message_id)
    if desk is not None:
        query = query.where(messages.c.desk == desk)
    row = connection.execute(query).first()
    return None if row is None else Message(row.desk, row.payload, row.created_at, row.alert_event_id, row.id)


def add(connection: Connection, added: Sequence[Message]) -> None:
    """Add messages."""
    rows = [{**asdict(message), "event_type": message.event_type} for message in added]
    if rows:
        connection.execute(insert(messages), rows)


def lock_telling(connection: Connection, event_type: str) -> None:
    """Wait for whoever is telling ops of an event of a type, until their transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(event_type, 6))))


def told_since(connection: Connection, event_type: str, *, since: dt.datetime) -> bool:
    """Whether ops was told of an event of a type at a moment or later."""
    query = select(messages.c.id).where(
        messages.c.desk == OPS, messages.c.event_type == event_type, messages.c.created_at >= since
    )
    return connection.execute(query.limit(1)).first() is not None


def of_type(connection: Connection, message_ids: Collection[str], event_type: str) -> set[str]:
    """Those of some messages that are of a type."""
    query = select(messages.c.id).where(messages.c.id.in_(message_ids), messages.c.event_type == event_type)
    return set(connection.execute(query).scalars())
