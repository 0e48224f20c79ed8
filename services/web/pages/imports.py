"""Import: a file as it is kept elsewhere, shown in plain words first and recorded once that is confirmed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from services.bootstrap import DELIVER_MESSAGES, REFRESH_FORECASTS, Service
from services.ingestion.errors import UploadRefusedError, UploadTooLargeError
from services.ingestion.files.mapping import Layout, of_dictionary, parse, to_dictionary
from services.ingestion.files.mapping_text import to_toml
from services.ingestion.files.preview import Preview, lines
from services.ingestion.files.understanding import Asked
from services.queries import jobs, series
from services.settings import Settings
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
from services.usecases.preview_file import FilePreview
from services.web.changes import back_to, keep
from services.web.exports import Column, as_csv
from services.web.pages.import_answers import CONTROLS, Said, answered
from services.web.rendering import NotFoundError, page
from services.web.sessions import Looking, Visitor, Writing

router = APIRouter()

ADDRESS = "/imports"
FORM_BYTES = 20_000
"""What a form may hold beside its file."""
MOST = 200
"""Figures of a report on its page; the file holds all."""
FEW = 500
"""Series up to which their ids are offered while one is typed."""

COLUMNS: tuple[Column[dict[str, Any]], ...] = (
    Column("row", lambda row: row["row"]),
    Column("series_id", lambda row: row["series_id"]),
    Column("month", lambda row: row["month"]),
    Column("outcome", lambda row: row["outcome"]),
    Column("verdict", lambda row: row.get("verdict")),
    Column("reason", lambda row: row.get("reason")),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was chosen, with what was said of it."""

    name: str
    content: bytes
    said: dict[str, str]

    @property
    def asked(self) -> Asked:
        """What need not be guessed."""
        layout = Layout(sheet=self.said.get("sheet"), encoding=self.said.get("encoding"))
        return Asked(layout, self.said.get("series_id"), self.said.get("unit"))

    @property
    def recording(self) -> dict[str, Any]:
        """Who says so, and whether it is the past."""
        return {"source": self.said.get("source") or "file", "history": "history" in self.said}


def most_bytes(settings: Settings) -> int:
    """Of a form with a file in it."""
    return settings.upload_limit_bytes + FORM_BYTES


async def _sent(request: Request, _: Writing) -> Sent:
    """The form, read only once it is known that the visitor may write; a file that is none is refused."""
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise HTTPException(422, "No file was chosen; nothing was changed.")
    said = {name: text.strip()[:200] for name, text in form.items() if isinstance(text, str) and text.strip()}
    name = "".join(sign for sign in file.filename if sign.isprintable())[-200:] or "file"
    return Sent(name, await file.read(), said)


async def _said(request: Request, _: Writing) -> Said:
    form = await request.form()
    return Said.of({name: text for name, text in form.items() if isinstance(text, str)})


TheFile = Annotated[Sent, Depends(_sent)]
TheWords = Annotated[Said, Depends(_said)]


@router.get(ADDRESS)
def start(request: Request, looking: Looking) -> Response:
    """Which file, and what is known of it."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        return _start(request, looking, connection)


@router.post(ADDRESS)
def show(request: Request, looking: Writing, sent: TheFile) -> Response:
    """What was understood of a file; nothing of it is recorded."""
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
            return _shown(request, looking, connection, pending, shown)
    except (UploadRefusedError, UploadTooLargeError) as error:
        status = 413 if isinstance(error, UploadTooLargeError) else 422
        with service.engine.begin() as connection:
            return _start(request, looking, connection, refusal=str(error), typed=sent.said, status=status)


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
        if shown is not None:
            return _shown(request, looking, connection, pending, shown)
        report: dict[str, Any] = pending.report or {}
        figures = report.get("figures", [])
        if format == "csv":
            return as_csv(f"import-{pending.name}", COLUMNS, figures)
        work = jobs.progress(
            connection, desk=looking.caller.desk, since=pending.expires_at - WAITS, now=service.now()
        )
        return page(
            request,
            looking,
            "imported.html",
            pending=pending,
            report=report,
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
            return _shown(request, looking, connection, pending, shown, said=said)
    except UnknownImportError as error:
        raise NotFoundError(str(error), ADDRESS) from error
    except ImportSettledError:
        return back_to(f"/imports/{import_id}", "It is recorded already; this is what became of it.")
    except UploadRefusedError as error:
        return _refused(request, looking, import_id, error, said)


@router.post("/imports/{import_id}/confirm")
def confirm(request: Request, looking: Writing, import_id: str) -> Response:
    """All figures of the file as they were shown last, or none and the reasons; once and no more."""
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
    with service.engine.begin() as connection:
        pending, shown = _looked(connection, service, looking, import_id)
        if shown is None:
            return back_to(f"/imports/{import_id}")
        return _shown(request, looking, connection, pending, shown, said=said, refusal=str(error))


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


def _start(
    request: Request,
    looking: Visitor,
    connection: Connection,
    *,
    refusal: str = "",
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    service: Service = request.app.state.service
    return page(
        request,
        looking,
        "import.html",
        status=status,
        refusal=refusal.splitlines(),
        typed=typed or {},
        ids=_ids(connection, looking),
        limit=service.settings.upload_limit_bytes,
    )


def _shown(
    request: Request,
    looking: Visitor,
    connection: Connection,
    pending: PendingImport,
    shown: FilePreview,
    *,
    said: Said | None = None,
    refusal: str = "",
) -> Response:
    understood, refused = shown.preview.understood, shown.preview.refused
    questions = understood.questions | ({} if said is None else said.open)
    mapping = of_dictionary("the mapping", pending.mapping)
    text = to_toml(mapping, understood.guesses | understood.questions)
    return page(
        request,
        looking,
        "import_shown.html",
        status=422 if refusal else 200,
        pending=pending,
        preview=shown.preview,
        read=_words(shown.preview),
        guesses=understood.guesses,
        questions=questions,
        controls=CONTROLS,
        faults=[] if refused is None or questions else refused.faults,
        fault_count=0 if refused is None or questions else max(refused.count, 1),
        reason="" if refused is None else str(refused),
        new=shown.new,
        would=shown.would,
        held_back=shown.held_back,
        ready=shown.preview.ready and shown.held_back is None and not questions,
        refusal=refusal.splitlines(),
        text=said.text if said is not None and refusal else text,
        ids=_ids(connection, looking),
    )


def _words(preview: Preview) -> list[str]:
    """How the file is read, without what the page shows in places of its own."""
    plain = replace(preview.understood, guesses={}, questions={})
    return lines(replace(preview, understood=plain, figures=(), refused=None))[
        : -1 if preview.tally.figures else None
    ]


def _ids(connection: Connection, looking: Visitor) -> list[tuple[str, str]]:
    found = series.listed(connection, desk=looking.caller.desk, limit=FEW).rows
    return [(each.id, each.name) for each in found]


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
