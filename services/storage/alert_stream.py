"""Alert events in an order without gaps: by the transaction that recorded them, behind every open one.

Ids are handed out before a commit, so an event may become visible after one with a higher id was read. By
transaction, below the oldest that is still open, nothing comes late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, cast, func, select, tuple_

from services.storage.tables import alert_events, alerts

_LAST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the stream: behind the event ``id`` of a transaction."""

    transaction: int
    id: int


@dataclass(frozen=True, slots=True)
class StreamedEvent:
    """One event as the stream tells it; ``inhibited_by`` is the alert of a parent that speaks for it."""

    position: Position
    alert_id: str
    series_id: str
    desk: str
    kind: str
    payload: dict[str, Any]
    inhibited_by: str | None


def _oldest_open() -> Any:
    """Number of the oldest transaction that may still add events."""
    return cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)


def end(connection: Connection) -> Position:
    """The place behind everything that is settled."""
    return Position(connection.execute(select(_oldest_open())).scalar_one() - 1, _LAST)


def behind(connection: Connection, event_id: int) -> Position:
    """The place behind an event; an id that no event has stands before all later ids."""
    query = select(alert_events.c.transaction).where(alert_events.c.id == event_id)
    return Position(connection.execute(query).scalar_one_or_none() or 0, event_id)


def after(
    connection: Connection, position: Position, *, desk: str | None, limit: int = 100
) -> list[StreamedEvent]:
    """Events behind a position in the stream's order, of a desk where given."""
    place = tuple_(alert_events.c.transaction, alert_events.c.id)
    query = (
        select(alert_events, alerts.c.series_id, alerts.c.desk)
        .join(alerts, alerts.c.id == alert_events.c.alert_id)
        .where(place > (position.transaction, position.id), alert_events.c.transaction < _oldest_open())
        .order_by(alert_events.c.transaction, alert_events.c.id)
        .limit(limit)
    )
    if desk is not None:
        query = query.where(alerts.c.desk == desk)
    return [
        StreamedEvent(
            Position(row.transaction, row.id),
            row.alert_id,
            row.series_id,
            row.desk,
            row.kind,
            row.payload,
            row.inhibited_by,
        )
        for row in connection.execute(query)
    ]
