"""Residuals of forecasts that were published: what intervals are learned from where the archive goes back."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from forecasting.calibration import Residuals
from forecasting.engine import published_residuals
from forecasting.forecast import HORIZON
from forecasting.publication import Guard, Member
from forecasting.series import Series
from services.storage import forecasts, series
from services.storage.forecasts import ForecastRecord
from services.storage.known_series import known_series


@dataclass(frozen=True, slots=True, eq=False)
class Archived:
    """What was said of a series HORIZON months ago: from which past, by which members, and what came (h,)."""

    past: Series
    members: tuple[Member, ...]
    actual: NDArray[np.float64]

    def residuals(self, portfolio: str, *, guard: Guard) -> Residuals | None:
        """Its residuals; None where other members made it, or a figure since is missing."""
        return published_residuals(self.past, self.actual, self.members, portfolio, guard=guard)


def archived(
    connection: Connection, panel: Sequence[Series], portfolio: str, *, as_of: dt.datetime
) -> dict[str, Archived]:
    """What ``portfolio`` said of each series HORIZON months ago, where it was published by ``as_of``.

    ``panel`` holds the series as known at ``as_of``. Three small questions a series, and two for the figures
    as of each vintage.
    """
    by_vintage: dict[dt.datetime, list[tuple[Series, ForecastRecord]]] = defaultdict(list)
    for now in panel:
        origin = now.end - HORIZON
        found = forecasts.latest(connection, now.id, model=portfolio, as_of=as_of, origin=origin)
        if found is not None and found.forecast is not None:
            by_vintage[found.vintage].append((now, found))
    held: dict[str, Archived] = {}
    for vintage, pairs in by_vintage.items():
        registered = series.of_ids(connection, [now.id for now, _ in pairs])
        then = {each.id: each for each, _ in known_series(connection, registered, vintage)}
        for now, found in pairs:
            past = then.get(now.id)
            if past is not None and past.end == found.origin:
                actual = np.array([now.at(past.end + step) for step in range(1, HORIZON + 1)])
                held[now.id] = Archived(past, _members(connection, found), actual)
    return held


def _members(connection: Connection, found: ForecastRecord) -> tuple[Member, ...]:
    """The members of a publication as they were kept; one without a path of its own has no forecast."""
    paths = {each.model: each for each in forecasts.member_forecasts(connection, found.id or 0)}
    return tuple(Member(each["name"], paths.get(each["name"]), each["weight"]) for each in found.members)
