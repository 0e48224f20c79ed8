"""Endpoints: where a desk receives, what it subscribes to, its secrets, and how it has been doing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, any_, delete, func, insert, literal, or_, select, update

from services.storage.tables import endpoints, retired_secrets


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A desk's URL; ``event_types`` None is all, ``sequence`` the number of the last delivery made for it.

    Nothing is sent before ``paused_until``, where it is set.

    The URL of a channel is shown without its secret part. ``public_key`` verifies where ed25519 signs.
    """

    id: str
    desk: str
    url: str
    event_types: tuple[str, ...] | None
    created_at: dt.datetime
    status: str = "enabled"
    disabled_reason: str | None = None
    failing_since: dt.datetime | None = None
    paused_until: dt.datetime | None = None
    sequence: int = 0
    kind: str = "webhook"
    public_key: str | None = None


_FIELDS = (
    endpoints.c.id,
    endpoints.c.desk,
    endpoints.c.url,
    endpoints.c.event_types,
    endpoints.c.created_at,
    endpoints.c.status,
    endpoints.c.disabled_reason,
    endpoints.c.failing_since,
    endpoints.c.paused_until,
    endpoints.c.sequence,
    endpoints.c.kind,
    endpoints.c.public_key,
)


def add(
    connection: Connection, endpoint: Endpoint, *, secret: bytes, sealed_url: bytes | None = None
) -> None:
    """Add an endpoint with its encrypted secret, and a channel with its encrypted URL."""
    connection.execute(
        insert(endpoints).values(
            id=endpoint.id,
            desk=endpoint.desk,
            url=endpoint.url,
            event_types=None if endpoint.event_types is None else list(endpoint.event_types),
            secret=secret,
            kind=endpoint.kind,
            sealed_url=sealed_url,
            public_key=endpoint.public_key,
            status=endpoint.status,
            created_at=endpoint.created_at,
        )
    )


def get(connection: Connection, endpoint_id: str) -> Endpoint | None:
    """One endpoint; None where there is none of that id."""
    return next(iter(_select(connection, endpoints.c.id == endpoint_id)), None)


def listed(connection: Connection, *, desk: str | None = None) -> list[Endpoint]:
    """Endpoints of a desk, or all, the oldest first."""
    return _select(connection, *([] if desk is None else [endpoints.c.desk == desk]))


