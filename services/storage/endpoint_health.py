"""How endpoints have been doing: failures in a row, since when, and until when they are left alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, func, select, update

from services.storage.endpoints import lock
from services.storage.tables import attempts, deliveries, endpoints


@dataclass(frozen=True, slots=True)
class Lately:
    """What an endpoint came to since a moment: attempts, those that it took, seconds of the middle one.

    ``pending`` and ``exhausted`` are deliveries that stand so now, whenever they were made.
    """

    attempts: int = 0
    taken: int = 0
    seconds: float | None = None
    last_at: dt.datetime | None = None
    pending: int = 0
    exhausted: int = 0


def lately(connection: Connection, ids: Collection[str], *, since: dt.datetime) -> dict[str, Lately]:
    """What each endpoint came to since a moment, by id."""
    middle = func.percentile_cont(0.5).within_group(attempts.c.seconds)
    tried = (
        select(
            deliveries.c.endpoint_id,
            func.count(),
            func.count().filter(attempts.c.status_code.between(200, 299)),
            middle,
            func.max(attempts.c.started_at),
        )
        .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
        .where(attempts.c.started_at >= since, deliveries.c.endpoint_id.in_(ids))
        .group_by(deliveries.c.endpoint_id)
    )
    standing = (
        select(deliveries.c.endpoint_id, deliveries.c.status, func.count())
        .where(deliveries.c.endpoint_id.in_(ids), deliveries.c.status.in_(("pending", "exhausted")))
        .group_by(deliveries.c.endpoint_id, deliveries.c.status)
    )
    counts: dict[str, dict[str, int]] = {}
    for endpoint_id, status, count in connection.execute(standing):
        counts.setdefault(endpoint_id, {})[status] = count
    found = {row[0]: row[1:] for row in connection.execute(tried)}
    told = {}
    for each in ids:
        stands = counts.get(each, {})
        lately = Lately(*found.get(each, ()))
        told[each] = replace(lately, pending=stands.get("pending", 0), exhausted=stands.get("exhausted", 0))
    return told


def mark_healthy(connection: Connection, ids: Collection[str]) -> None:
    """Note that the endpoints took a message; an unbroken run of failures ends, and so does a rest."""
    ailing = (endpoints.c.id.in_(ids), endpoints.c.failing_since.is_not(None))
    lock(connection, *ailing)
    connection.execute(
        update(endpoints).where(*ailing).values(failing_since=None, failures=0, paused_until=None)
    )


def mark_failing(connection: Connection, failures: Mapping[str, int], *, now: dt.datetime) -> dict[str, int]:
    """Note so many failures of each endpoint, by id; its failures in a row."""
    lock(connection, endpoints.c.id.in_(failures))
    counted = endpoints.c.failures + bindparam("failed")
    connection.execute(
        update(endpoints)
        .where(endpoints.c.id == bindparam("endpoint_id"))
        .values(failures=counted, failing_since=func.coalesce(endpoints.c.failing_since, now)),
        [{"endpoint_id": id_, "failed": count} for id_, count in sorted(failures.items())],
    )
    query = select(endpoints.c.id, endpoints.c.failures).where(endpoints.c.id.in_(failures))
    return {row.id: row.failures for row in connection.execute(query)}


def pause(connection: Connection, until: Mapping[str, dt.datetime]) -> None:
    """Claim nothing for these endpoints until then; a rest that lasts longer already stands."""
    if not until:
        return
    connection.execute(
        update(endpoints)
        .where(endpoints.c.id == bindparam("endpoint_id"))
        .values(paused_until=func.greatest(endpoints.c.paused_until, bindparam("until"))),
        [{"endpoint_id": id_, "until": moment} for id_, moment in sorted(until.items())],
    )


def end_rest(connection: Connection, endpoint_id: str) -> None:
    """Let an endpoint be tried at once, since somebody asks for it; its failures still count."""
    connection.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(paused_until=None))


def failing_since(connection: Connection, ids: Collection[str], moment: dt.datetime) -> list[str]:
    """Those of the enabled endpoints that have done nothing but fail since ``moment`` or longer."""
    query = select(endpoints.c.id).where(
        endpoints.c.id.in_(ids), endpoints.c.status == "enabled", endpoints.c.failing_since <= moment
    )
    return list(connection.execute(query).scalars())
