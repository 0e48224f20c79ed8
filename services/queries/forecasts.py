"""Published forecasts: one as it was published, and why each differs from the one before."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from forecasting.months import Month
from services.storage import forecasts
from services.storage.forecasts import ForecastRecord

__all__ = ["ForecastRecord", "changes", "newest_id", "one"]


def one(connection: Connection, forecast_id: int) -> ForecastRecord | None:
    """A forecast as it was published; None where there is none of that id."""
    return forecasts.by_id(connection, forecast_id)


def newest_id(
    connection: Connection,
    series_id: str,
    *,
    model: str,
    as_of: dt.datetime | None = None,
    origin: Month | None = None,
) -> int | None:
    """The id of a series' newest forecast by a model, of those published by a moment; None without one."""
    return forecasts.newest_id(connection, series_id, model=model, as_of=as_of, origin=origin)


def changes(
    connection: Connection, series_id: str, *, model: str, as_of: dt.datetime | None = None, limit: int
) -> list[ForecastRecord]:
    """Forecasts of a series that superseded another, published by a moment, the newest first."""
    return [
        each
        for each in forecasts.changed(connection, series_id, model=model, as_of=as_of, limit=limit)
        if each.change is not None
    ]
