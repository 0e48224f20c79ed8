"""/v1/observations: figures arrive here; /v1/series/{id}/observations: what is held, as of any moment."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from forecasting.months import Month as CalendarMonth
from services.api.auditing import Audit, Auditor
from services.api.dependencies import TheService
from services.api.formats import CONTENT, Fields, Format, page
from services.api.limits import media_types
from services.api.preferences import RESPOND_ASYNC, prefers_background
from services.api.problems import ProblemError
from services.api.routes.series import existing
from services.api.schemas.common import AsOf, Limit, Month, Page, PageOfParts, SeriesId
from services.api.schemas.jobs import UPLOAD_JOB, JobInFull
from services.api.schemas.observations import (
    CSV_EXAMPLE,
    UPLOAD_EXAMPLE,
    UPLOAD_SCHEMA,
    FigureShown,
    UploadReport,
)
from services.api.security import Reader, Writer
from services.bootstrap import DELIVER_MESSAGES, RECORD_UPLOADS, REFRESH_FORECASTS, Service
from services.ingestion.readers import EXCEL, MEDIA_TYPES, PARQUET
from services.queries import observations
from services.queries.observations import UnknownCursorError
from services.telemetry import tell_release
from services.usecases.order_upload import TooManyUploadsError, order_upload
from services.usecases.record_upload import Sent, Upload, read_upload, record_upload

router = APIRouter(tags=["observations"])

RETRY_AFTER = "1"


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/observations",
    summary="Record figures",
    response_model=UploadReport,
    responses={
        202: {
            "model": JobInFull,
            "description": "It was read and is recorded in the background; the job says how far it is.",
            "content": {"application/json": {"example": UPLOAD_JOB}},
        }
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": UPLOAD_SCHEMA, "example": UPLOAD_EXAMPLE},
                "text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE},
                PARQUET: {"schema": {"type": "string", "format": "binary"}},
                EXCEL: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
def upload(
    *,
    service: TheService,
    caller: Writer,
    audit: Audit,
    media_type: Annotated[str, Depends(media_types(*MEDIA_TYPES))],
    content: Annotated[bytes, Depends(_body)],
    source: Annotated[str | None, Query(min_length=1, max_length=200, description="Who says so.")] = None,
    history: Annotated[
        bool, Query(description="The past a new installation begins with: judged, and wakes no rule.")
    ] = False,
    replay: Annotated[
        bool,
        Query(
            description="The past told again as it became known: forecasts made after a figure count as "
            "published when that figure was known, and not today."
        ),
    ] = False,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
    prefer: Annotated[
        list[str] | None,
        Header(description="`respond-async` has it recorded in the background (RFC 7240)."),
    ] = None,
) -> UploadReport | Response:
    """Record a batch whole or not at all: each figure is stored, judged, and followed by every rule.

    A figure already held changes nothing; another value for the same month is a revision. The response comes
    after the commit: what it says has happened, and messages to endpoints are on their way. With
    `Prefer: respond-async` it is read now and recorded by a worker: 202 with a job, which says how far it is
    and in the end holds the same report, or the faults.
    """
    began = time.perf_counter()
    given = Upload(media_type, content, caller, audit.address, source, history, replay, idempotency_key)
    sent = read_upload(given, limit=service.settings.upload_limit_bytes)
    if prefers_background(prefer):
        return _ordered(service, audit, given, sent)
    with service.engine.begin() as connection:
        report, before = record_upload(connection, given, sent, settings=service.settings, now=service.now())
    if not before:
        tell_release(report, time.perf_counter() - began, way="upload")
    if report["alerts"]:
        service.nudge(DELIVER_MESSAGES)
    if report["recorded"] or report["revised"]:
        service.nudge(REFRESH_FORECASTS)
    return UploadReport.model_validate(report)


def _ordered(service: Service, audit: Auditor, given: Upload, sent: Sent) -> Response:
    """202 with the job that records an upload, as RFC 7240 answers a preference that was honoured."""
    with service.engine.begin() as connection:
        try:
            job, made = order_upload(connection, given, sent, now=service.now())
        except TooManyUploadsError as error:
            raise ProblemError("conflict", str(error)) from error
        if made:
            audit.note(connection, "upload.ordered", str(job.id), after=job.arguments)
        shown = JobInFull.told(connection, job)
    if shown.status == "pending":
        service.nudge(RECORD_UPLOADS)
    headers = {
        "Location": f"/v1/jobs/{job.id}",
        "Preference-Applied": RESPOND_ASYNC,
        "Retry-After": RETRY_AFTER,
    }
    return JSONResponse(shown.model_dump(mode="json"), 202, headers)


@router.get(
    "/series/{series_id}/observations",
    summary="Figures of a series",
    response_model=Page[FigureShown] | PageOfParts,
    responses=CONTENT,
)
def held(
    *,
    service: TheService,
    caller: Reader,
    series_id: SeriesId,
    wanted: Format,
    as_of: AsOf = None,
    first: Month = None,
    last: Month = None,
    revisions: Annotated[
        bool, Query(description="Every print of each month, not the standing one alone.")
    ] = False,
    after: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="The cursor ``next`` of the page before.")
    ] = None,
    limit: Limit = 1000,
    fields: Fields = None,
) -> Response:
    """The standing figure of each month in the order of months, as known now or at ``as_of``."""
    with service.engine.begin() as connection:
        unit = existing(connection, caller, series_id).unit
        try:
            found = observations.figures(
                connection,
                series_id,
                as_of=as_of,
                first=None if first is None else CalendarMonth.parse(first),
                last=None if last is None else CalendarMonth.parse(last),
                revisions=revisions,
                after=after,
                limit=limit,
            )
        except UnknownCursorError as error:
            raise ProblemError("invalid-request", f"query.after: {error}") from error
    items = [FigureShown.of(row, unit) for row in found.rows]
    return page(
        wanted,
        items,
        FigureShown,
        fields=fields,
        following=str(items[-1].id) if found.more else None,
        row=lambda each: each.model_dump(mode="json"),
        columns=list(FigureShown.model_fields),
        name=f"{series_id}-observations",
    )
