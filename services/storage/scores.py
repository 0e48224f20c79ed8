"""Scores of published forecasts: one row a forecast, figure and member, and each print of a figure is one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Float, Integer, Select, Subquery, and_, cast, func, not_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from forecasting.months import Span
from forecasting.scoring import FigureScore
from services.storage.columns import among
from services.storage.forecasts import judging
from services.storage.restrictions import shown_to
from services.storage.tables import forecasts, observations, scores

Print = Literal["first_print", "latest"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A published forecast and a figure that it foretold; neither of its months was known at its vintage."""

    forecast_id: int
    series_id: str
    observation_id: int
    span: Span
    value: float


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """The score of a forecast, or of one of its members, on one figure."""

    forecast_id: int
    observation_id: int
    series_id: str
    model: str
    member: str
    score: FigureScore


@dataclass(frozen=True, slots=True)
class Standing:
    """Means over scored figures; ``horizon`` and ``series_id`` where they group.

    ``mase``, ``pinball``, ``wis`` and ``bias`` are over the series' mean absolute yearly change as of each
    forecast's vintage; None where no scored figure has one. Submitted forecasts have no ``pinball``,
    ``wis`` or ``coverage_95``; ``coverage_80`` is of those with quantiles that reach so far, and
    ``coverage_range`` of those that gave the range of a poll.
    """

    model: str
    member: str
    horizon: int | None
    series_id: str | None
    figures: int
    mase: float | None
    pinball: float | None
    wis: float | None
    bias: float | None
    coverage_80: float | None
    coverage_95: float | None
    coverage_range: float | None = None


@dataclass(frozen=True, slots=True)
class ScoredFigure:
    """A figure that a published forecast was scored on."""

    observation_id: int
    series_id: str
    span: Span


def unscored(connection: Connection, series_ids: Collection[str]) -> list[Pair]:
    """Forecasts of the series with each figure that they reach and are not scored against yet.

    Only a forecast whose vintage is before its span was first known foretold it; those steadied for judging
    are left out, being the same median.
    """
    first = (
        select(
            observations.c.series_id,
            observations.c.first_month,
            observations.c.months,
            func.min(observations.c.known_from).label("known_from"),
        )
        .where(among(observations.c.series_id, series_ids))
        .group_by(observations.c.series_id, observations.c.first_month, observations.c.months)
        .subquery()
    )
    last_foretold = forecasts.c.origin + func.make_interval(0, func.array_length(forecasts.c.quantiles, 1))
    last_month = observations.c.first_month + func.make_interval(0, observations.c.months - 1)
    query = (
        select(
            forecasts.c.id.label("forecast_id"),
            forecasts.c.series_id,
            observations.c.id,
            observations.c.first_month,
            observations.c.months,
            observations.c.value,
        )
        .join(observations, observations.c.series_id == forecasts.c.series_id)
        .join(
            first,
            and_(
                first.c.series_id == observations.c.series_id,
                first.c.first_month == observations.c.first_month,
                first.c.months == observations.c.months,
            ),
        )
        .outerjoin(
            scores,
            and_(
                scores.c.forecast_id == forecasts.c.id,
                scores.c.observation_id == observations.c.id,
                scores.c.member == "",
            ),
        )
        .where(
            among(forecasts.c.series_id, series_ids),
            forecasts.c.quantiles.is_not(None),
            not_(forecasts.c.model.endswith(judging(""))),
            observations.c.value.is_not(None),
            observations.c.first_month > forecasts.c.origin,
            last_month <= last_foretold,
            forecasts.c.vintage < first.c.known_from,
            forecasts.c.published_at < first.c.known_from,
            scores.c.forecast_id.is_(None),
        )
        .order_by(forecasts.c.id, observations.c.id)
    )
    return [
        Pair(row.forecast_id, row.series_id, row.id, Span(row.first_month, row.months), row.value)
        for row in connection.execute(query)
    ]


def add(connection: Connection, rows: Iterable[ScoreRow]) -> None:
    """Add scores; one that stands is left."""
    values: list[dict[str, Any]] = [
        {
            "forecast_id": row.forecast_id,
            "observation_id": row.observation_id,
            "series_id": row.series_id,
            "model": row.model,
            "member": row.member,
            **asdict(row.score),
        }
        for row in rows
    ]
    if values:
        connection.execute(insert(scores).on_conflict_do_nothing(), values)


