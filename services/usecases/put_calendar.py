"""A release calendar is added, or the one of its id is described anew, one that ships too."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from alerts.release_calendars import ReleaseCalendar
from services.ingestion.calendars import shipped
from services.storage import release_calendars, shared_things
from services.usecases.shared_things import WideCalendarError, check_unchanged


def put_calendar(
    connection: Connection, calendar: ReleaseCalendar, *, desk: str | None = None, now: dt.datetime
) -> ReleaseCalendar | None:
    """Add a calendar or describe it anew; the one that it takes the place of, None where it is new.

    SharedThingError where ``desk`` would change one that is there, one that ships too; WideCalendarError
    where it would add one for series that it does not name.
    """
    shared_things.lock(connection, "release calendar", calendar.id)
    earlier = release_calendars.in_force(connection, shipped()).get(calendar.id)
    check_unchanged("release calendar", calendar.id, earlier=earlier, given=calendar, desk=desk)
    if desk is not None and earlier is None and calendar.scope.described:
        raise WideCalendarError(calendar.id, desk)
    release_calendars.put(connection, calendar, now=now)
    return earlier
