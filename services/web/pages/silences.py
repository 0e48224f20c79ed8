"""Silences: what a desk does not want to hear, each with an end; made and ended here."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import Connection

from alerts.routing import Matcher, Silence
from services.bootstrap import Service
from services.queries import rules, series, silences
from services.queries.silences import SilenceRecord, dump_matcher
from services.usecases.manage_silences import UnknownMatchError, add_silence, end_silence
from services.web.changes import back_to, keep
from services.web.exports import Column, as_csv
from services.web.rendering import NotFoundError, page
from services.web.sessions import Looking, RuleKeeping, Visitor

router = APIRouter()

Name = Annotated[str, Form(min_length=1, max_length=200)]
Line = Annotated[str, Form(max_length=2000)]


def said(record: SilenceRecord) -> str:
    """What a silence holds back, in words."""
    parts = {
        name: ", ".join(f"{key}={value}" for key, value in found.items())
        if isinstance(found, dict)
        else ", ".join(found)
        for name, found in dump_matcher(record.silence.matcher).items()
    }
    return "; ".join(f"{name}: {words}" for name, words in parts.items()) or "everything"


COLUMNS: tuple[Column[SilenceRecord], ...] = (
    Column("silence", lambda row: row.silence.id),
    Column("desk", lambda row: row.desk),
    Column("on", said),
    Column("starts", lambda row: row.silence.starts),
    Column("ends", lambda row: row.silence.ends),
    Column("by", lambda row: row.silence.by),
    Column("note", lambda row: row.silence.note),
)


@router.get("/silences")
def listed(
    request: Request,
    looking: Looking,
    format: Literal["html", "csv"] = "html",  # noqa: A002 - the name in the address
) -> Response:
    """Those that have not ended, the oldest first."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        if format == "csv":
            found = silences.listed(connection, desk=looking.caller.desk, now=service.now())
            return as_csv("silences", COLUMNS, found)
        return _list(request, looking, connection)


@router.post("/silences")
def add(
    *,
    request: Request,
    looking: RuleKeeping,
    desk: Name,
    by: Name,
    series_ids: Line = "",
    rule_id: Line = "",
    hours: Annotated[int, Form(ge=1, le=24 * 366)] = 24,
    note: Line = "",
) -> Response:
    """Hold back what is said of some series, or by a rule, until an end; alerts live on all the same."""
    service: Service = request.app.state.service
    looking.caller.narrowed(desk)
    now = service.now()
    matcher = Matcher(
        desks=frozenset({desk}),
        series=frozenset(filter(None, (each.strip() for each in series_ids.split(",")))),
        rules=frozenset(filter(None, [rule_id])),
    )
    ends = now + dt.timedelta(hours=hours)
    silence = Silence(f"sil_{uuid.uuid4().hex}", matcher, now, ends, looking.caller.signed(by), note)
    record = SilenceRecord(silence, desk, now)
    try:
        with service.engine.begin() as connection:
            add_silence(connection, record)
            after = {"on": said(record), "ends": ends.isoformat(), "by": silence.by, "note": note}
            keep(request, looking, connection, "silence.added", silence.id, after=after)
    except UnknownMatchError as error:
        typed = {"desk": desk, "series_ids": series_ids, "note": note}
        with service.engine.begin() as connection:
            return _list(request, looking, connection, refusal=str(error), typed=typed)
    return back_to("/silences", "It is silent until then; alerts live on, and what is held back is kept.")


@router.post("/silences/{silence_id}/end")
def end(request: Request, looking: RuleKeeping, silence_id: str) -> Response:
    """What it matched is heard again from now on."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        found = silences.one(connection, silence_id, desk=looking.caller.desk)
        if found is None:
            raise NotFoundError(f"There is no silence {silence_id!r} that your key may see.", "/silences")
        end_silence(connection, silence_id, now=service.now())
        before = {"on": said(found), "ends": found.silence.ends.isoformat()}
        keep(request, looking, connection, "silence.ended", silence_id, before=before)
    return back_to("/silences", "It is heard again.")


def _list(
    request: Request,
    looking: Visitor,
    connection: Connection,
    *,
    refusal: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    service: Service = request.app.state.service
    desk = looking.caller.desk
    found = silences.listed(connection, desk=desk, now=service.now())
    named = {name for each in found for name in each.silence.matcher.series}
    return page(
        request,
        looking,
        "silences.html",
        status=422 if refusal else 200,
        rows=found,
        on=said,
        names=series.names(connection, named),
        ids=[(each.id, each.name) for each in series.listed(connection, desk=desk, limit=500).rows],
        rules=rules.in_force(connection, desk=desk),
        refusal=refusal,
        typed=typed or {"desk": desk or "", "series_ids": "", "note": ""},
        now=service.now(),
    )
