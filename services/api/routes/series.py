"""/v1/series: what is measured."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Connection

from services.api.dependencies import TheService
from services.api.limits import only_json
from services.api.problems import ProblemError
from services.api.schemas.common import Limit, Page, SeriesId, storable_id
from services.api.schemas.series import SeriesGiven, SeriesShown
from services.api.security import reads, writes
from services.storage import series
from services.storage.series import SeriesRecord

router = APIRouter(prefix="/series", tags=["series"])


@router.get("", summary="Series by id", dependencies=[reads])
def listed(
    service: TheService,
    family: Annotated[str | None, Query(description="Only those of a family.")] = None,
    tag: Annotated[str | None, Query(description="Only those that bear a tag.")] = None,
    after: Annotated[str, Query(description="The cursor ``next`` of the page before.")] = "",
    limit: Limit = 100,
) -> Page[SeriesShown]:
    """Series in the order of their ids, a page at a time."""
    with service.engine.begin() as connection:
        found = series.listed(connection, family=family, tag=tag, after=after, limit=limit + 1)
    items = [SeriesShown.model_validate(record) for record in found[:limit]]
    return Page(items=items, next=items[-1].id if len(found) > limit else None)


@router.get("/{series_id}", summary="One series", dependencies=[reads])
def one(service: TheService, series_id: SeriesId) -> SeriesShown:
    """A series; 404 where it is not registered."""
    with service.engine.begin() as connection:
        return SeriesShown.model_validate(existing(connection, series_id))


@router.put("/{series_id}", summary="Register or describe", dependencies=[writes, Depends(only_json)])
def put(service: TheService, series_id: SeriesId, given: SeriesGiven, response: Response) -> SeriesShown:
    """Register a series (201), or describe one that is there anew (200). 409 where its unit would change."""
    record = SeriesRecord(storable_id(series_id), **{**dict(given), "tags": tuple(given.tags)})
    with service.engine.begin() as connection:
        response.status_code = 201 if series.get(connection, series_id) is None else 200
        series.register(connection, [record], now=service.now())
        held = existing(connection, series_id)
        if held.unit != record.unit:
            raise ProblemError(
                "conflict", f"{series_id} is held in {held.unit!r} and cannot become {record.unit!r}."
            )
    return SeriesShown.model_validate(held)


def existing(connection: Connection, series_id: str) -> SeriesRecord:
    """A registered series, or the problem that it is not."""
    found = series.get(connection, series_id)
    if found is None:
        raise ProblemError("not-found", f"There is no series {series_id!r}; PUT it first.")
    return found
