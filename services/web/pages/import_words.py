"""An import in a few plain lines, for whoever asks without wanting a page: a terminal, or a script."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse

from services.ingestion.errors import UploadRefusedError
from services.ingestion.files.errors import FileRefusedError
from services.usecases.pending_imports import PendingImport
from services.usecases.preview_file import FilePreview, told_alerts

MOST_FAULTS = 20
"""Faults that are spelled out; all are counted."""


def wants_page(request: Request) -> bool:
    """True where a page is asked for, as every browser does; a terminal takes anything."""
    return "text/html" in request.headers.get("accept", "")


def refused_in_words(error: Exception, *, status: int) -> Response:
    """Why a file was not taken: its first faults and how many there are."""
    if not isinstance(error, UploadRefusedError):
        return PlainTextResponse(f"{error}\n", status)
    head = str(error).partition("\n")[0] if isinstance(error, FileRefusedError) else "Nothing was stored:"
    return _lines([head, *_faults(error)], status)


def shown_in_words(pending: PendingImport, shown: FilePreview) -> Response:
    """What was understood of a file, in counts; what stands in the way, and how it is recorded."""
    tally, refused, questions = shown.preview.tally, shown.preview.refused, shown.preview.understood.questions
    said = [f"{pending.name}: {tally.rows:,} rows, {tally.figures:,} figures, {len(shown.new):,} new series."]
    said += [f"To be said before it can be recorded: {why}." for why in questions.values()]
    if refused is not None and not questions:
        count = max(refused.count, 1)
        said += [f"{count:,} {'place' if count == 1 else 'places'} cannot be read:", *_faults(refused)]
    if shown.held_back is not None:
        said.append(f"The recording would refuse it: {shown.held_back}")
    if shown.would is not None:
        said.append(f"If it were recorded now: {_counts(shown.would)}.")
    ready = shown.preview.ready and shown.held_back is None
    road = f"/imports/{pending.id}/confirm" if ready else f"/imports/{pending.id}"
    said.append(f"Nothing of it is recorded; {'record it by a POST to' if ready else 'the page is'} {road}")
    return _lines(said)


def recorded_in_words(pending: PendingImport, report: dict[str, Any]) -> Response:
    """What became of a file, in counts; every figure is in the file that the last line names."""
    said = f"{pending.name} is recorded as release {report['release_id']}: {_counts(report)}."
    return _lines([said, f"Each figure: /imports/{pending.id}?format=csv"])


def _counts(report: dict[str, Any]) -> str:
    return (
        f"{report['recorded']:,} new figures, {report['revised']:,} revisions, "
        f"{report['unchanged']:,} held already; alerts: {told_alerts(report)}"
    )


def _faults(error: UploadRefusedError) -> list[str]:
    count = error.count if isinstance(error, FileRefusedError) else len(error.faults)
    said = [f"  {fault}" for fault in error.faults[:MOST_FAULTS]]
    more = max(count, len(error.faults)) - len(said)
    return [*said, f"  and {more:,} more"] if more else said


def _lines(said: list[str], status: int = 200) -> Response:
    return PlainTextResponse("".join(f"{line}\n" for line in said), status)
