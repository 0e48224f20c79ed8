"""Calendars beside the series that they cover, and the releases that they expect, as of a moment."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.release_calendars import ReleaseCalendar
from alerts.releases import LAPSED, LEARNED_FROM, Arrival, Lateness, Release, lateness, releases
from forecasting.months import Month
from services.storage import release_calendars
from services.storage.series import SeriesRecord
from services.storage.traits import traits


@dataclass(frozen=True, slots=True)
class Followed:
    """A calendar with the series that it covers and what its last releases teach."""

    calendar: ReleaseCalendar
    series: tuple[SeriesRecord, ...]
    learned: Lateness


def followed(
    connection: Connection,
    calendars: Mapping[str, ReleaseCalendar],
    registered: Sequence[SeriesRecord],
    *,
    as_of: dt.datetime,
) -> list[Followed]:
    """The calendars that cover some of the series, by id, as their lateness was known at a moment."""
    since = Month.from_date(as_of.date()) - (LEARNED_FROM + 14)
    told = []
    for _, calendar in sorted(calendars.items()):
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
