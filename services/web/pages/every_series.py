"""Every series: what is watched, where each stands, by family; a page at a time."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from services.bootstrap import Service
from services.queries import series
from services.queries.every_series import StandingSeries, standing
from services.web.exports import Column, as_csv
from services.web.rendering import page
from services.web.sessions import Looking

router = APIRouter()

MOST = 100


COLUMNS: tuple[Column[StandingSeries], ...] = (
    Column("id", lambda row: row.series.id),
    Column("name", lambda row: row.series.name),
    Column("family", lambda row: row.series.family),
    Column("unit", lambda row: row.series.unit),
    Column("last", lambda row: row.last),
    Column("value", lambda row: row.value),
    Column("change_year", lambda row: row.change_year),
    Column("months_held", lambda row: row.held),
    Column("known_from", lambda row: row.known_from),
)


@router.get("/series")
def listed(
    *,
    request: Request,
    looking: Looking,
    family: Annotated[str | None, Query(max_length=200)] = None,
    words: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=200)] = "",
    format_: Annotated[str, Query(alias="format", pattern="^(html|csv)$")] = "html",
) -> Response:
    """Series by id, of a family or with some words where asked, a page at a time; the file holds all."""
    service: Service = request.app.state.service
    asked = {"family": family, "words": words}
    limit = None if format_ == "csv" else MOST
    with service.engine.begin() as connection:
        found = series.listed(
            connection, family=family, words=words, desk=looking.caller.desk, after=after, limit=limit
        )
        rows = standing(connection, found.rows, as_of=service.now())
    if format_ == "csv":
        return as_csv("series", COLUMNS, rows)
    return page(
        request,
        looking,
        "every_series.html",
        rows=rows,
        family=family,
        words=words,
        filters="".join(f"&{urlencode({name: text})}" for name, text in asked.items() if text),
        next=found.rows[-1].id if found.more else None,
        base=str(request.base_url).rstrip("/"),
    )
