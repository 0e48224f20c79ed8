"""Live, rehearsed and offline are one step: the same figures are judged the same, whoever drives it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine

from alerts.episode_conditions import going
from alerts.episodes import standing_fields
from alerts.judging import ahead, judging
from forecasting import engine as forecasting_engine
from forecasting.forecast import HORIZON, LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.chronicle import Chapter
from forecasting.shocks.witnesses import steadied
from services.ingestion.figures import ArrivingFigure
from services.storage import (
    alert_events,
    alerts,
    forecasts,
    observations,
    series,
    standing_forecasts,
    verdicts,
)
from services.storage.beside import Beside
from services.storage.forecasts import ForecastRecord
from services.storage.series import SeriesRecord
from services.storage.standing_forecasts import Asked
from services.usecases.detect_panel import Judging, detect_panel
from services.usecases.record_observations import record_observations
from services.usecases.replay_figures import Past
from services.usecases.save_rule import save_rule

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
START = Month.of(2020, 1)
MODEL = forecasts.judging("standard")
RECORD = SeriesRecord("x__a", "x__a", "t")
BUDGET = 0.5
EVERY = {
    "name": "Every figure",
    "desk": "soy",
    "scope": {"series": [RECORD.id]},
    "condition": {"kind": "level", "below": 1e9},
}


def day(number: int) -> dt.datetime:
    return dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=number)


def publish(connection: Connection, forecast: Forecast, vintage: dt.datetime, published: dt.datetime) -> None:
    made = replace(forecast, series_id=RECORD.id, vintage=vintage, model=MODEL)
    record = ForecastRecord(RECORD.id, MODEL, made.origin, vintage, made, None, [], {}, published)
    forecasts.publish(connection, [record])


@pytest.mark.parametrize("seed", range(8))
def test_storage_and_memory_name_the_same_forecast(engine: Engine, seed: int) -> None:
    """Which forecast judges a figure, and which stood then, is the same asked in SQL and in memory."""
    random = np.random.default_rng(seed)
    with engine.connect() as connection:
        series.register(connection, [RECORD], now=NOW)
        for _ in range(int(random.integers(0, 12))):
            vintage = int(random.integers(0, 200))
            origin = START + int(random.integers(-2, 8))
            values = np.tile(random.uniform(500, 1500) + 100 * np.array(LEVELS), (HORIZON, 1))
            forecast = Forecast(RECORD.id, "t", origin, day(vintage), LEVELS, values, MODEL)
            publish(connection, forecast, day(vintage), day(vintage + int(random.integers(0, 60))))
        archive = standing_forecasts.archived(connection, [RECORD.id], model=MODEL)[RECORD.id]
        asked = [
            Asked(RECORD.id, day(known), Span(START + first))
            for known in range(0, 260, 13)
            for first in range(0, 10, 3)
        ]
        foretold = standing_forecasts.foretold_of(connection, [RECORD.id], model=MODEL)
        found = standing_forecasts.stood(connection, asked, model=MODEL, foretold=foretold)
        stored = standing_forecasts.judges(connection, [each.id for each in archive if each.id is not None])
        for figure, stood in zip(asked, found, strict=True):
            judge = judging(archive, figure.span, figure.known_from)
            assert stood.judge == (None if judge is None else judge.id)
            newest = ahead(archive, figure.known_from)
            assert (None if stood.ahead is None else stored[stood.ahead].forecast.vintage) == (
                None if newest is None else newest.vintage
            )
        connection.rollback()


def test_detect_and_rehearsal_say_what_live_said(engine: Engine) -> None:
    """Forty figures, shocks among them: verdict, change, record, rank and episode are the same from all."""
    noise = 0.06 * np.random.default_rng(3).standard_normal(40)
    values = 1000 * np.exp(0.2 * np.sin(np.arange(40) / 6 * np.pi) + noise)
    values[[25, 26, 34]] *= np.array([0.3, 0.4, 2.2])
    panel = Series(RECORD.id, "t", START, np.round(values, 3))
    with engine.connect() as connection:
        series.register(connection, [RECORD], now=NOW)
        save_rule(connection, "every", EVERY, now=NOW)
        for step in range(40):
            month = START + step
            known_from = dt.datetime.combine((month + 1).first_day, dt.time(), dt.UTC)
            if step > 12:
                history = panel.until(month - 1)
                (publication,) = forecasting_engine.publish(
                    [history], horizon=HORIZON, portfolio="seasonal_naive"
                )
                made = steadied(history, publication.forecast, horizon=HORIZON)
                assert made is not None
                vintage = dt.datetime.combine(month.first_day, dt.time(), dt.UTC)
                publish(connection, made, vintage, vintage + dt.timedelta(hours=1))
            arrives = ArrivingFigure(1, RECORD.id, Span(month), float(panel.values[step]), "t", known_from)
            record_observations(
                connection, [arrives], source="test", now=NOW, budget=BUDGET, portfolio="standard"
            )
        live = {each.span: each.verdict for each in verdicts.listed(connection, RECORD.id)}
        rows = observations.history(connection, [RECORD.id])[RECORD.id]
        archive = standing_forecasts.archived(connection, [RECORD.id], model=MODEL)[RECORD.id]
        said = _episodes_said(connection)
        beside = Beside(connection, desk=None, shipped={})
        past = Past(RECORD, rows, archive, budget=BUDGET, needs={"following"}, beside=beside)
        rehearsed = past.facts(START + 13, START + 39)
        connection.rollback()
    offline = detect_panel([panel], Judging(START + 13, BUDGET, 1, "seasonal_naive")).set_index("month")
    assert {"shock_down", "shock_up"} <= {each.detection.verdict for each in rehearsed}
    for facts in rehearsed:
        verdict = live[facts.span]
        assert facts.detection == verdict.detection
        assert (facts.records, facts.change_records) == (verdict.records, verdict.change_records)
        assert (facts.change_month, facts.change_year) == (verdict.change_month, verdict.change_year)
        assert facts.rank_in_month == verdict.rank_in_month
        row = offline.loc[str(facts.span)]
        assert (row["verdict"], row["reason"]) == (verdict.detection.verdict, verdict.detection.reason)
        assert row["surprise"] == verdict.detection.surprise
        assert (row["change_month"], row["change_year"]) == (facts.change_month, facts.change_year)
        assert (row["record"] if facts.records else None) == (
            facts.records[0].direction if facts.records else None
        )
        found = going(facts)
        episode = standing_fields(found) if isinstance(found, Chapter) else None
        assert said[str(facts.span)] == episode
        if episode is None:
            assert row["episode_status"] not in {"open", "recovering", "reopened"}
        else:
            columns = _columns(episode)
            assert {name: row[name] for name in columns} == columns
    assert {each["status"] for each in said.values() if each is not None} >= {"open", "closed"}


def _episodes_said(connection: Connection) -> dict[str, Any]:
    """What the messages of the one alert said of its series' episode, by period."""
    (heard,) = alerts.of_series(connection, [RECORD.id])
    told = [each.payload["data"] for each in alert_events.of_alert(connection, heard.state.id)]
    return {each["period"]: each["episode"] for each in told}


def _columns(episode: Mapping[str, Any]) -> dict[str, Any]:
    """What a message says of an episode, as the columns of detect name it."""
    lost = episode["shortfall"]
    return {
        "episode_id": episode["id"],
        "episode_status": episode["status"],
        "episode_trough": episode["trough"]["period"],
        "episode_recovered_share": episode["recovered_share"],
        "episode_months_under": episode["months_under"],
        "episode_shortfall": lost["value"],
        "episode_shortfall_lower": lost["lower"],
        "episode_shortfall_upper": lost["upper"],
        **{f"p_{kind}": weight for kind, weight in episode["types"]["now"].items()},
    }
