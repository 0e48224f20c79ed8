"""Releases: which figures come when, which are due or late, and how punctual each source has been."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from alerts.releases import Release, ReleaseState
from forecasting.months import Month
from services.bootstrap import Service
from services.queries import series
from services.queries.releases import AHEAD, BEHIND, calendars, every_release
from services.web.as_of import AsOf, as_of
from services.web.exports import Column, as_csv
from services.web.rendering import page
from services.web.sessions import Looking

router = APIRouter()

NAMED = 4
"""Series of one release that are named; the rest is counted."""
OPEN = (ReleaseState.LATE, ReleaseState.DUE, ReleaseState.EXPECTED)
"""States of releases that have not come, in the order in which they are told."""

COLUMNS: tuple[Column[Release], ...] = (
    Column("calendar", lambda each: each.calendar.id),
    Column("period", lambda each: each.span),
    Column("state", lambda each: str(each.state)),
    Column("due", lambda each: each.due),
    Column("late_from", lambda each: each.late_from),
    Column("arrived", lambda each: each.arrived),
    Column("awaited", lambda each: " ".join(each.awaited)),
    Column("missing", lambda each: " ".join(each.missing)),
)


@router.get("/releases")
def listed(
    *,
    request: Request,
    looking: Looking,
    looked: Annotated[AsOf, Depends(as_of)],
    format_: Annotated[Literal["html", "csv"], Query(alias="format")] = "html",
) -> Response:
    """Half a year back and three months ahead, as it was known on the day asked for."""
    service: Service = request.app.state.service
    desk, moment = looking.caller.desk, looked.moment
    here = Month.from_date(moment.date())
    with service.engine.begin() as connection:
        told = every_release(connection, first=here - BEHIND, last=here + AHEAD, as_of=moment, desk=desk)
        if format_ == "csv":
            return as_csv("releases", COLUMNS, told)
        known = calendars(connection, as_of=moment, desk=desk)
        names = series.names(connection, {name for each in told for name in each.awaited})
    order = {state: place for place, state in enumerate(OPEN)}
    coming = [each for each in told if each.state in order]
    return page(
        request,
        looking,
        "releases.html",
        coming=sorted(coming, key=lambda each: (order[each.state], each.due)),
        came=[each for each in told if each.state not in order][::-1],
        calendars=[each for each in known if each.covered],
        names=names,
        named=NAMED,
        looked=looked,
        now=moment,
        words=in_words,
    )


def in_words(each: Release, now: dt.datetime) -> str:
    """How a release stands, in days: late since when it was due, early or late where it came."""
    if each.arrived is not None:
        return _days(each.arrived - each.due, ("on the day", "{} late", "{} early"))
    return _days(now - each.due, ("today", "due {} ago", "in {}"))


def _days(between: dt.timedelta, words: tuple[str, str, str]) -> str:
    days = round(between.total_seconds() / 86_400)
    count = f"{abs(days):,} {'day' if abs(days) == 1 else 'days'}"
    return words[0] if days == 0 else words[1 if days > 0 else 2].format(count)
