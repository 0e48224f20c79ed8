"""/v1/series/{id}/verdicts: what was made of each figure, and why."""

from __future__ import annotations

from fastapi import APIRouter, Response

from services.api.dependencies import TheService
from services.api.formats import CONTENT, Fields, Format, page
from services.api.problems import ProblemError
from services.api.routes.series import existing
from services.api.schemas.common import AsOf, Before, Limit, Page, PageOfParts, SeriesId
from services.api.schemas.verdicts import VERDICT_COLUMNS, VerdictShown
from services.api.security import Reader
from services.queries import verdicts
from services.queries.observations import UnknownCursorError

router = APIRouter(tags=["verdicts"])


@router.get(
    "/series/{series_id}/verdicts",
    summary="Verdicts on a series",
    response_model=Page[VerdictShown] | PageOfParts,
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
    fields: Fields = None,
) -> Response:
    """One verdict for every figure recorded, the last known first; with ``as_of`` only those known then."""
    with service.engine.begin() as connection:
        existing(connection, caller, series_id)
        try:
            judged = verdicts.listed(connection, series_id, as_of=as_of, before=before, limit=limit)
        except UnknownCursorError as error:
            raise ProblemError("invalid-request", f"query.before: {error}") from error
    items = [VerdictShown.of(each) for each in judged.rows]
    return page(
        wanted,
        items,
        VerdictShown,
        fields=fields,
        following=str(items[-1].observation_id) if judged.more else None,
        row=VerdictShown.row,
        columns=VERDICT_COLUMNS,
        name=f"{series_id}-verdicts",
    )
