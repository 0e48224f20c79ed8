"""Expected releases of the series held: what is due, late or arrived, as of a moment."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.release_calendars import ReleaseCalendar
from alerts.releases import LAPSED, LEARNED_FROM, Arrival, Lateness, Release, lateness, releases
from forecasting.months import Month
from services.ingestion.calendars import shipped
from services.storage import release_calendars
from services.storage.series import SeriesRecord
from services.usecases.traits import traits

BEHIND, AHEAD = 6, 3
"""Months before and after the present one that are shown where nothing else is asked for."""
LONGEST = 240
"""Months of releases in one answer."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A calendar with the series that it covers and what its last releases teach."""

    calendar: ReleaseCalendar
    series: tuple[SeriesRecord, ...]
    learned: Lateness


def calendars(connection: Connection) -> dict[str, ReleaseCalendar]:
    """Every calendar by id: those that ship, and those of the installation in their place or beside them."""
    return {**shipped(), **release_calendars.held(connection)}


def followed(
    connection: Connection, registered: Sequence[SeriesRecord], *, as_of: dt.datetime
) -> list[Followed]:
    """The calendars that cover some of the series, by id, as their lateness was known at a moment."""
    since = Month.from_date(as_of.date()) - (LEARNED_FROM + 14)
    told = []
    for _, calendar in sorted(calendars(connection).items()):
        covered = tuple(each for each in registered if calendar.scope.covers(traits(each)))
        if covered:
            ids = [each.id for each in covered]
            seen = release_calendars.first_arrivals(connection, calendar, ids, since=since)
            told.append(Followed(calendar, covered, lateness(calendar, seen, as_of)))
    return told


def releases_as_of(
    connection: Connection,
    following: Followed,
    *,
    first: Month,
    last: Month,
    as_of: dt.datetime,
) -> list[Release]:
    """Releases of a calendar's months, as of a moment, the earliest first."""
    by_series: dict[str, list[Arrival]] = defaultdict(list)
    ids = [each.id for each in following.series]
    since = first - (LAPSED + 12)
    for each in release_calendars.arrivals(connection, following.calendar, ids, since=since):
        by_series[each.series_id].append(each)
    return releases(following.calendar, by_series, following.learned, first=first, last=last, as_of=as_of)


def every_release(
    connection: Connection,
    registered: Sequence[SeriesRecord],
    *,
    calendar_id: str | None = None,
    first: Month,
    last: Month,
    as_of: dt.datetime,
) -> list[Release]:
    """Releases of some months over all calendars that cover the series, or over one, by when they are due."""
    told = [
        release
        for each in followed(connection, registered, as_of=as_of)
        if calendar_id in {None, each.calendar.id}
        for release in releases_as_of(connection, each, first=first, last=last, as_of=as_of)
    ]
    return sorted(told, key=lambda each: (each.due, each.calendar.id))
