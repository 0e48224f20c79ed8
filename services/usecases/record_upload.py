"""An upload: figures as they were sent, read, and recorded for whoever sent them; at once or by a worker."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.figures import ArrivingFigure
from services.ingestion.readers import read_media
from services.settings import Settings
from services.storage import releases
from services.usecases.callers import Caller, keep_change
from services.usecases.record_observations import record_observations

DEFAULT_SOURCE = "api"


@dataclass(frozen=True, slots=True)
class Upload:
    """A body of figures, how its sender wants it recorded, who that is, and from which address it came."""

    media_type: str
    content: bytes
    caller: Caller
    address: str | None
    source: str | None = None
    history: bool = False
    replayed: bool = False
    idempotency_key: str | None = None

    @property
    def sender(self) -> str:
        """Id of the key it came by; empty where there is none."""
        return self.caller.key_id or ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What an upload says: its figures in the order of their rows, and who says so."""

    figures: list[ArrivingFigure]
    source: str


def read_upload(upload: Upload, *, limit: int) -> Sent:
    """An upload, read and not yet set beside what is held.

    UploadTooLargeError beyond ``limit`` bytes; UploadRefusedError with every row that cannot be read, or
    where body and address name different sources.
    """
    body = read_media(upload.media_type, upload.content, limit=limit)
    return Sent(body.figures, _said(upload.source, body.source))


def record_upload(
    connection: Connection,
    upload: Upload,
    sent: Sent,
    *,
    settings: Settings,
    now: dt.datetime,
    progress: Callable[[int], None] | None = None,
) -> tuple[dict[str, Any], bool]:
    """Record an upload and keep who did in the audit log; the report, and whether it was recorded before.

    Errors are those of record_observations; then the caller's transaction is to end without a commit.
    ``progress`` is told how many figures are judged so far.
    """
    before = upload.idempotency_key is not None and (
        releases.by_idempotency_key(connection, upload.idempotency_key, sender=upload.sender) is not None
    )
    report = record_observations(
        connection,
        sent.figures,
        source=sent.source,
        now=now,
        budget=settings.alert_budget,
        portfolio=settings.portfolio,
        history=upload.history,
        replayed=upload.replayed,
        idempotency_key=upload.idempotency_key,
        sender=upload.sender,
        desk=upload.caller.desk,
        progress=progress,
    )
    if not before and (report["recorded"] or report["revised"]):
        counts = {name: report[name] for name in ("recorded", "revised", "unchanged", "alerts")}
        keep_change(
            connection,
            upload.caller,
            "figures.recorded",
            f"release {report['release_id']}",
            address=upload.address,
            now=now,
            after={"source": sent.source, "history": upload.history, **counts},
        )
    return report, before


def _said(asked: str | None, written: str | None) -> str:
    """Who says so, by the address or the body; UploadRefusedError where the two name different ones."""
    if asked is not None and written is not None and asked != written:
        reason = f"the source is {written!r} in the body and {asked!r} in the address; give one of them"
        raise UploadRefusedError([Fault(0, reason)])
    return asked or written or DEFAULT_SOURCE
