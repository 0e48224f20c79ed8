"""/v1/backtests: how a portfolio would have done on the past of some series, member by member."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.limits import only_json
from services.api.problems import ProblemError
from services.api.schemas.backtests import BacktestGiven, BacktestShown
from services.api.schemas.common import AsOf
from services.api.security import Reader, Writer
from services.bootstrap import RUN_BACKTESTS
from services.queries import backtests, series
from services.queries.series import SeriesRecord
from services.usecases.order_backtest import (
    BacktestTooLargeError,
    NothingToBacktestError,
    TooManyBacktestsError,
    Wanted,
    order_backtest,
)

router = APIRouter(prefix="/backtests", tags=["forecasts"])

BacktestId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Its id, which is its job's.")]
RETRY_AFTER = "5"


@router.post(
    "",
    status_code=202,
    summary="Forecast the past again",
    dependencies=[Depends(only_json)],
    responses={200: {"model": BacktestShown, "description": "The same was asked before, and is done."}},
)
def add(
    *,
    service: TheService,
    caller: Writer,
    audit: Audit,
    given: BacktestGiven,
    response: Response,
    as_of: AsOf = None,
) -> BacktestShown:
    """Order a backtest: at each origin only what was known then is learned from and fitted to.

    Origins are moments before the newest figure, a horizon apart in whole months; what came is scored as it
    is known now, or at ``as_of``. A history that was loaded later than an origin is cut by months, as
    ``note`` says. The service's own record on first prints is the scoreboard. Asked twice of the same
    figures it is one job.
    """
    portfolio = given.portfolio or service.settings.portfolio
    with service.engine.begin() as connection:
        if given.series is not None:
            visible = series.several(connection, given.series, desk=caller.desk)
            registered = [_among(visible, each) for each in dict.fromkeys(given.series)]
        else:
            registered = series.listed(connection, family=given.family, tag=given.tag, desk=caller.desk).rows
        try:
            job, made = order_backtest(
                connection,
                registered,
                Wanted(portfolio, given.folds, given.horizon),
                as_of=as_of,
                now=service.now(),
            )
        except (BacktestTooLargeError, NothingToBacktestError) as error:
            raise ProblemError("invalid-request", str(error)) from error
        except TooManyBacktestsError as error:
            raise ProblemError("conflict", str(error)) from error
        found = backtests.of(connection, job)
        if made:
            audit.note(connection, "backtest.ordered", str(job.id), after=job.arguments)
    response.headers["Location"] = f"/v1/backtests/{found.job.id}"
    if found.job.status == "done":
        response.status_code = 200
    else:
        response.headers["Retry-After"] = RETRY_AFTER
        service.nudge(RUN_BACKTESTS)
    return BacktestShown.of(found)


@router.get("/{backtest_id}", summary="One backtest")
def one(service: TheService, caller: Reader, backtest_id: BacktestId) -> BacktestShown:
    """A backtest as it stands; one that failed is asked for again by POST /v1/jobs/{id}/retry."""
    with service.engine.begin() as connection:
        found = backtests.one(connection, backtest_id, desk=caller.desk)
    if found is None:
        raise ProblemError("not-found", f"There is no backtest {backtest_id}.")
    return BacktestShown.of(found)


def _among(visible: dict[str, SeriesRecord], series_id: str) -> SeriesRecord:
    if series_id not in visible:
        raise ProblemError("not-found", f"There is no series {series_id!r}; PUT it first.")
    return visible[series_id]
