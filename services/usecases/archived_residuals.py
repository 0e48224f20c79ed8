"""Residuals of forecasts that were published: what intervals are learned from where the archive goes back."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from forecasting.calibration import Residuals
from forecasting.engine import published_residuals
from forecasting.forecast import HORIZON
from forecasting.publication import Guard, Member
from forecasting.series import Series
from services.storage import forecasts, series
from services.storage.forecasts import ForecastRecord
from services.storage.known_series import known_series


def archived_residuals(
    connection: Connection, panel: Sequence[Series], portfolio: str, *, as_of: dt.datetime, guard: Guard
) -> dict[str, Residuals]:
    """Residuals by series of what ``portfolio`` said HORIZON months ago, where it was published by ``as_of``.

    ``panel`` holds the series as known at ``as_of``. A series without such a forecast, or whose forecast was
    made by other members, is left out; so is one that lacks a figure of the months since. Two small
    questions a series, and one for the figures as of each vintage.
    """
    by_vintage: dict[dt.datetime, list[tuple[Series, ForecastRecord]]] = defaultdict(list)
    for now in panel:
        origin = now.end - HORIZON
        found = forecasts.latest(connection, now.id, model=portfolio, as_of=as_of, origin=origin)
        if found is not None and found.forecast is not None:
            by_vintage[found.vintage].append((now, found))
    made: dict[str, Residuals] = {}
    for vintage, pairs in by_vintage.items():
        registered = series.of_ids(connection, [now.id for now, _ in pairs])
        then = {each.id: each for each, _ in known_series(connection, registered, vintage)}
        for now, found in pairs:
            past = then.get(now.id)
            if past is None or past.end != found.origin:
                continue
            actual = np.array([now.at(past.end + step) for step in range(1, HORIZON + 1)])
            one = published_residuals(past, actual, _members(connection, found), portfolio, guard=guard)
            if one is not None:
                made[now.id] = one
    return made


def _members(connection: Connection, found: ForecastRecord) -> list[Member]:
    """The members of a publication as they were kept; one without a path of its own has no forecast."""
    paths = {each.model: each for each in forecasts.member_forecasts(connection, found.id or 0)}
    return [Member(each["name"], paths.get(each["name"]), each["weight"]) for each in found.members]
