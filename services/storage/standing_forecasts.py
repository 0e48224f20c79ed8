"""Which forecast stood when a figure became known, however many are archived."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, FromClause, ScalarSelect, Select, Text, and_, cast, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from alerts.judging import Judge
from forecasting.forecast import Forecast
from forecasting.months import Span
from services.storage.columns import Moment, MonthColumn, among, numbers_sent
from services.storage.tables import forecasts, observations, series


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


def judges(connection: Connection, ids: Collection[int]) -> dict[int, Judge]:
    """Published forecasts by id, as far as judging needs them; those that say nothing are left out."""
    if not ids:
        return {}
    return {row.id: _judge(row) for row in connection.execute(_JUDGES.where(among(forecasts.c.id, ids)))}


def archived(connection: Connection, series_ids: Collection[str], *, model: str) -> dict[str, list[Judge]]:
    """Every forecast of several series by a model that says anything, the newest vintage first."""
    found: dict[str, list[Judge]] = {series_id: [] for series_id in series_ids}
    query = _JUDGES.where(among(forecasts.c.series_id, series_ids), forecasts.c.model == model)
    for row in connection.execute(query.order_by(forecasts.c.vintage.desc(), forecasts.c.id.desc())):
        found[row.series_id].append(_judge(row))
    return found


_JUDGES = (
    select(forecasts.c.id, forecasts.c.series_id, series.c.unit, forecasts.c.model, forecasts.c.origin)
    .add_columns(forecasts.c.vintage, forecasts.c.published_at, forecasts.c.levels)
    .add_columns(forecasts.c.reason, func.array_send(forecasts.c.quantiles).label("sent"))
    .join(series, series.c.id == forecasts.c.series_id)
    .where(forecasts.c.quantiles.is_not(None))
)


def _judge(row: Any) -> Judge:
    values = numbers_sent(row.sent)
    made = Forecast(row.series_id, row.unit, row.origin, row.vintage, tuple(row.levels), values, row.model)
    return Judge(row.id, row.model, row.vintage, row.published_at, row.reason, made)


def stood(
    connection: Connection, asked: Sequence[Asked], *, model: str, foretold: Collection[str]
) -> list[Stood]:
    """What stood before each figure asked about, of the forecasts of a model that say anything.

    One index look-up a figure, however many forecasts are archived; none for a series that is not among the
    ``foretold``, of which see ``foretold_of``. What it finds is what ``alerts.judging`` would.
    """
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
    query = select(series.c.id).where(among(series.c.id, series_ids), some.exists())
    return set(connection.execute(query).scalars())


def outrun(
    connection: Connection, series_ids: Collection[str], *, model: str
) -> list[tuple[str, dt.datetime, int]]:
    """Series whose newest forecast by a model is newer than each figure and was made without some of them.

    Each with its vintage and the count of rows known by then.
    """
    newest = (
        select(forecasts.c.series_id, forecasts.c.vintage, forecasts.c.figures)
        .where(among(forecasts.c.series_id, series_ids), forecasts.c.model == model)
        .order_by(forecasts.c.series_id, forecasts.c.vintage.desc(), forecasts.c.id.desc())
        .ext(distinct_on(forecasts.c.series_id))
        .subquery()
    )
    held = (
        select(observations.c.series_id, func.count().label("rows"))
        .add_columns(func.max(observations.c.known_from).label("last"))
        .where(among(observations.c.series_id, series_ids))
        .group_by(observations.c.series_id)
        .subquery()
    )
    query = (
        select(newest.c.series_id, newest.c.vintage, held.c.rows)
        .join(held, held.c.series_id == newest.c.series_id)
        .where(newest.c.vintage > held.c.last, newest.c.figures < held.c.rows)
        .order_by(newest.c.series_id)
    )
    return [(row.series_id, row.vintage, row.rows) for row in connection.execute(query)]
