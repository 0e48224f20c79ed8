"""/v1/releases and /v1/release-calendars: what is expected when, and whether it came."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from alerts.release_calendars import parse_calendar
from alerts.releases import Lateness, ReleaseState
from forecasting.months import Month as CalendarMonth
from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.limits import only_json
from services.api.problems import ProblemError
from services.api.schemas.common import AsOf, Month, Page, clean_json, storable_id
from services.api.schemas.releases import REQUEST_BODY, CalendarShown, ReleaseShown
from services.api.security import Reader, Writer
from services.queries.releases import AHEAD, BEHIND, LONGEST, calendars, every_release
from services.usecases.put_calendar import put_calendar

router = APIRouter(tags=["releases"])

CalendarId = Annotated[str, Path(min_length=1, max_length=200, description="Id of the calendar.")]


@router.get("/releases", summary="Releases: expected, due, late and arrived")
def listed(
    *,
    service: TheService,
    caller: Reader,
    calendar: Annotated[str | None, Query(max_length=200, description="Only those of a calendar.")] = None,
    state: Annotated[ReleaseState | None, Query(description="Only those that stand so.")] = None,
    first: Annotated[Month, Query(alias="from")] = None,
    last: Annotated[Month, Query(alias="to")] = None,
    as_of: AsOf = None,
) -> Page[ReleaseShown]:
    """By the moment they are due, as they stood by what was known; half a year back and three months ahead.

    A series is awaited while its last figure is at most four months old.
    """
    moment = as_of or service.now()
    here = CalendarMonth.from_date(moment.date())
    begin = here - BEHIND if first is None else CalendarMonth.parse(first)
    end = max(here + AHEAD, begin) if last is None else CalendarMonth.parse(last)
    if not 0 <= end.since(begin) < LONGEST:
        raise ProblemError("invalid-request", f"from and to: at least one month and at most {LONGEST}.")
    with service.engine.begin() as connection:
        told = every_release(
            connection, calendar_id=calendar, first=begin, last=end, as_of=moment, desk=caller.desk
        )
    return Page(items=[ReleaseShown.of(each) for each in told if state in {None, each.state}])


@router.get("/release-calendars", summary="Release calendars")
def listed_calendars(service: TheService, caller: Reader, as_of: AsOf = None) -> Page[CalendarShown]:
    """Those that ship and those of the installation, by id, with what is learned of their sources.

    With ``as_of`` what was learned by then; the calendars themselves are as they stand, since one that is
    described anew keeps no earlier form.
    """
    with service.engine.begin() as connection:
        every = calendars(connection, as_of=as_of or service.now(), desk=caller.desk)
    return Page(items=[CalendarShown.of(each.calendar, list(each.covered), each.learned) for each in every])


@router.put(
    "/release-calendars/{calendar_id}",
    summary="Add a calendar or describe it anew",
    dependencies=[Depends(only_json)],
    openapi_extra=REQUEST_BODY,
    responses={201: {"model": CalendarShown, "description": "It is added now."}},
)
def put(
    *,
    service: TheService,
    caller: Writer,
    audit: Audit,
    calendar_id: CalendarId,
    raw: Annotated[Any, Body()],
    response: Response,
) -> CalendarShown:
    """Add a calendar (201), or describe one anew (200), one that ships too; each fault has an example.

    Calendars are shared by all desks: a key of one desk adds what is not there, and changes nothing (403).
    """
    given = parse_calendar(clean_json(raw), calendar_id=storable_id(calendar_id))
    with service.engine.begin() as connection:
        before = put_calendar(connection, given, desk=caller.desk, now=service.now())
        response.status_code = 201 if before is None else 200
        known = calendars(connection, as_of=service.now(), desk=caller.desk)
        mine = next(each for each in known if each.calendar.id == calendar_id)
        shown = CalendarShown.of(given, list(mine.covered), mine.learned)
        was = None if before is None else CalendarShown.of(before, [], Lateness(0))
        audit.note(connection, "release_calendar.put", calendar_id, before=was, after=shown)
    return shown
