"""What the rows say of the service's own state: work that waits, heartbeats, and how often intervals hold."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, Select, case, func, or_, select

from services.storage import leases
from services.storage.tables import deliveries, endpoints, heartbeats, jobs, observations, scores

COVERAGE_WINDOW = dt.timedelta(days=365)
"""Figures recorded within it count for the coverage: twelve months of each series."""

HORIZONS = 6
"""Months ahead up to which coverage is told."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Rows that a worker could claim now, and the age in seconds of the one due longest."""

    kind: str
    due: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Vitals:
    """The state at one moment; ages in seconds.

    ``heartbeats`` are of parts that have worked, ``awaited`` says how long ones that never have are looked
    for; ``stuck`` are pending rows whose lease ended a minute ago.
    """

    backlogs: tuple[Backlog, ...]
    heartbeats: dict[str, float]
    awaited: dict[str, float]
    failed_jobs: int
    stuck: int
    exhausted: int
    disabled_endpoints: int
    paused_endpoints: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares, 0 to 1, of figures inside the published intervals at one horizon, and how many there were.

    A figure counts once for each published forecast that foretold it from that horizon.
    """

    horizon: int
    inside_80: float
    inside_95: float
    figures: int


def vitals(connection: Connection, *, now: dt.datetime) -> Vitals:
    """The state of the service; reads pending rows only."""
    waiting = connection.execute(
        select(jobs.c.kind, func.count(), func.min(jobs.c.due_at))
        .where(leases.due(jobs, now))
        .group_by(jobs.c.kind)
    ).all()
    unsent = connection.execute(
        select(func.count(), func.min(deliveries.c.due_at))
        .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
        .where(
            leases.due(deliveries, now),
            endpoints.c.status == "enabled",
            or_(endpoints.c.paused_until.is_(None), endpoints.c.paused_until <= now),
        )
    ).one()
    lost = now - dt.timedelta(minutes=1)
    parts = connection.execute(select(heartbeats)).all()
    return Vitals(
        backlogs=(
            *(Backlog(kind, count, _age(oldest, now)) for kind, count, oldest in waiting),
            Backlog("deliver", unsent[0], _age(unsent[1], now)),
        ),
        heartbeats={row.part: _age(row.beat_at, now) for row in parts if row.beat_at is not None},
        awaited={row.part: _age(row.awaited_since, now) for row in parts if row.beat_at is None},
        failed_jobs=_count(connection, select(func.count()).where(jobs.c.status == "failed")),
        stuck=sum(
            _count(
                connection,
                select(func.count()).where(table.c.status == "pending", table.c.lease_until < lost),
            )
            for table in (jobs, deliveries)
        ),
        exhausted=_count(connection, select(func.count()).where(deliveries.c.status == "exhausted")),
        disabled_endpoints=_count(connection, select(func.count()).where(endpoints.c.status == "disabled")),
        paused_endpoints=_count(connection, select(func.count()).where(endpoints.c.paused_until > now)),
    )


def coverage(connection: Connection, *, portfolio: str, now: dt.datetime) -> list[Coverage]:
    """How often a portfolio's published intervals held, by horizon, over the figures of the last year.

    Models that somebody asked for by name are scored too, but no figure is judged by them.
    """
    inside_80, inside_95 = (
        func.avg(case((column, 1.0), else_=0.0)) for column in (scores.c.inside_80, scores.c.inside_95)
    )
    query = (
        select(scores.c.horizon, inside_80, inside_95, func.count())
        .join(observations, observations.c.id == scores.c.observation_id)
        .where(
            scores.c.model == portfolio,
            scores.c.member == "",
            scores.c.horizon <= HORIZONS,
            observations.c.recorded_at > now - COVERAGE_WINDOW,
        )
        .group_by(scores.c.horizon)
        .order_by(scores.c.horizon)
    )
    return [Coverage(row[0], float(row[1]), float(row[2]), row[3]) for row in connection.execute(query)]


def _count(connection: Connection, query: Select[int]) -> int:
    return connection.execute(query).scalar_one()


def _age(moment: dt.datetime | None, now: dt.datetime) -> float:
    return 0.0 if moment is None else max((now - moment).total_seconds(), 0.0)
