"""Releases: what is expected when, and whether it came, as of a moment; and the calendars that say so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.release_calendars import ReleaseCalendar
from alerts.releases import Lateness, Release, ReleaseState
from forecasting.months import Month
from services.ingestion.calendars import shipped
from services.storage import release_calendars, series
from services.storage.expected_releases import followed, releases_as_of

BEHIND, AHEAD = 6, 3
"""Months before and after the present one that are shown where nothing else is asked for."""
LONGEST = 240
"""Months of releases in one answer."""


@dataclass(frozen=True, slots=True)
class KnownCalendar:
    """A calendar, the ids of the series that it covers, and what their last releases teach."""

    calendar: ReleaseCalendar
    covered: tuple[str, ...]
    learned: Lateness


def every_release(
    connection: Connection,
    *,
    calendar_id: str | None = None,
    first: Month,
    last: Month,
    as_of: dt.datetime,
    desk: str | None = None,
) -> list[Release]:
    """Releases of some months over all calendars, or one, by when they are due, as a moment knew them.

    Of the series held, with ``desk`` those that it may see.
    """
    registered = series.listed(connection, desk=desk, limit=None)
    in_force = release_calendars.in_force(connection, shipped())
    told = [
        release
        for each in followed(connection, in_force, registered, as_of=as_of)
        if calendar_id in {None, each.calendar.id}
        for release in releases_as_of(connection, each, first=first, last=last, as_of=as_of)
    ]
    return sorted(told, key=lambda each: (each.due, each.calendar.id))


def late(connection: Connection, *, now: dt.datetime) -> int:
    """How many releases are late at a moment, of the present month and the BEHIND before it."""
    month = Month.from_date(now.date())
    told = every_release(connection, first=month - BEHIND, last=month, as_of=now)
    return sum(each.state is ReleaseState.LATE for each in told)


def calendars(connection: Connection, *, as_of: dt.datetime, desk: str | None = None) -> list[KnownCalendar]:
    """Calendars that ship and those of the installation, by id, with what was learned by a moment.

    One that covers no series that ``desk`` may see has taught nothing.
    """
    registered = series.listed(connection, desk=desk, limit=None)
    in_force = release_calendars.in_force(connection, shipped())
    known = {each.calendar.id: each for each in followed(connection, in_force, registered, as_of=as_of)}
    return [
        KnownCalendar(calendar, (), Lateness(0))
        if name not in known
        else KnownCalendar(calendar, tuple(one.id for one in known[name].series), known[name].learned)
        for name, calendar in sorted(in_force.items())
    ]
