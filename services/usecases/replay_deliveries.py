"""Deliveries that are sent again, with the id and body that they had."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from services.storage import deliveries, endpoint_health
from services.storage.deliveries import STATUSES, DeliveryRecord


def replay_delivery(connection: Connection, record: DeliveryRecord, *, now: dt.datetime) -> None:
    """Send one delivery again; one that waits for a retry is sent now. Its endpoint rests no longer."""
    replay_deliveries(connection, record.endpoint_id, now=now, first=record.sequence, last=record.sequence)


def replay_deliveries(
    connection: Connection,
    endpoint_id: str,
    *,
    now: dt.datetime,
    first: int | None = None,
    last: int | None = None,
    since: dt.datetime | None = None,
    only: Sequence[str] | None = None,
) -> int:
    """Send deliveries of an endpoint again; the count of them. The endpoint rests no longer.

    ``first`` to ``last`` are numbers of its sequence, both included; ``since`` is the moment a message was
    made; ``only`` the statuses that are sent again, by default all. To a disabled endpoint they go out once
    it is enabled.
    """
    count = deliveries.replay(
        connection, endpoint_id, now=now, first=first or 1, last=last, since=since, only=only or STATUSES
    )
    endpoint_health.end_rest(connection, endpoint_id)
    return count
