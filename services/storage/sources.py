"""Sources: how each has been doing, when it may be called, its sealed key, the series followed there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from forecasting.months import Month, Span
from services.storage.columns import among
from services.storage.tables import followed, observations, sources

FORGOTTEN = dt.timedelta(days=2)
"""A fault that was not met for so long has ended: eight polls at the slowest pace. The next is told again."""
MOST_STANDING = 100
"""Faults of one source that are remembered, the newest; an older one that lasts is told again."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a source has been doing; ``fault`` and ``reason`` are of the last poll, None where it went well."""

    name: str
    calls_on: dt.date | None = None
    calls: int = 0
    rests_until: dt.datetime | None = None
    last_success_at: dt.datetime | None = None
    last_fault_at: dt.datetime | None = None
    fault: str | None = None
    reason: str | None = None
    desk: str | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """One of our series as a source names it; ``begun`` is False until its past is in."""

    series_id: str
    source: str
    code: Mapping[str, str]
    begun: bool = False


_HEALTH = [sources.c[name] for name in Health.__dataclass_fields__]


def health(connection: Connection) -> dict[str, Health]:
    """Health of every source that was ever called or given a key, by name."""
    return {row.name: Health(**row._asdict()) for row in connection.execute(select(*_HEALTH))}


def reserve(
    connection: Connection, name: str, *, now: dt.datetime, apart: dt.timedelta, budget: int
) -> dt.datetime | None:
    """The moment at which one more call may be made, reserved; None where the day's budget is spent.

    Workers that ask at once are given moments ``apart``; the row is locked until the caller commits.
    """
    connection.execute(insert(sources).values(name=name).on_conflict_do_nothing())
    row = connection.execute(select(sources).where(sources.c.name == name).with_for_update()).one()
    today = now.astimezone(dt.UTC).date()
    calls = row.calls if row.calls_on == today else 0
    if calls >= budget:
        return None
    at: dt.datetime = max(now, row.next_call_at or now)
    connection.execute(
        update(sources)
        .where(sources.c.name == name)
        .values(next_call_at=at + apart, calls_on=today, calls=calls + 1)
    )
    return at


def went_well(connection: Connection, name: str, *, now: dt.datetime) -> None:
    """Note a poll that ended without a fault."""
    _note(connection, name, last_success_at=now, fault=None, reason=None, rests_until=None, standing={})


def went_wrong(
    connection: Connection,
    name: str,
    *,
    fault: str,
    reason: str,
    now: dt.datetime,
    rests_until: dt.datetime | None = None,
) -> bool:
    """Note a fault, and until when the source asked to be left alone; True where it is news.

    It is none where it was met since the last poll that went well, and not longer ago than ``FORGOTTEN``.
    """
    before = connection.execute(
        select(sources.c.standing).where(sources.c.name == name).with_for_update()
    ).scalar_one_or_none()
    met = {
        each: at for each, at in (before or {}).items() if now - dt.datetime.fromisoformat(at) <= FORGOTTEN
    }
    one = f"{fault}: {reason}"
    news = met.pop(one, None) is None
    standing = dict(sorted({**met, one: now.isoformat()}.items(), key=lambda each: each[1])[-MOST_STANDING:])
    _note(
        connection,
        name,
        last_fault_at=now,
        fault=fault,
        reason=reason,
        rests_until=rests_until,
        standing=standing,
    )
    return news


def seal_key(connection: Connection, name: str, *, sealed: bytes, desk: str | None) -> None:
    """Keep the encrypted key to a source, in place of the one before."""
    _note(connection, name, sealed_key=sealed, desk=desk)


def keyed(connection: Connection) -> frozenset[str]:
    """Names of the sources to which a key is kept."""
    held = select(sources.c.name).where(sources.c.sealed_key.is_not(None))
    return frozenset(connection.execute(held).scalars())


def sealed_key(connection: Connection, name: str) -> bytes | None:
    """The encrypted key to a source; None where there is none."""
    found: bytes | None = connection.execute(
        select(sources.c.sealed_key).where(sources.c.name == name)
    ).scalar_one_or_none()
    return found


def desk_of(connection: Connection, name: str) -> str | None:
    """The desk whose key to a source it is; None where it is no desk's."""
    found: str | None = connection.execute(
        select(sources.c.desk).where(sources.c.name == name)
    ).scalar_one_or_none()
    return found


def follow(connection: Connection, wanted: Iterable[Followed], *, now: dt.datetime) -> None:
    """Follow series, which must be registered; one that is followed already is named anew."""
    rows = [
        {"series_id": each.series_id, "source": each.source, "code": dict(each.code), "since": now}
        for each in wanted
    ]
    if not rows:
        return
    statement = insert(followed)
    changed = {"source": statement.excluded.source, "code": statement.excluded.code, "begun_at": None}
    connection.execute(statement.on_conflict_do_update(index_elements=["series_id"], set_=changed), rows)


def unfollow(connection: Connection, series_id: str) -> bool:
    """Follow a series no longer; its figures stay. False where it was not followed."""
    return connection.execute(delete(followed).where(followed.c.series_id == series_id)).rowcount > 0


def following(connection: Connection, name: str | None = None) -> list[Followed]:
    """The series followed at a source, or at all, by id."""
    query = select(followed).order_by(followed.c.series_id)
    if name is not None:
        query = query.where(followed.c.source == name)
    return [
        Followed(row.series_id, row.source, row.code, row.begun_at is not None)
        for row in connection.execute(query)
    ]


def counts(connection: Connection) -> dict[str, int]:
    """Count of the series followed, by source."""
    query = select(followed.c.source, func.count()).group_by(followed.c.source)
    return {row[0]: row[1] for row in connection.execute(query)}


def first_sights(connection: Connection, name: str, *, since: Month, of: int) -> dict[Span, dt.datetime]:
    """When each span from a month on first became known of a source's series, the first ``of`` by id.

    Only what came after the past of its series was in: the past itself came when it was asked for.
    """
    taught = (
        select(followed.c.series_id, followed.c.begun_at)
        .where(followed.c.source == name, followed.c.begun_at.is_not(None))
        .order_by(followed.c.series_id)
        .limit(of)
        .subquery()
    )
    first = func.min(observations.c.known_from)
    query = (
        select(observations.c.first_month, observations.c.months, first.label("known_from"))
        .join(taught, taught.c.series_id == observations.c.series_id)
        .where(observations.c.first_month >= since)
        .group_by(
            observations.c.series_id, observations.c.first_month, observations.c.months, taught.c.begun_at
        )
        .having(first > taught.c.begun_at)
    )
    seen: dict[Span, dt.datetime] = {}
    for row in connection.execute(query):
        span = Span(row.first_month, row.months)
        seen[span] = min(row.known_from, seen.get(span, row.known_from))
    return seen


def begin(connection: Connection, series_ids: Collection[str], *, now: dt.datetime) -> None:
    """Note that the past of the series is in."""
    connection.execute(
        update(followed)
        .where(among(followed.c.series_id, series_ids), followed.c.begun_at.is_(None))
        .values(begun_at=now)
    )


def _note(connection: Connection, name: str, **values: Any) -> None:
    statement = insert(sources).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
