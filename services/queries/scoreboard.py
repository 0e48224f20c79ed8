"""The service's own record: published forecasts against what came, seasonal naive beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from forecasting.portfolios import BASELINE
from services.storage import scores
from services.storage.scores import Print, Standing

__all__ = ["By", "Line", "Measured", "Print", "Standing", "measured", "scoreboard"]

By = Literal["model", "horizon", "series"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the scoreboard: a standing, and that of the baseline on the same forecasts' figures."""

    standing: Standing
    baseline: Standing | None


@dataclass(frozen=True, slots=True)
class Measured:
    """What the intervals of a model have held; both None, for ``reason``, until a figure was scored."""

    figures: int
    coverage_80: float | None
    coverage_95: float | None
    reason: str | None


def scoreboard(
    connection: Connection,
    *,
    by: By = "model",
    against: Print = "first_print",
    as_of: dt.datetime | None = None,
    model: str | None = None,
    series_id: str | None = None,
    horizon: int | None = None,
    members: bool = False,
    desk: str | None = None,
) -> list[Line]:
    """Lines by model, and by horizon or series where asked; with ``members`` one for each member too.

    With ``desk`` only over series that it may see.
    """
    found = scores.standings(
        connection,
        by=by,
        against=against,
        as_of=as_of,
        model=model,
        series_id=series_id,
        horizon=horizon,
        desk=desk,
    )
    naive = {_key(each): each for each in found if each.member == BASELINE}
    return [Line(each, naive.get(_key(each))) for each in found if members or not each.member]


def _key(standing: Standing) -> tuple[str, int | None, str | None]:
    return standing.model, standing.horizon, standing.series_id


def measured(connection: Connection, model: str, *, as_of: dt.datetime | None = None) -> Measured:
    """Coverage of a model's published forecasts over all series, against first prints, known as of a moment.

    A model that is a member of a portfolio too has its own intervals scored there, and these count.
    """
    own = _of(scores.standings(connection, model=model, as_of=as_of), "")
    own = own or _of(scores.standings(connection, member=model, as_of=as_of), model)
    figures = sum(each.figures for each in own)
    if not figures:
        reason = "no month that a published forecast of this model foretold has arrived yet"
        return Measured(0, None, None, reason)
    return Measured(
        figures,
        sum(each.coverage_80 * each.figures for each in own) / figures,
        sum(each.coverage_95 * each.figures for each in own) / figures,
        None,
    )


def _of(found: Sequence[Standing], member: str) -> list[Standing]:
    return [each for each in found if each.member == member]
