"""/v1/divergence and /v1/series/{id}/mirror: siblings that part, and imports that part from exports."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from forecasting.months import Month as CalendarMonth
from services.api.dependencies import TheService
from services.api.problems import ProblemError
from services.api.routes.series import existing
from services.api.schemas.common import AsOf, Month, SeriesId
from services.api.schemas.divergence import DivergenceShown
from services.api.schemas.mirror import MirrorShown
from services.api.security import Reader
from services.queries import series
from services.queries.divergence import divergence_as_of
from services.queries.mirror import mirrored_as_of

router = APIRouter(tags=["episodes"])


@router.get("/divergence", summary="How the series of a family part ways")
def show(
    *,
    service: TheService,
    caller: Reader,
    family: Annotated[
        str, Query(examples=["CN_RE"], min_length=1, max_length=200, description="Which family.")
    ],
    month: Month = None,
    as_of: AsOf = None,
) -> DivergenceShown:
    """Each pair's changes on the year in a month, by default the last that can be compared."""
    with service.engine.begin() as connection:
        registered = series.chosen(connection, family=family, desk=caller.desk)
        if not registered:
            raise ProblemError("not-found", f"There is no series of a family {family!r}.")
        found = divergence_as_of(
            connection,
            family,
            registered,
            as_of=as_of or service.now(),
            month=None if month is None else CalendarMonth.parse(month),
        )
    return DivergenceShown.of(found)


@router.get("/series/{series_id}/mirror", summary="Exports against partners' reported imports")
def mirror(
    *, service: TheService, caller: Reader, series_id: SeriesId, month: Month = None, as_of: AsOf = None
) -> MirrorShown:
    """The gap of a month, by default the newest that can be judged; partners are series tagged `imports`."""
    with service.engine.begin() as connection:
        found = mirrored_as_of(
            connection,
            existing(connection, caller, series_id),
            as_of=as_of or service.now(),
            month=None if month is None else CalendarMonth.parse(month),
            desk=caller.desk,
        )
    return MirrorShown.of(found)
