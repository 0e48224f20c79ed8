"""Submitted forecasts beside the service's own, on the figures that both foretold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal

from sqlalchemy import CTE, ColumnElement, Connection, Subquery, and_, func, not_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from forecasting.portfolios import BASELINE
from forecasting.submitted_scores import Paired
from services.storage.columns import among
from services.storage.forecasters import seen_by
from services.storage.restrictions import shown_to
from services.storage.scores import Print, prints_chosen
from services.storage.submitted_forecasts import record_of
from services.storage.tables import forecasters, forecasts, observations, scores, submitted_forecasts

AT_ONCE = 5_000
"""Pairs that are read at once; the rest wait in the database."""


def paired(
    connection: Connection,
    *,
    portfolio: str,
    by: Literal["model", "horizon", "series"] = "model",
    against: Print = "first_print",
    as_of: dt.datetime | None = None,
    forecaster: str | None = None,
    series_id: str | None = None,
    among_series: Collection[str] | None = None,
    horizon: int | None = None,
    desk: str | None = None,
    without: Collection[int] = (),
) -> Iterator[Paired]:
    """Pairs of the forecast that stood before a figure's first print and the actual, known ``as_of``.

    By forecaster, and ``by`` what else a line is of, one after another; beside each what the ``portfolio``
    foretold. With ``desk`` only over series, and of forecasters, that it may see; ``without`` are ids of
    observations that are left out. Only figures that were foretold are looked at, and only those of
    ``among_series`` where it is given.
    """
    said = _stood(forecaster, series_id, among_series, desk)
    span = (observations.c.series_id, observations.c.first_month, observations.c.months)
    foretold = tuple_(*span).in_(select(said.c.series_id, said.c.first_month, said.c.months))
    prints = prints_chosen(against, as_of, series_id).where(foretold)
    if among_series is not None:
        prints = prints.where(among(observations.c.series_id, among_series))
    actual = prints.cte("actual")
    ours = _ours(portfolio, actual)
    naive = scores.alias("naive")
    query = (
        select(
            said,
            observations.c.value,
            actual.c.known_from.label("printed"),
            ours.c.horizon,
            ours.c.error,
            ours.c.scale,
        )
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
        .order_by(said.c.forecaster_id, *_apart(by, said, ours))
    )
    if horizon is not None:
        query = query.where(ours.c.horizon == horizon)
    if without:
        query = query.where(not_(among(actual.c.id, without)))
    for row in connection.execute(query, execution_options={"yield_per": AT_ONCE}):
        said_of = record_of(row).said
        yield Paired(
            row.series_id, said_of, row.value, row.horizon, row.scale, row.error, row.naive, row.printed
        )


def _apart(
    by: Literal["model", "horizon", "series"], said: CTE, ours: Subquery
) -> Sequence[ColumnElement[Any]]:
    return {"model": [], "horizon": [ours.c.horizon], "series": [said.c.series_id]}[by]


def _stood(
    forecaster: str | None, series_id: str | None, among_series: Collection[str] | None, desk: str | None
) -> CTE:
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
    if among_series is not None:
        query = query.where(among(table.c.series_id, among_series))
    return query.cte("said")


def _ours(portfolio: str, actual: CTE) -> Subquery:
    """Of each print the score of the portfolio's newest published forecast, where one was scored."""
    return (
        select(
            scores.c.observation_id, scores.c.forecast_id, scores.c.horizon, scores.c.error, scores.c.scale
        )
        .join(actual, actual.c.id == scores.c.observation_id)
        .join(forecasts, forecasts.c.id == scores.c.forecast_id)
        .where(scores.c.member == "", scores.c.model == portfolio)
        .order_by(scores.c.observation_id, forecasts.c.vintage.desc(), forecasts.c.id.desc())
        .ext(distinct_on(scores.c.observation_id))
        .subquery()
    )