def count(connection: Connection, desk: str) -> int:
    """How many endpoints a desk has, disabled ones too; no other adds one until commit."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(desk, 3))))
    query = select(func.count()).where(endpoints.c.desk == desk)
    return int(connection.execute(query).scalar_one())


def subscribed(connection: Connection, desk: str, event_type: str) -> list[str]:
    """Ids of the endpoints of a desk that want an event type: for a disabled one it waits."""
    found = _select(
        connection,
        endpoints.c.desk == desk,
        or_(endpoints.c.event_types.is_(None), literal(event_type) == any_(endpoints.c.event_types)),
    )
    return [endpoint.id for endpoint in found]


def rotate(
    connection: Connection,
    endpoint_id: str,
    *,
    secret: bytes,
    public_key: str | None,
    overlap_until: dt.datetime,
    rotated_by: str | None = None,
) -> None:
    """Put a new encrypted secret in front, asked for ``rotated_by``.

    The present one also signs until the overlap ends, and keeps what it was asked for by.
    """
    kept = ["secret", "public_key", "rotated_by"]
    present = select(endpoints.c.id, literal(overlap_until), *(endpoints.c[name] for name in kept)).where(
        endpoints.c.id == endpoint_id
    )
    names = ["endpoint_id", "signs_until", *kept]
    connection.execute(insert(retired_secrets).from_select(names, present))
    connection.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(secret=secret, public_key=public_key, rotated_by=rotated_by)
    )


def asked_for(
    connection: Connection, endpoint_id: str, rotated_by: str, *, now: dt.datetime
) -> tuple[bytes, str | None] | None:
    """The encrypted secret and the public key that a rotation asked for so came to, while it signs."""
    newest = select(endpoints.c.secret, endpoints.c.public_key).where(
        endpoints.c.id == endpoint_id, endpoints.c.rotated_by == rotated_by
    )
    older = select(retired_secrets.c.secret, retired_secrets.c.public_key).where(
        retired_secrets.c.endpoint_id == endpoint_id,
        retired_secrets.c.rotated_by == rotated_by,
        retired_secrets.c.signs_until > now,
    )
    row = connection.execute(newest.union_all(older)).first()
    return None if row is None else (row.secret, row.public_key)


def retired(connection: Connection, endpoint_id: str, *, now: dt.datetime) -> list[dt.datetime]:
    """Until when each older secret of an endpoint still signs, the first to end first."""
    query = (
        select(retired_secrets.c.signs_until)
        .where(retired_secrets.c.endpoint_id == endpoint_id, retired_secrets.c.signs_until > now)
        .order_by(retired_secrets.c.signs_until)
    )
    return list(connection.execute(query).scalars())


def forget_retired(connection: Connection, *, now: dt.datetime) -> int:
    """Delete the older secrets that sign no longer; the count of them."""
    return connection.execute(delete(retired_secrets).where(retired_secrets.c.signs_until <= now)).rowcount


def enable(connection: Connection, endpoint_id: str) -> None:
    """Enable an endpoint; what was pending for it goes out as it is due."""
    connection.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(status="enabled", disabled_reason=None, failing_since=None, failures=0, paused_until=None)
    )


def disable(connection: Connection, endpoint_id: str, *, reason: str) -> Endpoint | None:
    """Disable an endpoint, with the reason; None where it was not enabled. What is pending for it stays."""
    row = connection.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id, endpoints.c.status == "enabled")
        .values(status="disabled", disabled_reason=reason)
        .returning(*_FIELDS)
    ).first()
    return None if row is None else Endpoint(**row._asdict())


def advance(connection: Connection, count_by_id: dict[str, int]) -> dict[str, Endpoint]:
    """Reserve so many sequence numbers of each endpoint; the endpoints as they were before, by id.

    Rows are locked in the order of their ids until the transaction ends: two of them never wait for each
    other crosswise, and numbers follow the order of commits without a gap.
    """
    lock(connection, endpoints.c.id.in_(count_by_id))
    before = {}
    for endpoint_id, count in count_by_id.items():
        row = connection.execute(
            update(endpoints)
            .where(endpoints.c.id == endpoint_id)
            .values(sequence=endpoints.c.sequence + count)
            .returning(*_FIELDS)
        ).one()
        before[endpoint_id] = replace(Endpoint(**row._asdict()), sequence=row.sequence - count)
    return before


def lock(connection: Connection, *conditions: ColumnElement[bool]) -> None:
    """Lock endpoints in the order of their ids until the transaction ends; others may still refer to them."""
    connection.execute(
        select(endpoints.c.id).where(*conditions).order_by(endpoints.c.id).with_for_update(key_share=True)
    )


def _select(connection: Connection, *conditions: ColumnElement[bool]) -> list[Endpoint]:
    query = select(*_FIELDS).where(*conditions).order_by(endpoints.c.created_at, endpoints.c.id)
    return [
        Endpoint(**{**row, "event_types": None if row["event_types"] is None else tuple(row["event_types"])})
        for row in connection.execute(query).mappings()
    ]


def sealed_secrets(connection: Connection) -> list[bytes]:
    """The present secret of every endpoint, encrypted."""
    return list(connection.execute(select(endpoints.c.secret)).scalars())


def reseal(connection: Connection, resealed: Callable[[bytes], bytes]) -> int:
    """Put what ``resealed`` makes of each encrypted column in its place, under a lock; how many there are."""
    sealed = (endpoints.c.secret, endpoints.c.sealed_url)
    rows = connection.execute(select(endpoints.c.id, *sealed).with_for_update()).all()
    for row in rows:
        held = {each.name: getattr(row, each.name) for each in sealed}
        values = {name: None if stored is None else resealed(stored) for name, stored in held.items()}
        connection.execute(update(endpoints).where(endpoints.c.id == row.id).values(values))
    for older in connection.execute(select(retired_secrets).with_for_update()).all():
        connection.execute(
            update(retired_secrets)
            .where(retired_secrets.c.id == older.id)
            .values(secret=resealed(older.secret))
        )
    return len(rows)
