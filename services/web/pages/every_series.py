"""Every series: what is watched, where each stands, by family; a page at a time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from forecasting.months import Span
from services.bootstrap import Service
from services.storage import observations, series
from services.storage.series import SeriesRecord
from services.usecases.known_series import known_series
from services.web.exports import Column, as_csv
from services.web.rendering import page
from services.web.sessions import Looking

router = APIRouter()

MOST = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A series with its last figure, that of a year before, and how many months are held."""

    series: SeriesRecord
    last: Span | None = None
    value: float | None = None
    change_year: float | None = None
    held: int = 0
    known_from: dt.datetime | None = None


COLUMNS: tuple[Column[Row], ...] = (
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
    after: Annotated[str, Query(max_length=200)] = "",
    format_: Annotated[str, Query(alias="format", pattern="^(html|csv)$")] = "html",
) -> Response:
    """Series by id, of a family where asked, a page at a time; the file holds all of them."""
    service: Service = request.app.state.service
    limit = None if format_ == "csv" else MOST + 1
    with service.engine.begin() as connection:
        found = series.listed(connection, family=family, desk=looking.caller.desk, after=after, limit=limit)
        shown = found if limit is None else found[:MOST]
        rows = _rows(connection, shown, service.now())
    if format_ == "csv":
        return as_csv("series", COLUMNS, rows)
    return page(
        request,
        looking,
        "every_series.html",
        rows=rows,
        family=family,
        next=shown[-1].id if len(found) > len(shown) else None,
        base=str(request.base_url).rstrip("/"),
    )


def _rows(connection: Connection, shown: list[SeriesRecord], now: dt.datetime) -> list[Row]:
    known = {each.id: each for each, _ in known_series(connection, shown, now)}
    held = observations.history(connection, [each.id for each in shown], as_of=now)
    rows = []
    for each in shown:
        if each.id not in known:
            rows.append(Row(each))
            continue
        prints = held[each.id]
        last = max((row.observation.span for row in prints), key=lambda span: span.last)
        value = known[each.id].over(last)
        before = known[each.id].over(Span(last.first - 12, last.months))
        change = value / before - 1 if before else None
        moment = max(row.observation.known_from for row in prints)
        rows.append(Row(each, last, value, change, known[each.id].held, moment))
    return rows
