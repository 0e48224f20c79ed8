"""Submitted forecasts beside the service's own, on the figures that both foretold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, Subquery, and_, func, not_, select
from sqlalchemy.dialects.postgresql import distinct_on

from forecasting.portfolios import BASELINE
from forecasting.submitted_forecasts import Submitted
from services.storage.columns import among
from services.storage.forecasters import seen_by
from services.storage.restrictions import shown_to
from services.storage.scores import Print, actual_prints
from services.storage.submitted_forecasts import record_of
from services.storage.tables import forecasters, forecasts, observations, scores, submitted_forecasts


@dataclass(frozen=True, slots=True)
class Paired:
    """What a forecaster had said of a figure, and the service's newest forecast that was scored on it.

    ``value`` is the actual, in the series' unit as ``scale`` is; ``ours`` and ``naive`` are absolute errors
    of the service's median and of its seasonal naive over that scale. ``horizon`` is the service's too.
    """

    series_id: str
    said: Submitted
    value: float
    horizon: int
    scale: float | None
    ours: float | None
    naive: float | None


def paired(
    connection: Connection,
    *,
    against: Print = "first_print",
    as_of: dt.datetime | None = None,
    forecaster: str | None = None,
    series_id: str | None = None,
    horizon: int | None = None,
    desk: str | None = None,
    without: Collection[int] = (),
) -> list[Paired]:
    """Pairs of the forecast that stood before a figure's first print and the actual, known ``as_of``.

    With ``desk`` only over series, and of forecasters, that it may see; ``without`` are ids of observations
    that are left out.
    """
    said, ours = _stood(forecaster, series_id, desk), _ours()
    actual = actual_prints(against, as_of, series_id)
    naive = scores.alias("naive")
    query = (
        select(said, observations.c.value, ours.c.horizon, ours.c.error, ours.c.scale)
        .add_columns(naive.c.error.label("naive"))
        .join(
            actual,
            and_(
                actual.c.series_id == said.c.series_id,
                actual.c.first_month == said.c.first_month,
                actual.c.months == said.c.months,
            ),
        )
        .join(observations, observations.c.id == actual.c.id)
        .join(ours, ours.c.observation_id == actual.c.id)
        .outerjoin(
            naive,
            and_(
                naive.c.forecast_id == ours.c.forecast_id,
                naive.c.observation_id == actual.c.id,
                naive.c.member == BASELINE,
            ),
        )
        .where(observations.c.value.is_not(None))
    )
    if horizon is not None:
        query = query.where(ours.c.horizon == horizon)
    if without:
        query = query.where(not_(among(actual.c.id, without)))
    return [
        Paired(row.series_id, record_of(row).said, row.value, row.horizon, row.scale, row.error, row.naive)
        for row in connection.execute(query)
    ]


def _stood(forecaster: str | None, series_id: str | None, desk: str | None) -> Subquery:
    """The newest that each forecaster submitted of a span before it was first known; claims are none."""
    table = submitted_forecasts
    span = (table.c.series_id, table.c.first_month, table.c.months)
    first = (
        select(func.min(observations.c.known_from))
        .where(
            observations.c.series_id == table.c.series_id,
            observations.c.first_month == table.c.first_month,
            observations.c.months == table.c.months,
        )
        .correlate(table)
        .scalar_subquery()
    )
    query = (
        select(table)
        .join(forecasters, forecasters.c.id == table.c.forecaster_id)
        .where(seen_by(desk), shown_to(desk, table.c.series_id))
        .where(table.c.claimed_from.is_(None), table.c.known_from < first)
        .order_by(table.c.forecaster_id, *span, table.c.known_from.desc(), table.c.id.desc())
        .ext(distinct_on(table.c.forecaster_id, *span))
    )
    if forecaster is not None:
        query = query.where(table.c.forecaster_id == forecaster)
    if series_id is not None:
        query = query.where(table.c.series_id == series_id)
    return query.subquery()


def _ours() -> Subquery:
    """Of each scored print the score of the newest published forecast."""
    return (
        select(
            scores.c.observation_id, scores.c.forecast_id, scores.c.horizon, scores.c.error, scores.c.scale
        )
        .join(forecasts, forecasts.c.id == scores.c.forecast_id)
        .where(scores.c.member == "")
        .order_by(scores.c.observation_id, forecasts.c.vintage.desc(), forecasts.c.id.desc())
        .ext(distinct_on(scores.c.observation_id))
        .subquery()
    )
