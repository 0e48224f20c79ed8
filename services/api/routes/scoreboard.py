"""/v1/scoreboard: how the service's published forecasts did."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from forecasting.forecast import HORIZON
from services.api.dependencies import TheService
from services.api.formats import CONTENT, JSON, Format, table
from services.api.schemas.common import AsOf
from services.api.schemas.scoreboard import EMPTY, SCOREBOARD_COLUMNS, Scoreboard, StandingShown
from services.api.security import Reader
from services.queries.scoreboard import By, scoreboard

router = APIRouter(tags=["forecasts"])

_Name = Annotated[str | None, Query(min_length=1, max_length=200)]


@router.get(
    "/scoreboard", summary="The record of published forecasts", response_model=Scoreboard, responses=CONTENT
)
def show(
    *,
    service: TheService,
    caller: Reader,
    wanted: Format,
    by: Annotated[By, Query(description="What stands apart on a line beside the model.")] = "model",
    against: Annotated[
        Literal["first_print", "latest"], Query(description="Which print of a figure is the actual.")
    ] = "first_print",
    as_of: AsOf = None,
    model: _Name = None,
    series_id: _Name = None,
    horizon: Annotated[int | None, Query(ge=1, le=HORIZON, description="Months ahead.")] = None,
    members: Annotated[bool, Query(description="Lines for each member too.")] = False,
) -> Scoreboard | Response:
    """Each published forecast is frozen, and scored by the figures that arrive; seasonal naive beside it."""
    with service.engine.begin() as connection:
        found = scoreboard(
            connection,
            portfolio=service.settings.portfolio,
            by=by,
            against=against,
            as_of=as_of,
            model=model,
            series_id=series_id,
            horizon=horizon,
            members=members,
            desk=caller.desk,
        )
    lines = [StandingShown.of(each) for each in found]
    if wanted == JSON:
        return Scoreboard(against=against, lines=lines, reason=None if lines else EMPTY)
    return table(wanted, [each.model_dump() for each in lines], SCOREBOARD_COLUMNS, name="scoreboard")
