"""A forecast as somebody asks for it: the published one, or the job that will publish it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from forecasting.months import Month
from forecasting.portfolios import portfolio
from services.storage import forecasts, jobs, observations
from services.storage.forecasts import ForecastRecord
from services.storage.jobs import Job
from services.usecases.order_refits import REFRESH, refit
from services.work import queue

TOLD_FOR = dt.timedelta(minutes=10)
"""How long a refit that failed for good is answered with its error: whoever waits for it asks every 2 s."""


class NoFiguresError(LookupError):
    """A series of which nothing was known at the moment asked about."""

    def __init__(self, series_id: str, as_of: dt.datetime | None) -> None:
        self.series_id = series_id
        self.as_of = as_of
        when = "" if as_of is None else f" as of {as_of.isoformat()}"
        super().__init__(f"{series_id} holds no figure{when}, so there is nothing to forecast from.")


class NotPublishedError(LookupError):
    """A moment by which no forecast of a series had been published."""

    def __init__(self, series_id: str, model: str, as_of: dt.datetime) -> None:
        self.series_id = series_id
        self.model = model
        self.as_of = as_of
        super().__init__(
            f"No forecast of {series_id} by {model} had been published by {as_of.isoformat()}: what came out "
            "later was not known then. Ask for a later moment, or for another model, which is fitted to what "
            "was known."
        )


class FitNotAllowedError(PermissionError):
    """A fit that is not ordered yet, asked for by whoever may only read; nothing was ordered."""

    def __init__(self, series_id: str, model: str, vintage: dt.datetime) -> None:
        self.series_id = series_id
        self.model = model
        self.vintage = vintage
        super().__init__(
            f"{model} is not fitted to {series_id} as of {vintage.isoformat()}; a key of the scope write "
            "orders that."
        )


def request_forecast(
    connection: Connection,
    series_id: str,
    *,
    model: str,
    published: str,
    now: dt.datetime,
    as_of: dt.datetime | None = None,
    origin: Month | None = None,
    may_order: bool = True,
) -> ForecastRecord | Job:
    """The newest forecast of a series by a model or portfolio as of a moment, or the job that makes it.

    ``published`` is the portfolio that every figure refits: its latest forecast is answered while the next is
    being fitted, and as of a past moment only what had been published by then. Another model is fitted when
    it is asked for, to what was known then; asking twice makes one job. One that failed for good is answered
    for TOLD_FOR, and asked for later it is due with fresh runs. UnknownModelError names the models there are;
    NoFiguresError where there is nothing to fit; NotPublishedError where nothing was published;
    FitNotAllowedError where work would have to be ordered by whoever may not (``may_order``).
    """
    portfolio(model)
    others = model != published
    found = forecasts.latest(
        connection, series_id, model=model, as_of=as_of, origin=origin, made_later=others
    )
    if found is not None and (model == published or origin is not None):
        return found
    vintage = observations.last_known(connection, series_id, as_of=as_of)
    if vintage is None:
        raise NoFiguresError(series_id, as_of)
    if found is not None and found.vintage >= vintage:
        return found
    if as_of is not None and not others:
        raise NotPublishedError(series_id, model, as_of)
    wanted = refit(series_id, vintage, model)
    ordered = jobs.get(connection, REFRESH, wanted.key)
    if not may_order:
        if ordered is None:
            raise FitNotAllowedError(series_id, model, vintage)
        return ordered
    if ordered is None:
        jobs.add(connection, [wanted], now=now)
    elif ordered.id is not None:
        queue.ask_again(connection, ordered.id, now=now, failed_before=now - TOLD_FOR)
    return jobs.get(connection, REFRESH, wanted.key) or wanted
