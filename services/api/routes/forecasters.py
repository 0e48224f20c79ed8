"""/v1/forecasters: submitted forecasts, put beside the service's own before the figures come."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from forecasting.submitted_forecasts import Forecaster
from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.formats import JSON
from services.api.limits import media_types, only_json
from services.api.problems import ProblemError
from services.api.routes.series import existing
from services.api.schemas.common import AsOf, Limit, Page, storable_id
from services.api.schemas.forecasters import (
    CSV_EXAMPLE,
    SUBMISSION_EXAMPLE,
    SUBMISSION_SCHEMA,
    ForecasterGiven,
    ForecasterShown,
    SubmissionShown,
    SubmittedShown,
)
from services.api.security import Reader, Writer
from services.bootstrap import REFRESH_FORECASTS
from services.ingestion.submitted_forecasts import read_csv, read_json
from services.queries import forecasters
from services.usecases.put_forecaster import put_forecaster
from services.usecases.submit_forecasts import submit_forecasts

router = APIRouter(prefix="/forecasters", tags=["forecasts"])

ForecasterId = Annotated[str, Path(min_length=1, max_length=200, description="Id of the forecaster.")]
READERS = {JSON: read_json, "text/csv": read_csv}


async def _body(request: Request) -> bytes:
    return await request.body()


@router.get("", summary="Forecasters")
def listed(*, service: TheService, caller: Reader) -> Page[ForecasterShown]:
    """Those of every desk, and those of the caller's own; nobody else sees these."""
    with service.engine.begin() as connection:
        found = forecasters.listed(connection, desk=caller.desk)
    return Page(items=[ForecasterShown.of(each) for each in found])


@router.put(
    "/{forecaster_id}",
    summary="Add a forecaster or name it anew",
    dependencies=[Depends(only_json)],
    responses={201: {"model": ForecasterShown, "description": "It is added now."}},
)
def put(
    *,
    service: TheService,
    caller: Writer,
    audit: Audit,
    forecaster_id: ForecasterId,
    given: ForecasterGiven,
    response: Response,
) -> ForecasterShown:
    """Add a forecaster (201), or name the one of its id anew (200); whose it is stays as it was (409).

    Ids are one space over all desks: one that another desk has is taken (409). A desk has at most 50 (409).
    """
    wanted = Forecaster(storable_id(forecaster_id), given.name, caller.narrowed(given.desk))
    with service.engine.begin() as connection:
        held = put_forecaster(connection, wanted, desk=caller.desk, now=service.now())
        response.status_code = 201 if held is None else 200
        before = None if held is None else ForecasterShown.of(held)
        audit.note(
            connection, "forecaster.put", forecaster_id, before=before, after=ForecasterShown.of(wanted)
        )
    return ForecasterShown.of(wanted)


@router.post(
    "/{forecaster_id}/forecasts",
    summary="Submit forecasts",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": SUBMISSION_SCHEMA, "example": SUBMISSION_EXAMPLE},
                "text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE},
            },
        }
    },
)
def submit(
    *,
    service: TheService,
    caller: Writer,
    audit: Audit,
    forecaster_id: ForecasterId,
    media_type: Annotated[str, Depends(media_types(*READERS))],
    content: Annotated[bytes, Depends(_body)],
    replay: Annotated[
        bool,
        Query(
            description="The past told again as it became known, by an admin and before its figures: a row "
            "counts from the known_from that it names, and is marked as replayed for ever."
        ),
    ] = False,
) -> SubmissionShown:
    """Submit a batch whole or not at all; a later forecast of a month supersedes, and none is ever changed.

    It counts from the moment of submission: nothing submitted once the figure is known counts for it. Where a
    forecaster of every desk has been nearer than we have on a series, our forecast of its months takes it in.
    """
    if replay and not caller.may("admin"):
        raise ProblemError("forbidden", "Only an admin replays the past of a forecaster.", scope="admin")
    arriving = READERS[media_type](content, limit=service.settings.upload_limit_bytes)
    with service.engine.begin() as connection:
        report = submit_forecasts(
            connection,
            forecaster_id,
            arriving,
            now=service.now(),
            portfolio=service.settings.portfolio,
            desk=caller.desk,
            replayed=replay,
        )
        shown = SubmissionShown.model_validate(report)
        if report.submitted or report.claimed:
            audit.note(connection, "forecasts.submitted", forecaster_id, after=shown)
    if report.refits:
        service.nudge(REFRESH_FORECASTS)
    return shown


@router.get("/{forecaster_id}/forecasts", summary="What a forecaster submitted")
def said(
    *,
    service: TheService,
    caller: Reader,
    forecaster_id: ForecasterId,
    series_id: Annotated[str | None, Query(max_length=200, description="Only of a series.")] = None,
    as_of: AsOf = None,
    superseded: Annotated[bool, Query(description="Those too that a later one superseded, marked.")] = False,
    after: Annotated[
        int, Query(ge=0, le=2**63 - 1, description="The cursor ``next`` of the page before.")
    ] = 0,
    limit: Limit = 1000,
) -> Page[SubmittedShown]:
    """In the order of submission: of each month the forecast that stood, and the newest that is claimed."""
    with service.engine.begin() as connection:
        if forecasters.one(connection, forecaster_id, desk=caller.desk) is None:
            raise ProblemError("not-found", f"There is no forecaster {forecaster_id!r}.")
        if series_id is not None:
            existing(connection, caller, series_id)
        found = forecasters.said_by(
            connection,
            forecaster_id,
            series_id=series_id,
            as_of=as_of,
            superseded=superseded,
            desk=caller.desk,
            after=after,
            limit=limit,
        )
    items = [SubmittedShown.of(each) for each in found.rows]
    return Page(items=items, next=str(items[-1].id) if found.more else None)
