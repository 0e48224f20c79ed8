"""Release calendars that an installation has added or described anew, and what desks were told is overdue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

import structlog
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from alerts.errors import InvalidRuleError
from alerts.release_calendars import ReleaseCalendar, dump_calendar, parse_calendar
from alerts.releases import Arrival, Release
from forecasting.months import Month, Span
from services.storage.columns import among
from services.storage.tables import observations, overdue_releases, release_calendars

_log = structlog.get_logger()

BY_CALENDAR = "calendar"
"""Basis of a figure whose moment is the calendar's own: it teaches nothing of lateness."""


def put(connection: Connection, calendar: ReleaseCalendar, *, now: dt.datetime) -> None:
    """Add a calendar, or describe the one of its id anew."""
    row = {"id": calendar.id, "spec": dump_calendar(calendar), "recorded_at": now}
    statement = insert(release_calendars).values(row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"spec": row["spec"], "recorded_at": now})
    )


def held(connection: Connection) -> dict[str, ReleaseCalendar]:
    """Calendars of the installation, by id; one that cannot be read is left out, and logged."""
    found: dict[str, ReleaseCalendar] = {}
    for row in connection.execute(select(release_calendars).order_by(release_calendars.c.id)):
        try:
            found[row.id] = parse_calendar(row.spec, calendar_id=row.id, saved=True)
        except InvalidRuleError as error:
            _log.error("a release calendar cannot be read", calendar=row.id, reason=str(error))
    return found


def in_force(connection: Connection, shipped: Mapping[str, ReleaseCalendar]) -> dict[str, ReleaseCalendar]:
    """Every calendar by id: those that ship, and those of the installation in their place or beside them."""
    return {**shipped, **held(connection)}


def arrivals(
    connection: Connection, calendar: ReleaseCalendar, series_ids: Collection[str], *, since: Month
) -> list[Arrival]:
    """The first figure of each span, by series, from a month on, at the calendar's stage or a later one."""
    by_calendar = func.bool_and(observations.c.known_basis == BY_CALENDAR)
    query = (
        select(
            observations.c.series_id,
            observations.c.first_month,
            observations.c.months,
            observations.c.stage,
            func.min(observations.c.known_from).label("known_from"),
            by_calendar.label("by_calendar"),
        )
        .where(among(observations.c.series_id, series_ids), observations.c.first_month >= since)
        .group_by(
            observations.c.series_id,
            observations.c.first_month,
            observations.c.months,
            observations.c.stage,
        )
    )
    return [
        Arrival(row.series_id, Span(row.first_month, row.months), row.known_from, row.by_calendar)
        for row in connection.execute(query)
        if calendar.takes(row.stage)
    ]


def first_arrivals(
    connection: Connection, calendar: ReleaseCalendar, series_ids: Collection[str], *, since: Month
) -> list[Arrival]:
    """The first figure of each span over all the series, for what lateness is learned from."""
    query = (
        select(
            observations.c.first_month,
            observations.c.months,
            observations.c.stage,
            func.min(observations.c.known_from).label("known_from"),
        )
        .where(
            among(observations.c.series_id, series_ids),
            observations.c.first_month >= since,
            observations.c.known_basis != BY_CALENDAR,
        )
        .group_by(observations.c.first_month, observations.c.months, observations.c.stage)
    )
    return [
        Arrival("", Span(row.first_month, row.months), row.known_from)
        for row in connection.execute(query)
        if calendar.takes(row.stage)
    ]


def tell_once(
    connection: Connection, release: Release, desk: str, series_ids: Sequence[str], *, now: dt.datetime
) -> bool:
    """Note that a desk is told of a release that is overdue; False where it has been."""
    row = {
        "calendar_id": release.calendar.id,
        "first_month": release.span.first,
        "months": release.span.months,
        "desk": desk,
        "due_at": release.due,
        "told_at": now,
        "series": list(series_ids),
    }
    statement = insert(overdue_releases).values(row).on_conflict_do_nothing()
    return connection.execute(statement.returning(overdue_releases.c.told_at)).first() is not None
