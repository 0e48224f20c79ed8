"""/v1/series/{id}/verdicts: what was made of each figure, and why."""

from __future__ import annotations

from fastapi import APIRouter, Response

from services.api.dependencies import TheService
from services.api.formats import CONTENT, JSON, Format, table
from services.api.problems import ProblemError
from services.api.routes.series import existing
from services.api.schemas.common import AsOf, Before, Limit, Page, SeriesId
from services.api.schemas.verdicts import VERDICT_COLUMNS, VerdictShown
from services.api.security import Reader
from services.storage import verdicts

router = APIRouter(tags=["verdicts"])


@router.get(
    "/series/{series_id}/verdicts",
    summary="Verdicts on a series",
    response_model=Page[VerdictShown],
    responses=CONTENT,
)
def listed(
    *,
    service: TheService,
    caller: Reader,
    series_id: SeriesId,
    wanted: Format,
    as_of: AsOf = None,
    before: Before = None,
    limit: Limit = 100,
) -> Page[VerdictShown] | Response:
    """One verdict for every figure recorded, the last known first; with ``as_of`` only those known then."""
    with service.engine.begin() as connection:
        existing(connection, caller, series_id)
        if before is not None and not verdicts.has(connection, series_id, before):
            raise ProblemError("invalid-request", f"query.before: {before} is no cursor of this list.")
        judged = verdicts.listed(connection, series_id, as_of=as_of, before=before, limit=limit + 1)
    items = [VerdictShown.of(each) for each in judged[:limit]]
    following = str(items[-1].observation_id) if len(judged) > limit else None
    if wanted == JSON:
        return Page(items=items, next=following)
    return table(
        wanted,
        [each.row() for each in items],
        VERDICT_COLUMNS,
        name=f"{series_id}-verdicts",
        following=following,
    )
