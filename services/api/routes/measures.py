"""/v1/measures: dated policy measures, and from which figure on each can show."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.limits import only_json
from services.api.problems import ProblemError
from services.api.routes.series import existing
from services.api.schemas.common import AsOf, Limit, Page
from services.api.schemas.measures import MeasureGiven, MeasureShown, WatchShown
from services.api.security import Reader, Writer
from services.queries import series
from services.queries.measures import Sight, watches
from services.queries.slices import sliced
from services.usecases.put_measure import put_measure

router = APIRouter(prefix="/measures", tags=["measures"])

MeasureId = Annotated[str, Path(min_length=1, max_length=200, description="Id of the measure.")]


@router.get("", summary="Measures beside the series that they may show in")
def listed(
    *,
    service: TheService,
    caller: Reader,
    series_id: Annotated[str | None, Query(max_length=200, description="Only beside a series.")] = None,
    state: Annotated[Sight | None, Query(description="Only those that stand so.")] = None,
    as_of: AsOf = None,
    after: Annotated[
        str | None, Query(max_length=500, description="The cursor ``next`` of the page before.")
    ] = None,
    limit: Limit = 100,
) -> Page[WatchShown]:
    """The latest in force first, each as it stood by what was known at the moment."""
    with service.engine.begin() as connection:
        if series_id is not None:
            existing(connection, caller, series_id)
        registered = series.chosen(connection, series_id=series_id, desk=caller.desk)
        found = watches(connection, registered, as_of=as_of or service.now())
    cursors = [each.cursor for each in found]
    if after is not None and after not in cursors:
        raise ProblemError("invalid-request", f"query.after: {after[:40]!r} is no cursor of this list.")
    rest = found if after is None else found[cursors.index(after) + 1 :]
    page = sliced([each for each in rest if state in {None, each.sight}], limit)
    return Page(
        items=[WatchShown.of(each) for each in page.rows],
        next=page.rows[-1].cursor if page.more else None,
    )


@router.put(
    "/{measure_id}",
    summary="Add or describe anew",
    dependencies=[Depends(only_json)],
    responses={201: {"model": MeasureShown, "description": "It is added now."}},
)
def put(
    *,
    service: TheService,
    caller: Writer,
    audit: Audit,
    measure_id: MeasureId,
    given: MeasureGiven,
    response: Response,
) -> MeasureShown:
    """Add a measure (201), or describe the one of its id anew (200).

    Measures are shared by all desks: a key of one desk adds what is not there, and changes nothing (403).
    """
    record = given.record(measure_id)
    with service.engine.begin() as connection:
        held = put_measure(connection, record, desk=caller.desk, now=service.now())
        response.status_code = 201 if held is None else 200
        before = None if held is None else MeasureShown.of(held)
        audit.note(connection, "measure.put", measure_id, before=before, after=MeasureShown.of(record))
    return MeasureShown.of(record)
