"""Refits: a claimed job ends in forecasts, or stands with its error; nothing is fitted twice or forgotten."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from forecasting.months import Month, Span
from services.ingestion.figures import ArrivingFigure
from services.storage import forecasts, jobs, series
from services.storage.jobs import MOST_RUNS, Job
from services.storage.series import SeriesRecord
from services.usecases.record_observations import REFRESH, record_observations, refit
from services.usecases.refresh_forecasts import refresh_forecasts

NOW = dt.datetime(2025, 7, 1, 12, tzinfo=dt.UTC)
LEASE = dt.timedelta(minutes=10)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord("S", "A series", "t")], now=NOW)
        record_observations(
            connection,
            [
                ArrivingFigure(step, "S", Span(Month.parse("2020-01") + step), 100.0 + step % 12, "t")
                for step in range(60)
            ],
            source="test",
            now=NOW,
            budget=0.1,
            portfolio="standard",
            history=True,
        )
    yield engine
    engine.dispose()


def job(engine: Engine) -> Job:
    with engine.connect() as connection:
        return jobs.listed(connection)[0]


def test_a_history_orders_one_refit_and_it_is_published_once(engine: Engine) -> None:
    """The job ends done, with the portfolio's forecast and the judging one as of its vintage, and no more."""
    assert refresh_forecasts(engine, now=NOW, lease=LEASE).published == 2
    assert refresh_forecasts(engine, now=NOW, lease=LEASE).published == 0
    assert job(engine).status == "done"
    with engine.connect() as connection:
        for model in ("standard", forecasts.judging("standard")):
            published = forecasts.published(connection, "S", model=model)
            assert [each.vintage for each in published] == [NOW]
            assert published[0].origin == Month.parse("2024-12")


def test_a_worker_that_dies_leaves_its_job_to_the_lease(engine: Engine) -> None:
    """A claim that is never settled cannot be taken before its lease ends, and is due after it."""
    with engine.begin() as connection:
        assert len(jobs.claim(connection, REFRESH, now=NOW, lease=LEASE, limit=9)) == 1
    assert refresh_forecasts(engine, now=NOW + LEASE / 2, lease=LEASE).published == 0
    assert refresh_forecasts(engine, now=NOW + LEASE, lease=LEASE).published == 2


def test_a_poison_job_stops_and_is_shown(engine: Engine) -> None:
    """A job whose fit fails each time is tried MOST_RUNS times, then failed for good with its error."""
    with engine.begin() as connection:
        jobs.finish(connection, [job(engine).id or 0], now=NOW)
        jobs.add(connection, [refit("S", NOW, "no such portfolio")], now=NOW)
    now = NOW
    for _ in range(MOST_RUNS + 2):
        refresh_forecasts(engine, now=now, lease=LEASE)
        now += dt.timedelta(hours=1)
    poison = job(engine)
    assert (poison.status, poison.runs) == ("failed", MOST_RUNS)
    assert poison.error is not None
    assert "no such portfolio" in poison.error
