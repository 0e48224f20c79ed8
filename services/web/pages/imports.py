"""Import: a file as it is kept elsewhere, shown in plain words first and recorded once that is confirmed."""

from __future__ import annotations

import time
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from services.bootstrap import DELIVER_MESSAGES, REFRESH_FORECASTS, Service
from services.ingestion.errors import UploadRefusedError, UploadTooLargeError
from services.ingestion.files.mapping import parse, to_dictionary
from services.queries import jobs, series
from services.telemetry import tell_release
from services.usecases.pending_imports import (
    WAITS,
    ImportSettledError,
    PendingImport,
    UnknownImportError,
    confirm_import,
    look_again,
    show_again,
    show_import,
)
from services.usecases.preview_file import FilePreview, told_alerts
from services.web.changes import back_to, keep
from services.web.exports import Column, as_csv
from services.web.pages.import_answers import Said, answered
from services.web.pages.import_forms import ADDRESS, TheFile, TheWords, most_bytes
from services.web.pages.import_pages import shown_page, start_page
from services.web.pages.import_words import (
    recorded_in_words,
    refused_in_words,
    shown_in_words,
    wants_page,
)
from services.web.rendering import NotFoundError, page
from services.web.sessions import Looking, Visitor, Writing

__all__ = ["ADDRESS", "most_bytes", "router"]

router = APIRouter()

MOST = 200
"""Figures of a report on its page; the file holds all."""

COLUMNS: tuple[Column[dict[str, Any]], ...] = (
    Column("row", lambda row: row["row"]),
    Column("series_id", lambda row: row["series_id"]),
    Column("month", lambda row: row["month"]),
    Column("outcome", lambda row: row["outcome"]),
    Column("verdict", lambda row: row.get("verdict")),
    Column("reason", lambda row: row.get("reason")),
)


@router.get(ADDRESS)
def start(request: Request, looking: Looking) -> Response:
    """Which file, and what is known of it."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        return start_page(request, looking, connection)


@router.post(ADDRESS)
def show(request: Request, looking: Writing, sent: TheFile) -> Response:
    """To the page of what was understood of a file; nothing of it is recorded, and a reload sends nothing."""
    service: Service = request.app.state.service
    try:
        with service.engine.begin() as connection:
            pending, shown = show_import(
                connection,
                (sent.name, sent.content),
                sender=_sender(looking),
                limit=service.settings.upload_limit_bytes,
                asked=sent.asked,
                recording=sent.recording,
                installation=_installation(service, looking),
            )
            after = {"name": sent.name, "source": sent.recording["source"]}
            keep(request, looking, connection, "import.shown", pending.id, after=after)
        return back_to(f"{ADDRESS}/{pending.id}") if wants_page(request) else shown_in_words(pending, shown)
    except (UploadRefusedError, UploadTooLargeError) as error:
        status = 413 if isinstance(error, UploadTooLargeError) else 422
        if not wants_page(request):
            return refused_in_words(error, status=status)
        with service.engine.begin() as connection:
            return start_page(
                request, looking, connection, refusal=str(error), typed=sent.said, status=status
            )


@router.get("/imports/{import_id}")
def one(
    request: Request,
    looking: Writing,
    import_id: str,
    format: Literal["html", "csv"] = "html",  # noqa: A002 - the name in the address
) -> Response:
    """An import that waits, as it was shown last; or what became of it."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        pending, shown = _looked(connection, service, looking, import_id)
        if shown is not None and not wants_page(request):
            return shown_in_words(pending, shown)
        if shown is not None:
            return shown_page(request, looking, connection, pending, shown)
        report: dict[str, Any] = pending.report or {}
        figures = report.get("figures", [])
        if format == "csv":
            return as_csv(f"import-{pending.name}", COLUMNS, figures)
        if not wants_page(request):
            return recorded_in_words(pending, report)
        work = jobs.progress(
            connection, desk=looking.caller.desk, since=pending.expires_at - WAITS, now=service.now()
        )
        return page(
            request,
            looking,
            "imported.html",
            pending=pending,
            report=report,
            told_alerts=told_alerts,
            figures=figures[:MOST],
            count=len(figures),
            names=series.names(connection, {each["series_id"] for each in figures[:MOST]}),
            waiting=sum(each.waiting + each.running for each in work),
            done=sum(each.done + each.failed for each in work),
        )


