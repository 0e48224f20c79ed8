"""/v1/imports: a file as it is kept elsewhere, shown first and recorded once its id is confirmed."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request

from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.formats import JSON
from services.api.limits import media_types, only_json
from services.api.problems import ProblemError
from services.api.schemas.imports import FILE_EXAMPLE, MAPPING_EXAMPLE, ImportShown
from services.api.schemas.observations import UploadReport
from services.api.security import Writer
from services.bootstrap import DELIVER_MESSAGES, REFRESH_FORECASTS, Service
from services.ingestion.files.mapping import Layout
from services.ingestion.files.understanding import Asked
from services.telemetry import tell_release
from services.usecases.callers import Caller
from services.usecases.pending_imports import (
    ImportSettledError,
    UnknownImportError,
    confirm_import,
    show_again,
    show_import,
)

router = APIRouter(prefix="/imports", tags=["observations"])

BYTES = "application/octet-stream"
ImportId = Annotated[str, Path(min_length=1, max_length=100, description="Id that the preview gave.")]
Text = Annotated[str | None, Query(min_length=1, max_length=200)]


async def _body(request: Request) -> bytes:
    return await request.body()


def _installation(service: Service, caller: Caller) -> dict[str, Any]:
    held = service.settings
    return {
        "now": service.now(),
        "budget": held.alert_budget,
        "portfolio": held.portfolio,
        "desk": caller.desk,
    }


@router.post(
    "",
    status_code=201,
    summary="Show how a file is understood",
    dependencies=[Depends(media_types(BYTES, JSON))],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                BYTES: {"schema": {"type": "string", "format": "binary"}},
                JSON: {"schema": {}, "example": FILE_EXAMPLE},
            },
        }
    },
)
def show(
    *,
    service: TheService,
    caller: Writer,
    audit: Audit,
    content: Annotated[bytes, Depends(_body)],
    name: Annotated[str, Query(min_length=1, max_length=200, description="Of the file.")] = "file",
    series_id: Text = None,
    unit: Text = None,
    sheet: Text = None,
    header: Annotated[int | None, Query(ge=1, le=10_000, description="The row of the names.")] = None,
    encoding: Text = None,
    source: Annotated[str, Query(min_length=1, max_length=200, description="Who says so.")] = "api",
    history: Annotated[bool, Query(description="The past: judged, and wakes no rule.")] = False,
    replay: Annotated[
        bool, Query(description="The past as it became known: forecasts count as published then.")
    ] = False,
) -> ImportShown:
    """CSV in any encoding, Excel, JSON, Parquet or Arrow, packed or not. Nothing of it is recorded."""
    asked = Asked(Layout(sheet=sheet, encoding=encoding), series_id, unit, header)
    recording = {"source": source, "history": history, "replayed": replay}
    with service.engine.begin() as connection:
        pending, shown = show_import(
            connection,
            (name, content),
            sender=caller.key_id or "",
            limit=service.settings.upload_limit_bytes,
            asked=asked,
            recording=recording,
            installation=_installation(service, caller),
        )
        audit.note(connection, "import.shown", pending.id, after={"name": name, "source": source})
    return ImportShown.of(pending, shown)


@router.put(
    "/{import_id}/mapping",
    summary="Show it by another mapping",
    dependencies=[Depends(only_json)],
    openapi_extra={"requestBody": {"content": {JSON: {"example": MAPPING_EXAMPLE}}}},
)
def remap(
    service: TheService,
    caller: Writer,
    audit: Audit,
    import_id: ImportId,
    mapping: Annotated[dict[str, Any], Body(description="As the preview gave it, changed.")],
) -> ImportShown:
    """The mapping of the preview, corrected: what is confirmed is what was shown last."""
    try:
        with service.engine.begin() as connection:
            pending, shown = show_again(
                connection,
                import_id,
                mapping,
                sender=caller.key_id or "",
                limit=service.settings.upload_limit_bytes,
                installation=_installation(service, caller),
            )
            audit.note(connection, "import.shown", import_id, after={"name": pending.name})
    except UnknownImportError as error:
        raise ProblemError("not-found", str(error)) from error
    except ImportSettledError as error:
        raise ProblemError("conflict", str(error)) from error
    return ImportShown.of(pending, shown)


@router.post("/{import_id}/confirm", summary="Record what was shown")
def confirm(service: TheService, caller: Writer, audit: Audit, import_id: ImportId) -> UploadReport:
    """All figures of the file, or none and the reasons. Confirmed again, it answers the first report."""
    began = time.perf_counter()
    try:
        with service.engine.begin() as connection:
            report, before = confirm_import(
                connection,
                import_id,
                sender=caller.key_id or "",
                limit=service.settings.upload_limit_bytes,
                installation=_installation(service, caller),
            )
            counts = {each: report[each] for each in ("recorded", "revised", "unchanged", "alerts")}
            if not before:
                audit.note(connection, "figures.recorded", f"release {report['release_id']}", after=counts)
    except UnknownImportError as error:
        raise ProblemError("not-found", str(error)) from error
    if not before:
        tell_release(report, time.perf_counter() - began, way="import")
    if report["alerts"] and not before:
        service.nudge(DELIVER_MESSAGES)
    if (report["recorded"] or report["revised"]) and not before:
        service.nudge(REFRESH_FORECASTS)
    return UploadReport.model_validate(report)
