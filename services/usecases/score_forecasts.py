"""Published forecasts are scored once their months are known: outside the transaction that recorded them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from forecasting.scoring import score_figure
from forecasting.vintages import series_as_of
from services.storage import forecasts, observations, scores
from services.storage.jobs import Job
from services.storage.scores import Pair, ScoreRow
from services.usecases.order_scoring import SCORE
from services.work.runner import Kind, Outcome, turn

BATCH = 16
"""Jobs under one claim."""

SERIES = 50
"""Series scored in one transaction."""

RETRY_AFTER = dt.timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Scored:
    """Outcome of one claim: jobs claimed, and rows of scores added."""

    claimed: int
    scores: int


def scorings(engine: Engine, *, lease: dt.timedelta) -> Kind[int]:
    """Scoring as a kind of work: jobs claimed together are one pass over their series.

    What is scored already is passed over, so that nothing is scored twice.
    """

    def work(claimed: Sequence[Job]) -> Outcome[int]:
        wanted = sorted({series_id for job in claimed for series_id in job.arguments["series"]})
        slices = (wanted[first : first + SERIES] for first in range(0, len(wanted), SERIES))
        return Outcome(sum(score_series(engine, some) for some in slices))

    return Kind(SCORE, work, lease=lease, again_after=RETRY_AFTER, batch=BATCH)


def score_due(engine: Engine, *, now: dt.datetime, lease: dt.timedelta) -> Scored:
    """One claim of due jobs, their series scored."""
    done = turn(engine, scorings(engine, lease=lease), clock=lambda: now)
    return Scored(len(done.claimed), sum(done.came_to))


def score_series(engine: Engine, series_ids: list[str]) -> int:
    """Score every forecast of the series against every figure it is not scored against; rows added."""
    with engine.begin() as connection:
        pairs: dict[int, list[Pair]] = defaultdict(list)
        for pair in scores.unscored(connection, series_ids):
            pairs[pair.forecast_id].append(pair)
        held = observations.history(connection, {each[0].series_id for each in pairs.values()})
        rows = [
            row
            for forecast_id, foretold in pairs.items()
            for row in _scored(connection, forecast_id, foretold, held[foretold[0].series_id])
        ]
        scores.add(connection, rows)
    return len(rows)


def _scored(
    connection: Connection,
    forecast_id: int,
    foretold: list[Pair],
    held: list[observations.ObservationRecord],
) -> list[ScoreRow]:
    """Scores of one forecast and of its members."""
    record = forecasts.by_id(connection, forecast_id)
    if record is None or record.forecast is None:
        return []
    known = (each.observation for each in held)
    history = series_as_of(record.series_id, record.forecast.unit, known, record.vintage)
    if history is None:
        return []
    voices = {"": record.forecast}
    voices |= {each.model: each for each in forecasts.member_forecasts(connection, forecast_id)}
    return [
        ScoreRow(
            forecast_id,
            pair.observation_id,
            record.series_id,
            record.model,
            member,
            score_figure(forecast, pair.span, pair.value, history),
        )
        for pair in foretold
        for member, forecast in voices.items()
    ]
