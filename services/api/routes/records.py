"""/v1/records: figures that were the lowest or highest since a time, out of how many months held."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from services.api.dependencies import TheService
from services.api.routes.series import existing
from services.api.schemas.common import AsOf, Before, Limit, Page
from services.api.schemas.records import SetRecord
from services.api.security import Reader
from services.queries import records, series

router = APIRouter(prefix="/records", tags=["records"])


@router.get("", summary="Records, the last known first")
def listed(
    *,
    service: TheService,
    caller: Reader,
    series_id: Annotated[str | None, Query(max_length=200, description="Only those of a series.")] = None,
    family: Annotated[str | None, Query(max_length=200, description="Only those of a family.")] = None,
    direction: Annotated[Literal["lowest", "highest"] | None, Query(description="Only those.")] = None,
    years: Annotated[int, Query(ge=0, le=200, description="Only those claimed over so many years.")] = 0,
    as_of: AsOf = None,
    before: Before = None,
    limit: Limit = 100,
) -> Page[SetRecord]:
    """Each figure with the records it set when it became known; a year is claimed where 90 % of it is held.

    A page is of as many figures as ``limit`` says, less those that the filters leave out.
    """
    with service.engine.begin() as connection:
        named = None
        if series_id is not None:
            named = [existing(connection, caller, series_id)]
        elif family is not None:
            named = series.chosen(connection, family=family, desk=caller.desk)
        found = records.listed(connection, named, desk=caller.desk, as_of=as_of, before=before, limit=limit)
    items = [
        shown
        for figure in found.rows
        for shown in SetRecord.of(figure)
        if direction in {None, shown.direction} and (shown.years_claimed or 0) >= years
    ]
    following = str(found.rows[-1].verdict.observation_id) if found.more else None
    return Page(items=items, next=following)
