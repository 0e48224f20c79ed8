"""Episodes: the ledger of every shock's life, sortable, and as a file."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from services.bootstrap import Service
from services.queries import families, series
from services.queries.episodes import FollowedEpisode, episodes_as_of, told
from services.web.as_of import AsOf, as_of
from services.web.exports import Column, as_csv
from services.web.rendering import page
from services.web.sessions import Looking
from services.web.words import TYPES

router = APIRouter()

MOST = 500
"""Episodes on the page; the file holds all."""

Standing = Literal["all", "going", "closed"]

COLUMNS: tuple[Column[FollowedEpisode], ...] = (
    Column("id", lambda each: each.chapter.episode.id),
    Column("series_id", lambda each: each.series.id),
    Column("unit", lambda each: each.series.unit),
    Column("side", lambda each: each.chapter.episode.side),
    Column("status", lambda each: str(each.chapter.episode.status)),
    Column("followed", lambda each: each.chapter.followed),
    Column("onset", lambda each: each.chapter.episode.onset),
    Column("onset_known_from", lambda each: each.onset_known_from),
    Column("trough", lambda each: each.chapter.episode.trough),
    Column("trough_value", lambda each: each.chapter.episode.trough_value),
    Column("trough_expected", lambda each: each.chapter.episode.trough_expected),
    Column("shortfall", lambda each: each.chapter.episode.shortfall),
    Column("shortfall_lower", lambda each: each.chapter.episode.shortfall_lower),
    Column("shortfall_upper", lambda each: each.chapter.episode.shortfall_upper),
    Column("recovered_share", lambda each: each.chapter.episode.recovered_share),
    Column("months_beyond", lambda each: each.chapter.episode.months_under),
    Column("months_missing", lambda each: each.chapter.episode.months_missing),
    Column("closed", lambda each: each.chapter.episode.closed),
    Column("likeliest_type", lambda each: str(each.chapter.types.likeliest)),
    Column("measure", lambda each: None if each.measure is None else each.measure.measure.title),
)


@router.get("/episodes")
def ledger(
    *,
    request: Request,
    looking: Looking,
    looked: Annotated[AsOf, Depends(as_of)],
    status: Standing = "all",
    family: Annotated[str | None, Query(max_length=200)] = None,
    format_: Annotated[Literal["html", "csv"], Query(alias="format")] = "html",
) -> Response:
    """Every episode as it stood on the day asked for, the latest onset first."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        registered = series.chosen(connection, family=family or None, desk=looking.caller.desk)
        every = families.groups(connection, "family", desk=looking.caller.desk)
        found = episodes_as_of(connection, registered, as_of=looked.moment)
    shown = [
        each
        for each in found
        if status == "all" or (each.chapter.episode.closed is None) == (status == "going")
    ]
    if format_ == "csv":
        return as_csv("episodes", COLUMNS, shown)
    return page(
        request,
        looking,
        "episodes.html",
        episodes=shown[:MOST],
        count=len(shown),
        every=len(found),
        standing=status,
        family=family,
        looked=looked,
        families=[each.name for each in every],
        sentence=lambda each: told(each)["sentence"],
        types=TYPES,
    )
