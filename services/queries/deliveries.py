"""Deliveries: each message to each endpoint, with every attempt and what came back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from services.queries.slices import Slice, sliced
from services.storage import deliveries, endpoints
from services.storage.deliveries import AttemptRecord, DeliveryRecord
from services.storage.endpoints import Endpoint

__all__ = ["AttemptRecord", "DeliveryRecord", "DeliveryStory", "listed", "missed", "one", "story"]


@dataclass(frozen=True, slots=True)
class DeliveryStory:
    """A delivery, its attempts, the first first, and where it goes."""

    record: DeliveryRecord
    tried: list[AttemptRecord]
    endpoint: Endpoint | None


def listed(
    connection: Connection,
    *,
    desk: str | None = None,
    status: str | None = None,
    endpoint_id: str | None = None,
    before: int | None = None,
    limit: int,
) -> Slice[DeliveryRecord]:
    """The newest deliveries, of a desk or endpoint where given, with an id below ``before`` where given."""
    found = deliveries.listed(
        connection, desk=desk, status=status, endpoint_id=endpoint_id, before=before, limit=limit + 1
    )
    return sliced(found, limit)


def missed(
    connection: Connection, endpoint_id: str, *, after: int, status: str | None = None, limit: int
) -> Slice[DeliveryRecord]:
    """An endpoint's deliveries numbered above ``after``, in order and without a gap."""
    return sliced(deliveries.after(connection, endpoint_id, after, status=status, limit=limit + 1), limit)


def one(connection: Connection, delivery_id: int, *, desk: str | None = None) -> DeliveryRecord | None:
    """One delivery; None where there is none, or it is not ``desk``'s."""
    return deliveries.get(connection, delivery_id, desk=desk)


def story(connection: Connection, delivery_id: int, *, desk: str | None = None) -> DeliveryStory | None:
    """One delivery with its attempts; None where there is none, or it is not ``desk``'s."""
    found = one(connection, delivery_id, desk=desk)
    if found is None:
        return None
    tried = deliveries.attempts_of(connection, delivery_id)
    return DeliveryStory(found, tried, endpoints.get(connection, found.endpoint_id))
