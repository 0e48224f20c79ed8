"""Published forecasts: one as it was published, and why each differs from the one before."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, Engine

from forecasting.months import Month
from services.storage import forecasts
from services.storage.forecasts import ForecastRecord, Newest

__all__ = ["ForecastRecord", "Newest", "changes", "newest", "one"]


def one(connection: Connection, forecast_id: int) -> ForecastRecord | None:
    """A forecast as it was published; None where there is none of that id."""
    return forecasts.by_id(connection, forecast_id)


def newest(
    asked: Connection | Engine,
    series_id: str,
    *,
    desk: str | None,
    model: str,
    as_of: dt.datetime | None = None,
    origin: Month | None = None,
) -> Newest | None:
    """Which forecast of a series by a model is the newest, of those published by a moment.

    None where there is no such series, or ``desk`` may not see it.
    """
    return forecasts.newest(asked, series_id, desk=desk, model=model, as_of=as_of, origin=origin)


def changes(
    connection: Connection, series_id: str, *, model: str, as_of: dt.datetime | None = None, limit: int
) -> list[ForecastRecord]:
    """Forecasts of a series that superseded another, published by a moment, the newest first."""
    return [
        each
        for each in forecasts.changed(connection, series_id, model=model, as_of=as_of, limit=limit)
        if each.change is not None
    ]