def standings(
    connection: Connection,
    *,
    by: Literal["model", "horizon", "series"] = "model",
    against: Print = "first_print",
    as_of: dt.datetime | None = None,
    model: str | None = None,
    member: str | None = None,
    series_id: str | None = None,
    horizon: int | None = None,
    desk: str | None = None,
    without: Collection[int] = (),
) -> list[Standing]:
    """Means by model and member, and by horizon or series where asked, of what was known ``as_of``.

    With ``desk`` only over series that it may see; ``without`` are ids of observations that are left out.
    """
    actual = actual_prints(against, as_of, series_id)
    group = {"model": [], "horizon": [scores.c.horizon], "series": [scores.c.series_id]}[by]
    query = _means(group).join(actual, actual.c.id == scores.c.observation_id)
    query = query.where(shown_to(desk, scores.c.series_id))
    if without:
        query = query.where(not_(among(scores.c.observation_id, without)))
    for column, wanted in (
        (scores.c.model, model),
        (scores.c.member, member),
        (scores.c.series_id, series_id),
        (scores.c.horizon, horizon),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return [
        Standing(
            row.model,
            row.member,
            row.horizon if by == "horizon" else None,
            row.series_id if by == "series" else None,
            row.figures,
            row.mase,
            row.pinball,
            row.wis,
            row.bias,
            row.coverage_80,
            row.coverage_95,
        )
        for row in connection.execute(query)
    ]


def figures(
    connection: Connection,
    *,
    model: str,
    against: Print = "first_print",
    as_of: dt.datetime | None = None,
    series_id: str | None = None,
    desk: str | None = None,
) -> list[ScoredFigure]:
    """The figures behind a model's standing, each once however many forecasts foretold it."""
    actual = actual_prints(against, as_of, series_id)
    query = (
        select(actual.c.id, actual.c.series_id, actual.c.first_month, actual.c.months)
        .join(scores, scores.c.observation_id == actual.c.id)
        .where(scores.c.model == model, scores.c.member == "", shown_to(desk, scores.c.series_id))
        .distinct()
    )
    return [
        ScoredFigure(row.id, row.series_id, Span(row.first_month, row.months))
        for row in connection.execute(query)
    ]


def _means(group: list[Any]) -> Select[Any]:
    keys = [scores.c.model, scores.c.member, *group]
    return (
        select(
            *keys,
            func.count().label("figures"),
            func.avg(scores.c.error).label("mase"),
            func.avg(scores.c.pinball).label("pinball"),
            func.avg(scores.c.wis).label("wis"),
            func.avg(scores.c.bias).label("bias"),
            func.avg(cast(scores.c.inside_80, Integer)).cast(Float).label("coverage_80"),
            func.avg(cast(scores.c.inside_95, Integer)).cast(Float).label("coverage_95"),
        )
        .group_by(*keys)
        .order_by(*keys)
    )


def actual_prints(against: Print, as_of: dt.datetime | None, series_id: str | None) -> Subquery:
    """Ids of the first print of each span, or of what was known last; a withdrawn figure has no score."""
    return prints_chosen(against, as_of, series_id).subquery()


def prints_chosen(against: Print, as_of: dt.datetime | None, series_id: str | None) -> Select[Any]:
    """As ``actual_prints``, to be narrowed further: by whole spans, or another print would be chosen."""
    span = (observations.c.series_id, observations.c.first_month, observations.c.months)
    known = observations.c.known_from
    order = (known, observations.c.id)
    ordered = order if against == "first_print" else tuple(column.desc() for column in order)
    query = select(observations.c.id, *span, known).ext(distinct_on(*span)).order_by(*span, *ordered)
    if as_of is not None:
        query = query.where(known <= as_of)
    if series_id is not None:
        query = query.where(observations.c.series_id == series_id)
    return query


@dataclass(frozen=True, slots=True)
class Residual:
    """A published forecast's residual, in distances from its median to its 90 % quantile.

    ``calibration`` names what had set that distance: a trained version, or ``shipped``.
    """

    horizon: int
    residual: float
    calibration: str


def residuals(connection: Connection, model: str, *, as_of: dt.datetime) -> list[Residual]:
    """Residuals of single months of a model's usual forecasts, against what was known last as of a moment."""
    actual = actual_prints("latest", as_of, None)
    named = forecasts.c.versions["calibration"].astext
    query = (
        select(scores.c.horizon, scores.c.residual, named.label("calibration"))
        .join(actual, actual.c.id == scores.c.observation_id)
        .join(forecasts, forecasts.c.id == scores.c.forecast_id)
        .where(
            scores.c.model == model,
            scores.c.member == "",
            scores.c.residual.is_not(None),
            actual.c.months == 1,
            forecasts.c.reason.is_(None),
            named.is_not(None),
        )
    )
    return [Residual(row.horizon, row.residual, row.calibration) for row in connection.execute(query)]
