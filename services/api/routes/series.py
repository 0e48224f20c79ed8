"""/v1/series: what is measured."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Connection

from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.formats import Fields, listing
from services.api.limits import only_json
from services.api.problems import ProblemError
from services.api.schemas.common import Limit, Page, PageOfParts, SeriesId, storable_id
from services.api.schemas.series import SeriesGiven, SeriesShown
from services.api.security import Reader, Writer
from services.queries import series
from services.queries.series import SeriesRecord
from services.usecases.callers import Caller
from services.usecases.register_series import OtherUnitError, TakenIdError, register_series

router = APIRouter(prefix="/series", tags=["series"])


@router.get("", summary="Series by id", response_model=Page[SeriesShown] | PageOfParts)
def listed(
    *,
    service: TheService,
    caller: Reader,
    family: Annotated[str | None, Query(description="Only those of a family.")] = None,
    tag: Annotated[str | None, Query(description="Only those that bear a tag.")] = None,
    words: Annotated[
        str | None,
        Query(
            alias="q",
            max_length=200,
            description="Words that all stand in the id, name, commodity or HS code.",
        ),
    ] = None,
    after: Annotated[str, Query(description="The cursor ``next`` of the page before.")] = "",
    limit: Limit = 100,
    fields: Fields = None,
) -> Response:
    """Series in the order of their ids, a page at a time."""
    with service.engine.begin() as connection:
        found = series.listed(
            connection,
            family=family,
            tag=tag,
            words=words,
            desk=caller.desk,
            after=after,
            limit=limit,
        )
    items = [SeriesShown.model_validate(record) for record in found.rows]
    return listing(items, SeriesShown, fields=fields, following=items[-1].id if found.more else None)


@router.get("/{series_id}", summary="One series")
def one(service: TheService, caller: Reader, series_id: SeriesId) -> SeriesShown:
    """A series; 404 where it is not registered."""
    with service.engine.begin() as connection:
        return SeriesShown.model_validate(existing(connection, caller, series_id))


@router.put(
    "/{series_id}",
    summary="Register or describe",
    dependencies=[Depends(only_json)],
    responses={201: {"model": SeriesShown, "description": "It is registered now."}},
)
def put(
    *,
    service: TheService,
    caller: Writer,
    audit: Audit,
    series_id: SeriesId,
    given: SeriesGiven,
    response: Response,
) -> SeriesShown:
    """Register a series (201), or describe one that is there anew (200). 409 where its unit would change.

    Series are shared by all desks: a key of one desk adds what is not there, and changes nothing (403).
    """
    record = SeriesRecord(storable_id(series_id), **{**dict(given), "tags": tuple(given.tags)})
    with service.engine.begin() as connection:
        try:
            earlier, held = register_series(connection, record, desk=caller.desk, now=service.now())
        except (TakenIdError, OtherUnitError) as error:
            raise ProblemError("conflict", str(error)) from error
        response.status_code = 201 if earlier is None else 200
        shown = SeriesShown.model_validate(held)
        before = None if earlier is None else SeriesShown.model_validate(earlier)
        audit.note(connection, "series.described", series_id, before=before, after=shown)
    return shown


def existing(connection: Connection, caller: Caller, series_id: str) -> SeriesRecord:
    """A registered series that the caller may see, or the problem that there is none."""
    found = series.one(connection, series_id, desk=caller.desk)
    if found is None:
        raise not_there(series_id)
    return found


def not_there(series_id: str) -> ProblemError:
    """The problem that a series is not registered, or not the caller's to see: in the same words."""
    return ProblemError("not-found", f"There is no series {series_id!r}; PUT it first.")
