"""/v1/observations: figures arrive here; /v1/series/{id}/observations: what is held, as of any moment."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from forecasting.months import Month as CalendarMonth
from forecasting.months import Span
from services.api.dependencies import TheService
from services.api.formats import CONTENT, JSON, Format, table
from services.api.limits import media_types
from services.api.routes.series import existing
from services.api.schemas.common import AsOf, Month, Page, SeriesId
from services.api.schemas.observations import (
    CSV_EXAMPLE,
    UPLOAD_EXAMPLE,
    UPLOAD_SCHEMA,
    FigureShown,
    UploadReport,
)
from services.api.security import reads, writes
from services.bootstrap import DELIVER_MESSAGES, REFRESH_FORECASTS
from services.ingestion.readers import read_csv, read_json
from services.storage import observations
from services.storage.observations import ObservationRecord
from services.usecases.record_observations import record_observations

router = APIRouter(tags=["observations"])

READERS = {"application/json": read_json, "text/csv": read_csv}
DEFAULT_SOURCE = "api"


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/observations",
    summary="Record figures",
    dependencies=[writes],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": UPLOAD_SCHEMA, "example": UPLOAD_EXAMPLE},
                "text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE},
            },
        }
    },
)
def upload(
    *,
    service: TheService,
    media_type: Annotated[str, Depends(media_types(*READERS))],
    content: Annotated[bytes, Depends(_body)],
    source: Annotated[str | None, Query(min_length=1, max_length=200, description="Who says so.")] = None,
    history: Annotated[
        bool, Query(description="The past a new installation begins with: judged, and wakes no rule.")
    ] = False,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> UploadReport:
    """Record a batch whole or not at all: each figure is stored, judged, and followed by every rule.

    A figure already held changes nothing; another value for the same month is a revision. The response comes
    after the commit: what it says has happened, and messages to endpoints are on their way.
    """
    figures = READERS[media_type](content, limit=service.settings.upload_limit_bytes)
    with service.engine.begin() as connection:
        report = record_observations(
            connection,
            figures,
            source=source or DEFAULT_SOURCE,
            now=service.now(),
            budget=service.settings.alert_budget,
            portfolio=service.settings.portfolio,
            history=history,
            idempotency_key=idempotency_key,
        )
    if report["alerts"]:
        service.nudge(DELIVER_MESSAGES)
    if report["recorded"] or report["revised"]:
        service.nudge(REFRESH_FORECASTS)
    return UploadReport.model_validate(report)


@router.get(
    "/series/{series_id}/observations",
    summary="Figures of a series",
    dependencies=[reads],
    response_model=Page[FigureShown],
    responses=CONTENT,
)
def held(
    *,
    service: TheService,
    series_id: SeriesId,
    wanted: Format,
    as_of: AsOf = None,
    first: Month = None,
    last: Month = None,
    revisions: Annotated[
        bool, Query(description="Every print of each month, not the standing one alone.")
    ] = False,
) -> Page[FigureShown] | Response:
    """The standing figure of each month in the order of months, as known now or at ``as_of``."""
    with service.engine.begin() as connection:
        unit = existing(connection, series_id).unit
        rows = observations.history(connection, [series_id], as_of=as_of).get(series_id, [])
    shown = _every(rows) if revisions else _standing(rows)
    items = [FigureShown.of(row, unit) for row in shown if _within(row, first, last)]
    if wanted == JSON:
        return Page(items=items)
    dumped = [each.model_dump(mode="json") for each in items]
    return table(wanted, dumped, list(FigureShown.model_fields), name=f"{series_id}-observations")


def _standing(rows: list[ObservationRecord]) -> list[ObservationRecord]:
    latest: dict[Span, ObservationRecord] = {row.observation.span: row for row in rows}
    return [latest[span] for span in sorted(latest)]


def _every(rows: list[ObservationRecord]) -> list[ObservationRecord]:
    return sorted(rows, key=lambda row: row.observation.span)


def _within(row: ObservationRecord, first: str | None, last: str | None) -> bool:
    span = row.observation.span
    after = first is None or span.last >= CalendarMonth.parse(first)
    return after and (last is None or span.first <= CalendarMonth.parse(last))
