"""/v1/series/{id}/forecasts: what is expected, or was expected at any past moment."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from forecasting.forecast import HORIZON, LEVELS
from forecasting.months import Month as CalendarMonth
from services.api.caching import made, tag_of, unchanged
from services.api.dependencies import TheService
from services.api.formats import CONTENT, JSON, Format, table
from services.api.problems import ProblemError
from services.api.routes.series import existing, not_there
from services.api.schemas.common import AsOf, Month, SeriesId
from services.api.schemas.forecast_changes import ChangeShown
from services.api.schemas.forecasts import FORECAST_COLUMNS, ForecastShown
from services.api.schemas.jobs import EXAMPLE, JobShown
from services.api.security import Reader
from services.bootstrap import REFRESH_FORECASTS
from services.ingestion.cells import RowFault, number_of
from services.queries import forecasts, series
from services.queries.jobs import Job
from services.queries.scoreboard import measured
from services.usecases.request_forecast import FitNotAllowedError, request_forecast

router = APIRouter(tags=["forecasts"])

RETRY_AFTER = "2"
"""Seconds after which a forecast that is being fitted may be asked for again."""


@router.get(
    "/series/{series_id}/forecasts",
    summary="The latest forecast",
    response_model=ForecastShown,
    responses={
        **CONTENT,
        202: {
            "model": JobShown,
            "description": "It is being fitted: ask again after Retry-After seconds.",
            "content": {"application/json": {"example": EXAMPLE}},
        },
    },
)
def latest(
    *,
    request: Request,
    service: TheService,
    caller: Reader,
    series_id: SeriesId,
    accepted: Format,
    as_of: AsOf = None,
    model: Annotated[
        str | None,
        Query(description="A portfolio or one model, such as prophet; the service's own by default."),
    ] = None,
    origin: Month = None,
    levels: Annotated[
        str | None,
        Query(
            description="Quantile levels, separated by commas; all published by default.",
            examples=["0.1,0.5"],
        ),
    ] = None,
    horizon: Annotated[
        int | None, Query(ge=1, le=HORIZON, description="Months ahead; all by default.")
    ] = None,
) -> Response:
    """The newest forecast as of a moment: quantiles of each month ahead, its members and its vintage.

    A model that was not fitted yet to what is known is fitted now: 202 with its job, and then the forecast.
    Ordering that work takes the scope write; without it 403 where nobody has ordered it. A fit that failed
    is 409 for ten minutes; asked for later, or by POST /v1/jobs/{id}/retry, it is tried anew.
    Beside a model asked for by name stands what its intervals have held so far.
    """
    wanted = None if levels is None else _levels(levels)
    month = None if origin is None else CalendarMonth.parse(origin)

    def tag(forecast_id: int | None, published_at: dt.datetime, unit: str) -> str:
        """A published forecast never changes, so its answer follows from it and from what was asked."""
        version = service.settings.code_version
        return tag_of(forecast_id, published_at, unit, wanted, horizon, accepted, version)

    answers = made(service.engine)
    newest = forecasts.newest(
        service.engine,
        series_id,
        desk=caller.desk,
        model=model or service.settings.portfolio,
        as_of=as_of,
        origin=month,
    )
    if newest is None:
        raise not_there(series_id)
    if model is None and newest.published_at is not None:
        held = tag(newest.id, newest.published_at, newest.unit)
        same = unchanged(request.headers, held) or answers.get(held)
        if same is not None:
            return same
    with service.engine.begin() as connection:
        try:
            found = request_forecast(
                connection,
                series_id,
                model=model or service.settings.portfolio,
                published=service.settings.portfolio,
                now=service.now(),
                as_of=as_of,
                origin=month,
                may_order=caller.may("write"),
            )
        except FitNotAllowedError as error:
            raise ProblemError("forbidden", str(error), scope="write") from error
        record = None if model is None else measured(connection, model, as_of=as_of)
    if not isinstance(found, Job):
        shown = ForecastShown.of(found, newest.unit, levels=wanted, horizon=horizon, measured=record)
        if accepted == JSON:
            # written here: given back as it is, it would be checked against its own schema once more
            answer = Response(shown.model_dump_json(), media_type=JSON)
        else:
            answer = table(accepted, shown.rows(), FORECAST_COLUMNS, name=f"{series_id}-forecast")
        if model is None:  # beside a model asked for by name stands its record, which grows
            answer.headers["ETag"] = tag(found.id, found.published_at, newest.unit)
            answers.keep(answer.headers["ETag"], answer)
        return answer
    if found.status == "failed":
        detail = f"{found.key}: {found.error}. POST /v1/jobs/{found.id}/retry asks for it again."
        raise ProblemError("refit-failed", detail, job=found.id)
    service.nudge(REFRESH_FORECASTS)
    job = JobShown.model_validate(found).model_dump(mode="json")
    return JSONResponse(job, 202, {"Retry-After": RETRY_AFTER})


@router.get("/series/{series_id}/forecasts/changes", summary="Why the forecast changed")
def changes(
    *,
    service: TheService,
    caller: Reader,
    series_id: SeriesId,
    as_of: AsOf = None,
    model: Annotated[str | None, Query(description="A portfolio; the service's own by default.")] = None,
    month: Month = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Publications, the newest first.")] = 12,
) -> list[ChangeShown]:
    """From each publication to the next: how much came by new figures, how much by revised ones.

    With ``month`` only that month's line of each, and only of publications that foretold it.
    """
    with service.engine.begin() as connection:
        existing(connection, caller, series_id)
        found = forecasts.changes(
            connection, series_id, model=model or service.settings.portfolio, as_of=as_of, limit=limit
        )
    shown = [ChangeShown.of(record, record.change, month) for record in found if record.change is not None]
    return [each for each in shown if each.months]


@router.get("/forecasts/{forecast_id}", summary="One published forecast")
def one(
    service: TheService,
    caller: Reader,
    forecast_id: Annotated[int, Path(ge=1, le=2**63 - 1, description="Its id.")],
) -> ForecastShown:
    """A forecast as it was published: the one that a verdict or an alert names as its judge."""
    with service.engine.begin() as connection:
        found = forecasts.one(connection, forecast_id)
        of = None if found is None else series.one(connection, found.series_id, desk=caller.desk)
    if found is None or of is None:  # in the same words: whoever may not see a series is not told its id
        raise ProblemError("not-found", f"There is no forecast {forecast_id}.")
    return ForecastShown.of(found, of.unit, levels=None, horizon=None)


def _levels(text: str) -> tuple[float, ...]:
    try:
        levels = tuple(number_of(part) for part in text.split(","))
    except RowFault:
        levels = ()
    if not levels or len(levels) > 99 or not all(LEVELS[0] <= level <= LEVELS[-1] for level in levels):
        raise ProblemError(
            "invalid-request",
            f"query.levels: {text[:40]!r} is not a list of levels between {LEVELS[0]} and {LEVELS[-1]}, "
            "such as 0.1,0.5,0.9.",
        )
    return tuple(sorted(set(levels)))
