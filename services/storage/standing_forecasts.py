"""Which forecast stood when a figure became known, however many are archived."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, FromClause, ScalarSelect, Select, Text, and_, cast, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from forecasting.forecast import Forecast
from forecasting.months import Span
from services.storage.columns import Moment, MonthColumn
from services.storage.tables import forecasts, series


@dataclass(frozen=True, slots=True)
class Asked:
    """A figure of a span, of which it is asked what forecast stood when it became known."""

    series_id: str
    known_from: dt.datetime
    span: Span


@dataclass(frozen=True, slots=True)
class Stood:
    """Ids of forecasts that stood before a figure became known; None where none did.

    ``judge`` is the newest made from earlier news, and published before, whose months ahead begin by the
    span: what came out with the figure or after it was no forecast of it. ``ahead`` is the newest of all that
    were published by then.
    """

    judge: int | None
    ahead: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """A published forecast as far as judging needs it; ``reason`` says what kind it is, where that matters.

    ``id`` is None for one that was made now, of what was known then.
    """

    id: int | None
    model: str
    vintage: dt.datetime
    reason: str | None
    forecast: Forecast | None


def judges(connection: Connection, ids: Collection[int]) -> dict[int, Judge]:
    """Published forecasts by id, without their members."""
    if not ids:
        return {}
    query = (
        select(forecasts.c.id, forecasts.c.series_id, series.c.unit, forecasts.c.model, forecasts.c.origin)
        .add_columns(forecasts.c.vintage, forecasts.c.levels, forecasts.c.quantiles, forecasts.c.reason)
        .join(series, series.c.id == forecasts.c.series_id)
        .where(forecasts.c.id.in_(ids))
    )
    return {row.id: _judge(row) for row in connection.execute(query)}


def _judge(row: Any) -> Judge:
    values = None if row.quantiles is None else np.array(row.quantiles)
    made = (
        None
        if values is None
        else Forecast(row.series_id, row.unit, row.origin, row.vintage, tuple(row.levels), values, row.model)
    )
    return Judge(row.id, row.model, row.vintage, row.reason, made)


def stood(connection: Connection, asked: Sequence[Asked], *, model: str) -> list[Stood]:
    """What stood before each figure asked about, of the forecasts of a model that say anything.

    One index look-up a figure, however many forecasts are archived; none for a series without any.
    """
    foretold = foretold_of(connection, {each.series_id for each in asked}, model=model)
    some = [each for each in asked if each.series_id in foretold]
    if not some:
        return [Stood(None, None)] * len(asked)
    figure = func.unnest(
        cast([each.series_id for each in some], ARRAY(Text)),
        cast([each.known_from for each in some], ARRAY(Moment)),
        cast([each.span.first for each in some], ARRAY(MonthColumn)),
    ).table_valued(
        column("series_id", Text), column("known_from", Moment), column("first", MonthColumn),
        with_ordinality="place", name="figure",
    ).render_derived()  # fmt: skip
    said = and_(
        forecasts.c.series_id == figure.c.series_id,
        forecasts.c.model == model,
        forecasts.c.quantiles.is_not(None),
    )
    before = and_(forecasts.c.vintage < figure.c.known_from, forecasts.c.published_at < figure.c.known_from)
    judge = select(forecasts.c.id).where(said, before, forecasts.c.origin < figure.c.first)
    ahead = select(forecasts.c.id).where(
        said, forecasts.c.vintage <= figure.c.known_from, forecasts.c.published_at <= figure.c.known_from
    )
    query = (
        select(*(_newest(each, figure).label(name) for name, each in (("judge", judge), ("ahead", ahead))))
        .select_from(figure)
        .order_by(figure.c.place)
    )
    found = iter([Stood(row.judge, row.ahead) for row in connection.execute(query)])
    return [next(found) if each.series_id in foretold else Stood(None, None) for each in asked]


def _newest(ids: Select[tuple[int]], figure: FromClause) -> ScalarSelect[int]:
    """The id of the newest vintage, for each figure by itself."""
    newest = ids.order_by(forecasts.c.vintage.desc(), forecasts.c.id.desc())
    return newest.limit(1).correlate(figure).scalar_subquery()


def foretold_of(connection: Connection, series_ids: Collection[str], *, model: str) -> set[str]:
    """Those of the series of which a model has a forecast that says anything."""
    some = select(forecasts.c.id).where(
        forecasts.c.series_id == series.c.id, forecasts.c.model == model, forecasts.c.quantiles.is_not(None)
    )
    query = select(series.c.id).where(series.c.id.in_(series_ids), some.exists())
    return set(connection.execute(query).scalars())
