"""Forecasts of others that an ensemble may take in: who is heard on a series, and when it is fitted again."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, Engine

from forecasting.others import Voice, earned
from forecasting.portfolios import portfolio
from forecasting.series import Series
from forecasting.submitted_forecasts import Forecaster
from forecasting.submitted_scores import Paired
from services.storage import standing_forecasts, submitted_forecasts, submitted_scores
from services.storage.jobs import BACKGROUND, Job
from services.storage.submitted_forecasts import SubmittedRecord
from services.usecases.order_refits import refit
from services.usecases.score_forecasts import score_series


def voices(
    engine: Engine, held: Sequence[Series], *, model: str, vintage: dt.datetime
) -> dict[str, list[Voice]]:
    """What forecasters of every desk said of months to come of the series by a vintage, with their records.

    By series; of one that nobody foretold there is nothing, nor for a ``model`` that is asked for by name.
    The figures that came are scored first, so that it is the same however far the scoring is behind.
    """
    if not held or len(portfolio(model).members) == 1:
        return {}
    ends = {each.id: each.end for each in held}
    with engine.begin() as connection:
        said = submitted_forecasts.to_all(connection, ends, as_of=vintage)
    if not said:
        return {}
    score_series(engine, sorted({series_id for series_id, _ in said}))
    with engine.begin() as connection:
        pairs = _pairs(connection, {series_id for series_id, _ in said}, model=model, as_of=vintage)
    found: dict[str, list[Voice]] = defaultdict(list)
    for (series_id, forecaster), submitted in said.items():
        found[series_id].append(Voice(forecaster, submitted, pairs.get((series_id, forecaster.id), [])))
    return found


def refits_heard(
    connection: Connection, forecaster: Forecaster, new: Sequence[SubmittedRecord], *, model: str
) -> list[Job]:
    """One refit a series and moment, of what was submitted anew where the forecaster has earned a weight.

    None for a desk's own forecaster, for what is only claimed, and for totals of several months. What is not
    scored yet is no record here; the next refit has it.
    """
    heard = [each for each in new if each.said.span.months == 1 and not each.said.claimed]
    if forecaster.desk is not None or not heard or len(portfolio(model).members) == 1:
        return []
    asked = {(each.series_id, each.said.known_from): each.replayed for each in heard}
    series_ids = {series_id for series_id, _ in asked}
    pairs = _pairs(connection, series_ids, model=model, forecaster=forecaster.id)
    return [
        refit(series_id, moment, model, priority=BACKGROUND, replayed=replayed)
        for (series_id, moment), replayed in sorted(asked.items())
        if earned(pairs.get((series_id, forecaster.id), []), vintage=moment)
    ]


def refits_outrun(
    connection: Connection, series_ids: Sequence[str], *, model: str, replayed: bool
) -> list[Job]:
    """Refits as of a submission, once more with the figures known by then that were recorded after it.

    A figure orders refits as of figures alone: one that was known before a submission and recorded after it
    would else be missing in the forecast that stands.
    """
    return [
        refit(series_id, vintage, model, figures=figures, priority=BACKGROUND, replayed=replayed)
        for series_id, vintage, figures in standing_forecasts.outrun(connection, series_ids, model=model)
    ]


def _pairs(
    connection: Connection,
    series_ids: set[str],
    *,
    model: str,
    as_of: dt.datetime | None = None,
    forecaster: str | None = None,
) -> dict[tuple[str, str], list[Paired]]:
    """Figures that a forecaster and the portfolio both foretold, by series and forecaster, by one query."""
    found: dict[tuple[str, str], list[Paired]] = defaultdict(list)
    for pair in submitted_scores.paired(
        connection, portfolio=model, as_of=as_of, forecaster=forecaster, among_series=series_ids
    ):
        found[pair.series_id, pair.said.forecaster].append(pair)
    return found
