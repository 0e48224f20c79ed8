"""The pages of an import: which file, and what was understood of it."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request, Response
from sqlalchemy import Connection

from services.bootstrap import Service
from services.ingestion.files.mapping import of_dictionary
from services.ingestion.files.mapping_text import to_toml
from services.ingestion.files.preview import Preview, lines
from services.queries import series
from services.usecases.pending_imports import PendingImport
from services.usecases.preview_file import FilePreview, told_alerts
from services.web.pages.import_answers import CONTROLS, ELSE, Said
from services.web.rendering import page
from services.web.sessions import Visitor

FEW = 500
"""Series up to which their ids are offered while one is typed."""


def start_page(
    request: Request,
    looking: Visitor,
    connection: Connection,
    *,
    refusal: str = "",
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """Which file, and what is known of it; with what stood in the way and what was typed."""
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


def shown_page(
    request: Request,
    looking: Visitor,
    connection: Connection,
    pending: PendingImport,
    shown: FilePreview,
    *,
    said: Said | None = None,
    refusal: str = "",
) -> Response:
    """What was understood of a file, what is asked of it, and what would be recorded."""
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
        else_said=ELSE,
        faults=[] if refused is None or questions else refused.faults,
        fault_count=0 if refused is None or questions else max(refused.count, 1),
        reason="" if refused is None else str(refused),
        new=shown.new,
        would=shown.would,
        told_alerts=told_alerts,
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
