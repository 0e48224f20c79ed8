"""/v1/observations: figures arrive here; /v1/series/{id}/observations: what is held, as of any moment."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from forecasting.months import Month as CalendarMonth
from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.formats import CONTENT, JSON, PARQUET, Fields, Format, page
from services.api.limits import media_types
from services.api.problems import ProblemError
from services.api.routes.series import existing
from services.api.schemas.common import AsOf, Limit, Month, Page, PageOfParts, SeriesId
from services.api.schemas.observations import (
    CSV_EXAMPLE,
    UPLOAD_EXAMPLE,
    UPLOAD_SCHEMA,
    FigureShown,
    UploadReport,
)
from services.api.security import Reader, Writer
from services.bootstrap import DELIVER_MESSAGES, REFRESH_FORECASTS
from services.ingestion.binary_readers import read_excel, read_parquet
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.readers import Body, read_body, read_csv
from services.queries import observations, releases
from services.queries.observations import UnknownCursorError
from services.telemetry import tell_release
from services.usecases.record_observations import record_observations

router = APIRouter(tags=["observations"])

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
READERS = {"text/csv": read_csv, PARQUET: read_parquet, EXCEL: read_excel}
DEFAULT_SOURCE = "api"


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/observations",
    summary="Record figures",
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
    media_type: Annotated[str, Depends(media_types(JSON, *READERS))],
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
) -> UploadReport:
    """Record a batch whole or not at all: each figure is stored, judged, and followed by every rule.

    A figure already held changes nothing; another value for the same month is a revision. The response comes
    after the commit: what it says has happened, and messages to endpoints are on their way.
    """
    began = time.perf_counter()
    sender = caller.key_id or ""
    body = _read(media_type, content, service.settings.upload_limit_bytes)
    said = _said(source, body.source)
    with service.engine.begin() as connection:
        repeated = releases.is_recorded(connection, idempotency_key, sender=sender)
        report = record_observations(
            connection,
            body.figures,
            source=said,
            now=service.now(),
            budget=service.settings.alert_budget,
            portfolio=service.settings.portfolio,
            history=history,
            replayed=replay,
            idempotency_key=idempotency_key,
            sender=sender,
            desk=caller.desk,
        )
        counts = {name: report[name] for name in ("recorded", "revised", "unchanged", "alerts")}
        told = {"source": said, "history": history, **counts}
        if not repeated and (report["recorded"] or report["revised"]):
            audit.note(connection, "figures.recorded", f"release {report['release_id']}", after=told)
    if not repeated:
        tell_release(report, time.perf_counter() - began, way="upload")
    if report["alerts"]:
        service.nudge(DELIVER_MESSAGES)
    if report["recorded"] or report["revised"]:
        service.nudge(REFRESH_FORECASTS)
    return UploadReport.model_validate(report)


def _read(media_type: str, content: bytes, limit: int) -> Body:
    """Figures of a body of any kind; only JSON can name a source for all of them."""
    if media_type == JSON:
        return read_body(content, limit=limit)
    return Body(READERS[media_type](content, limit=limit))


def _said(asked: str | None, written: str | None) -> str:
    """Who says so, by the address or the body; UploadRefusedError where the two name different ones."""
    if asked is not None and written is not None and asked != written:
        raise UploadRefusedError(
            [
                Fault(
                    0, f"the source is {written!r} in the body and {asked!r} in the address; give one of them"
                )
            ]
        )
    return asked or written or DEFAULT_SOURCE


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
