"""A release calendar is added, or the one of its id is described anew, one that ships too."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from alerts.release_calendars import ReleaseCalendar
from services.ingestion.calendars import shipped
from services.storage import release_calendars


def put_calendar(
    connection: Connection, calendar: ReleaseCalendar, *, now: dt.datetime
) -> ReleaseCalendar | None:
    """Add a calendar or describe it anew; the one that it takes the place of, None where it is new."""
    earlier = release_calendars.in_force(connection, shipped()).get(calendar.id)
    release_calendars.put(connection, calendar, now=now)
    return earlier
