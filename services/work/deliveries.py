"""Deliveries as work: claimed in turns of their endpoints, settled with the attempts that were made.

They stand in a table of their own, since they carry frozen bytes, sequences and attempts; what a lease is
they share with every other row of work. When the next attempt is due alerts.delivery.attempts says.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Text,
    all_,
    and_,
    bindparam,
    case,
    func,
    insert,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.sql.dml import ReturningUpdate

from alerts.delivery.bodies import Kind
from services.storage import leases
from services.storage.columns import Moment
from services.storage.deliveries import AttemptRecord
from services.storage.tables import attempts, deliveries, endpoints, retired_secrets
from services.work.children import OPEN, Room


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that a worker holds until its lease ends, with all that sending it takes.

    ``number`` counts every claim of the delivery, this one included; ``attempt`` those since its last replay.
    ``ours_since`` is when the first of its last attempts failed by a fault of ours, where they all did.
    ``turn`` is 1 for the first attempt in flight to its endpoint, 2 for the second beside it, and so on.
    ``ailing`` says whether the desk is: see services.work.children.
    ``secrets`` are encrypted, the one to sign with first; so is ``sealed_url``, which a channel has.
    """

    id: int
    number: int
    attempt: int
    ours_since: dt.datetime | None
    message_id: str
    endpoint_id: str
    desk: str
    ailing: bool
    kind: str
    url: str
    sealed_url: bytes | None
    secrets: tuple[bytes, ...]
    body: bytes
    created_at: dt.datetime
    request_id: str | None
    release_id: int | None
    trace: str | None
    turn: int


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a delivery stands after an attempt: its status, and when it is due again if that is pending.

    An attempt that is not ``counted`` takes none from the schedule of the delivery. ``ours_since`` is since
    when nothing but faults of ours keep it back; None where something else did.
    """

    id: int
    status: str
    due_at: dt.datetime | None = None
    counted: bool = True
    ours_since: dt.datetime | None = None


def claim(
    connection: Connection,
    *,
    now: dt.datetime,
    lease: dt.timedelta,
    owner: str,
    limit: int,
    per_endpoint: int,
    further: int | None = None,
    after: str = "",
    children: Room = OPEN,
) -> list[Claim]:
    """Take up to ``limit`` due deliveries for the time of a lease, in turns; other workers pass over them.

    Every endpoint has its first attempt in flight before any has a second. Among equals those whose id comes
    behind ``after`` go first, so that a caller who hands in the last one served goes round; of an endpoint
    what is due longest goes first. Beside first attempts at most ``further`` are taken in all.

    No endpoint has more than ``per_endpoint`` in flight, one that is failing only one and one that is paused
    none, so that a dead desk holds up nobody; workers that claim in the same instant may pass that bound
    together. A delivery whose lease ended was lost with its worker and is due again.

    Of what a child process sends at most one is taken, for a desk that ``children`` has room for: it starts
    at once, and the caller asks again.
    """
    asked = {
        "now": now,
        "until": now + lease,
        "owner": owner,
        "limit": limit,
        "further": limit if further is None else further,
        "after": after,
        "per_endpoint": per_endpoint,
        "child": children.free,
        "ailing_child": children.free_for_ailing,
        "full": list(children.full),
        "busy": list(children.busy),
        "desk_after": children.after,
    }
    rows = sorted(connection.execute(_claiming(), asked), key=lambda row: row.place)
    return [_claim(row) for row in rows]


@cache
def _claiming() -> ReturningUpdate[Any]:
    """The statement of ``claim``, made once: it is asked ten times a second, and making it costs the most."""
    now, after = bindparam("now", type_=Moment), bindparam("after", type_=Text)
    limit, further = bindparam("limit", type_=Integer), bindparam("further", type_=Integer)
    per_endpoint = bindparam("per_endpoint", type_=Integer)
    owner, until = bindparam("owner", type_=Text), bindparam("until", type_=Moment)
    mine = and_(deliveries.c.endpoint_id == endpoints.c.id, leases.due(deliveries, now))
    held = deliveries.alias("held")
    load = (
        select(func.count().label("in_flight"))
        .where(held.c.endpoint_id == endpoints.c.id, held.c.status == "pending", leases.held(held, now))
        .lateral("load")
    )
    allowed = case((endpoints.c.failing_since.is_(None), per_endpoint), else_=1)
    taken = (
        select(deliveries.c.id, deliveries.c.due_at, deliveries.c.sequence)
        .where(mine)
        .order_by(deliveries.c.due_at, deliveries.c.sequence)
        .limit(func.greatest(allowed - load.c.in_flight, 0))
        .with_for_update(skip_locked=True)
        .lateral("taken")
    )
    turn = load.c.in_flight + func.row_number().over(
        partition_by=endpoints.c.id, order_by=(taken.c.due_at, taken.c.sequence)
    )
    rested = or_(endpoints.c.paused_until.is_(None), endpoints.c.paused_until <= now)
    by_child = endpoints.c.kind == Kind.APPRISE
    waiting = (
        select(
            taken.c.id,
            taken.c.due_at,
            endpoints.c.id.label("endpoint_id"),
            endpoints.c.desk,
            by_child.label("by_child"),
            and_(by_child, _ailing()).label("ailing"),
            turn.label("turn"),
        )
        .select_from(endpoints)
        .join(load, true())
        .join(taken, true())
        .where(endpoints.c.status == "enabled", rested, or_(not_(by_child), _has_child()))
        .cte("waiting")
        .prefix_with("MATERIALIZED")
    )
    in_turn = (waiting.c.turn, waiting.c.endpoint_id <= after, waiting.c.endpoint_id)
    next_child = (
        select(waiting.c.id)
        .where(waiting.c.by_child)
        .order_by(waiting.c.desk <= bindparam("desk_after", type_=Text), waiting.c.desk, waiting.c.due_at)
        .limit(1)
        .scalar_subquery()
    )
    placed = (
        select(waiting, func.row_number().over(order_by=in_turn).label("place"))
        .where(or_(not_(waiting.c.by_child), waiting.c.id == next_child))
        .cte("placed")
    )
    fits = or_(placed.c.turn == 1, placed.c.place <= further)
    chosen = select(placed).where(placed.c.place <= limit, fits).cte("chosen")
    older = (
        select(func.array_agg(aggregate_order_by(retired_secrets.c.secret, retired_secrets.c.id.desc())))
        .where(retired_secrets.c.endpoint_id == endpoints.c.id, retired_secrets.c.signs_until > now)
        .correlate(endpoints)
        .scalar_subquery()
    )
    return (
        update(deliveries)
        .where(deliveries.c.id == chosen.c.id, endpoints.c.id == deliveries.c.endpoint_id)
        .values(attempts=deliveries.c.attempts + 1, **leases.taken(owner=owner, until=until))
        .returning(
            chosen.c.turn,
            chosen.c.place,
            chosen.c.desk,
            chosen.c.ailing,
            deliveries.c.id,
            deliveries.c.attempts,
            deliveries.c.attempts_before_replay,
            deliveries.c.ours_since,
            deliveries.c.message_id,
            deliveries.c.endpoint_id,
            deliveries.c.body,
            deliveries.c.created_at,
            deliveries.c.request_id,
            deliveries.c.release_id,
            deliveries.c.trace,
            endpoints.c.kind,
            endpoints.c.url,
            endpoints.c.sealed_url,
            endpoints.c.secret,
            older.label("older"),
        )
    )


def _ailing() -> ColumnElement[bool]:
    """Whether a channel of the endpoint's desk that children serve is failing."""
    channel = endpoints.alias("channel")
    failing = select(channel.c.desk).where(
        channel.c.kind == Kind.APPRISE, channel.c.status == "enabled", channel.c.failing_since.is_not(None)
    )
    return endpoints.c.desk.in_(failing)


