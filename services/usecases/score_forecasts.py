"""Published forecasts are scored once their months are known: outside the transaction that recorded them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, Engine

from forecasting.scoring import score_figure
from forecasting.vintages import series_as_of
from services.storage import forecasts, jobs, observations, scores
from services.storage.scores import Pair, ScoreRow
from services.usecases.order_scoring import SCORE

BATCH = 16
"""Jobs under one claim."""

SERIES = 50
"""Series scored in one transaction."""

RETRY_AFTER = dt.timedelta(seconds=30)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Scored:
    """Outcome of one claim: jobs claimed, and rows of scores added."""

    claimed: int
    scores: int


def score_due(engine: Engine, *, now: dt.datetime, lease: dt.timedelta) -> Scored:
    """Claim due jobs and score their series; a worker that dies leaves its claim to its lease.

    What is scored already is passed over, so that nothing is scored twice.
    """
    with engine.begin() as connection:
        claimed = jobs.claim(connection, SCORE, now=now, lease=lease, limit=BATCH)
    wanted = sorted({series_id for job in claimed for series_id in job.arguments["series"]})
    try:
        added = sum(
            score_series(engine, wanted[first : first + SERIES]) for first in range(0, len(wanted), SERIES)
        )
    except Exception as error:  # kept with the jobs, tried again, failed for good in the end
        log.exception("scoring failed", series=wanted)
        with engine.begin() as connection:
            for job in claimed:
                reason = f"{type(error).__name__}: {error}"
                jobs.retry(connection, job, due_at=now + RETRY_AFTER, error=reason)
        return Scored(len(claimed), 0)
    with engine.begin() as connection:
        jobs.finish(connection, [job.id for job in claimed if job.id is not None], now=now)
    return Scored(len(claimed), added)


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