@router.post("/imports/{import_id}")
def remap(request: Request, looking: Writing, import_id: str, said: TheWords) -> Response:
    """The same file by another mapping: what is confirmed is what was shown last."""
    service: Service = request.app.state.service
    try:
        raw = answered(to_dictionary(parse("the mapping", said.text)), said)
        with service.engine.begin() as connection:
            pending, shown = show_again(
                connection,
                import_id,
                raw,
                sender=_sender(looking),
                limit=service.settings.upload_limit_bytes,
                installation=_installation(service, looking),
            )
            keep(request, looking, connection, "import.shown", import_id, after={"name": pending.name})
            return shown_page(request, looking, connection, pending, shown, said=said)
    except UnknownImportError as error:
        raise NotFoundError(str(error), ADDRESS) from error
    except ImportSettledError:
        return back_to(f"/imports/{import_id}", "It is recorded already; this is what became of it.")
    except UploadRefusedError as error:
        return _refused(request, looking, import_id, error, said)


@router.post("/imports/{import_id}/confirm")
def confirm(request: Request, looking: Writing, import_id: str) -> Response:
    """All figures of the file as they were shown last, or none and the reasons; once and no more."""
    began = time.perf_counter()
    service: Service = request.app.state.service
    try:
        with service.engine.begin() as connection:
            report, before = confirm_import(
                connection,
                import_id,
                sender=_sender(looking),
                limit=service.settings.upload_limit_bytes,
                installation=_installation(service, looking),
            )
            if not before:
                counts = {each: report[each] for each in ("recorded", "revised", "unchanged", "alerts")}
                target = f"release {report['release_id']}"
                keep(request, looking, connection, "figures.recorded", target, after=counts)
    except UnknownImportError as error:
        raise NotFoundError(str(error), ADDRESS) from error
    except UploadRefusedError as error:
        return _refused(request, looking, import_id, error, None)
    if not before:
        tell_release(report, time.perf_counter() - began, way="import")
    if not before and report["alerts"]:
        service.nudge(DELIVER_MESSAGES)
    if not before and (report["recorded"] or report["revised"]):
        service.nudge(REFRESH_FORECASTS)
    return back_to(
        f"/imports/{import_id}", "It was recorded before; once is enough." if before else "Recorded."
    )


def _refused(
    request: Request, looking: Visitor, import_id: str, error: UploadRefusedError, said: Said | None
) -> Response:
    """The import as it was shown last, with what stood in the way and what was typed."""
    service: Service = request.app.state.service
    if not wants_page(request):
        return refused_in_words(error, status=422)
    with service.engine.begin() as connection:
        pending, shown = _looked(connection, service, looking, import_id)
        if shown is None:
            return back_to(f"/imports/{import_id}")
        return shown_page(request, looking, connection, pending, shown, said=said, refusal=str(error))


def _looked(
    connection: Connection, service: Service, looking: Visitor, import_id: str
) -> tuple[PendingImport, FilePreview | None]:
    try:
        return look_again(
            connection,
            import_id,
            sender=_sender(looking),
            limit=service.settings.upload_limit_bytes,
            installation=_installation(service, looking),
        )
    except UnknownImportError as error:
        raise NotFoundError(str(error), ADDRESS) from error


def _sender(looking: Visitor) -> str:
    return looking.caller.key_id or ""


def _installation(service: Service, looking: Visitor) -> dict[str, Any]:
    held = service.settings
    return {
        "now": service.now(),
        "budget": held.alert_budget,
        "portfolio": held.portfolio,
        "desk": looking.caller.desk,
    }