def _has_child() -> ColumnElement[bool]:
    """Whether a child may be started for the endpoint's desk."""
    full, busy = (bindparam(name, type_=ARRAY(Text)) for name in ("full", "busy"))
    for_ailing = and_(bindparam("ailing_child", type_=Boolean), endpoints.c.desk != all_(busy))
    return and_(
        bindparam("child", type_=Boolean), endpoints.c.desk != all_(full), or_(not_(_ailing()), for_ailing)
    )


def settle(
    connection: Connection,
    tried: Sequence[AttemptRecord],
    settled: Sequence[Settled],
    *,
    owner: str,
    now: dt.datetime,
) -> set[int]:
    """Append attempts and settle their deliveries; ids of those that this ended, delivered or exhausted.

    A success always counts. A failure is ignored where the lease has passed to another worker in the
    meantime, or where the message has arrived by another road.
    """
    connection.execute(
        insert(attempts),
        [{name: getattr(each, name) for name in AttemptRecord.__slots__} for each in tried],
    )
    ended: set[int] = set()
    by_status: dict[str, list[Settled]] = defaultdict(list)
    for each in settled:
        by_status[each.status].append(each)
    for status, group in sorted(by_status.items()):
        ids = sorted(each.id for each in group)
        still = and_(deliveries.c.status == "pending", leases.ours(deliveries, owner))
        conditions: list[ColumnElement[bool]] = (
            [deliveries.c.id.in_(ids)] if status == "delivered" else [still]
        )
        if status == "pending":
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id == bindparam("settled_id"), *conditions)
                .values(
                    due_at=bindparam("settled_due"),
                    ours_since=bindparam("settled_ours"),
                    attempts_before_replay=deliveries.c.attempts_before_replay + bindparam("settled_free"),
                    **leases.FREED,
                ),
                [
                    {
                        "settled_id": each.id,
                        "settled_due": each.due_at,
                        "settled_ours": each.ours_since,
                        "settled_free": int(not each.counted),
                    }
                    for each in group
                ],
            )
        else:
            done = connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(ids), *conditions)
                .values(status=status, settled_at=now, **leases.FREED)
                .returning(deliveries.c.id)
            )
            ended.update(done.scalars())
    return ended


def _claim(row: Any) -> Claim:
    return Claim(
        id=row.id,
        number=row.attempts,
        attempt=row.attempts - row.attempts_before_replay,
        ours_since=row.ours_since,
        message_id=row.message_id,
        endpoint_id=row.endpoint_id,
        desk=row.desk,
        ailing=row.ailing,
        kind=row.kind,
        url=row.url,
        sealed_url=row.sealed_url,
        secrets=(row.secret, *(row.older or ())),
        body=row.body,
        created_at=row.created_at,
        request_id=row.request_id,
        release_id=row.release_id,
        trace=row.trace,
        turn=row.turn,
    )
