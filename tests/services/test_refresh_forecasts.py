"""Refits: a claimed job ends in forecasts, or stands with its error; nothing is fitted twice or forgotten."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine

from forecasting.engine import publish
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.weights import edition
from services.ingestion.figures import ArrivingFigure
from services.storage import forecasts, jobs, series
from services.storage.jobs import Job
from services.storage.series import SeriesRecord
from services.usecases import refresh_forecasts as refresh_module
from services.usecases.order_refits import REFRESH, refit
from services.usecases.record_observations import record_observations
from services.usecases.refresh_forecasts import refits, refresh_forecasts
from services.work import queue
from services.work.queue import MOST_RUNS
from services.work.runner import turn

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


def test_a_release_does_not_wait_behind_an_archive(engine: Engine) -> None:
    """The refit of a figure that arrives goes before those of a history that was loaded earlier."""
    later = NOW + dt.timedelta(minutes=5)
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord("T", "Another", "t")], now=later)
        arriving = [ArrivingFigure(0, "T", Span(Month.parse("2025-05")), 90.0, "t")]
        record_observations(connection, arriving, source="test", now=later, budget=0.1, portfolio="standard")
    with engine.begin() as connection:
        claimed = [
            queue.claim(connection, REFRESH, now=later, lease=LEASE, limit=1)[0].series_id for _ in range(2)
        ]
    assert claimed == ["T", "S"]


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


def test_a_forecast_counts_as_published_once_its_fits_are_done(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could have read it while they went on; and its job took as long as they did."""
    passed = dt.timedelta()

    def slow(*batch: Any, **how: Any) -> Any:
        nonlocal passed
        passed += dt.timedelta(seconds=20)
        return publish(*batch, **how)

    monkeypatch.setattr(refresh_module, "publish", slow)
    turn(engine, refits(engine, clock=lambda: NOW + passed, lease=LEASE), clock=lambda: NOW + passed)
    assert job(engine).seconds == 20
    with engine.connect() as connection:
        (made,) = forecasts.published(connection, "S", model="standard")
    assert made.published_at == NOW + dt.timedelta(seconds=20)


def test_a_worker_that_dies_leaves_its_job_to_the_lease(engine: Engine) -> None:
    """A claim that is never settled cannot be taken before its lease ends, and is due after it."""
    with engine.begin() as connection:
        assert len(queue.claim(connection, REFRESH, now=NOW, lease=LEASE, limit=9)) == 1
    assert refresh_forecasts(engine, now=NOW + LEASE / 2, lease=LEASE).published == 0
    assert refresh_forecasts(engine, now=NOW + LEASE, lease=LEASE).published == 2


def test_a_poison_job_stops_and_is_shown(engine: Engine) -> None:
    """A job whose fit fails each time is tried MOST_RUNS times, then failed for good with its error."""
    with engine.begin() as connection:
        queue.finish(connection, [job(engine).id or 0], now=NOW)
        jobs.add(connection, [refit("S", NOW, "no such portfolio")], now=NOW)
    now = NOW
    for _ in range(MOST_RUNS + 2):
        refresh_forecasts(engine, now=now, lease=LEASE)
        now += dt.timedelta(hours=1)
    poison = job(engine)
    assert (poison.status, poison.runs) == ("failed", MOST_RUNS)
    assert poison.error is not None
    assert "no such portfolio" in poison.error


def test_one_series_whose_fits_take_too_long_fails_with_the_reason(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone it has the bound of a batch: it is tried again, and failed for good in the end."""
    monkeypatch.setattr(refresh_module, "BATCH_SECONDS", 0.0)
    now = NOW
    for _ in range(MOST_RUNS):
        assert refresh_forecasts(engine, now=now, lease=LEASE).failed == 1
        now += dt.timedelta(hours=1)
    assert refresh_forecasts(engine, now=now, lease=LEASE).claimed == 0
    assert job(engine).status == "failed"
    assert job(engine).error == "BatchOverError: the fits of one batch took more than 0 s together"


def figures(series_id: str, first: str, months: int, known_from: dt.datetime) -> list[ArrivingFigure]:
    """Figures of consecutive months, all known from one moment."""
    start = Month.parse(first)
    return [
        ArrivingFigure(step, series_id, Span(start + step), 100.0 + step % 12, "t", known_from=known_from)
        for step in range(months)
    ]


def record(engine: Engine, arriving: list[ArrivingFigure], now: dt.datetime = NOW) -> None:
    with engine.begin() as connection:
        record_observations(
            connection, arriving, source="test", now=now, budget=0.1, portfolio="standard", history=True
        )


def test_only_the_culprit_of_a_batch_keeps_its_error(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch in which one series breaks the engine publishes the others, and that job alone is put back."""
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord(name, name, "t") for name in ("BAD", "GOOD")], now=NOW)
    record(engine, [*figures("BAD", "2020-01", 30, NOW), *figures("GOOD", "2020-01", 30, NOW)])

    def broken(batch: list[Series], **how: Any) -> Any:
        if any(known.id == "BAD" for known in batch):
            raise ZeroDivisionError("planted")
        return publish(batch, **how)

    monkeypatch.setattr(refresh_module, "publish", broken)
    done = refresh_forecasts(engine, now=NOW, lease=LEASE)
    assert (done.claimed, done.published, done.failed) == (3, 4, 1)
    with engine.connect() as connection:
        stood = {job.series_id: (job.status, job.error) for job in jobs.listed(connection)}
    assert stood["GOOD"] == stood["S"] == ("done", None)
    assert stood["BAD"] == ("pending", "ZeroDivisionError: planted")


def test_a_job_that_ended_its_worker_is_claimed_alone(engine: Engine) -> None:
    """Jobs never begun go first; one whose lease ran out comes after them and takes nobody along."""
    with engine.begin() as connection:
        queue.claim(connection, REFRESH, now=NOW, lease=LEASE, limit=9)
        series.register(connection, [SeriesRecord("NEW", "New", "t")], now=NOW)
    record(engine, figures("NEW", "2020-01", 30, NOW))
    later = NOW + LEASE
    assert refresh_forecasts(engine, now=later, lease=LEASE).claimed == 1
    with engine.connect() as connection:
        assert {each.series_id: each.status for each in jobs.listed(connection)} == {
            "NEW": "done",
            "S": "pending",
        }
    assert refresh_forecasts(engine, now=later, lease=LEASE).claimed == 1
    assert job(engine).status == "done"


def test_a_late_figure_remakes_the_newest_forecast(engine: Engine) -> None:
    """A figure known before the newest vintage but recorded after has that vintage forecast anew with it."""
    refresh_forecasts(engine, now=NOW, lease=LEASE)
    late = NOW - dt.timedelta(days=20)
    record(engine, figures("S", "2025-01", 3, late), NOW + dt.timedelta(days=1))
    refresh_forecasts(engine, now=NOW + dt.timedelta(days=1), lease=LEASE)
    with engine.connect() as connection:
        newest, before, first = forecasts.published(connection, "S", model="standard")
    assert (newest.vintage, newest.origin, newest.figures) == (NOW, Month.parse("2025-03"), 63)
    assert (before.vintage, before.origin, before.figures) == (NOW, Month.parse("2024-12"), 60)
    assert (first.vintage, first.figures) == (late, 3)


def test_another_month_known_from_the_same_moment_is_not_passed_over(engine: Engine) -> None:
    """A second release as of the newest vintage is refitted although that vintage was fitted before."""
    refresh_forecasts(engine, now=NOW, lease=LEASE)
    record(engine, figures("S", "2025-01", 1, NOW))
    assert refresh_forecasts(engine, now=NOW, lease=LEASE).published == 2
    with engine.connect() as connection:
        newest = forecasts.latest(connection, "S", model="standard")
    assert newest is not None
    assert newest.origin == Month.parse("2025-01")


def test_a_refit_says_what_new_and_revised_figures_moved(engine: Engine) -> None:
    """A new month with a revision of an old one: both are named, and the parts add up to the change."""
    refresh_forecasts(engine, now=NOW, lease=LEASE)
    later = NOW + dt.timedelta(days=30)
    again = replace(figures("S", "2024-11", 1, later)[0], value=300.0)
    record(engine, [*figures("S", "2025-01", 1, later), again], later)
    refresh_forecasts(engine, now=later, lease=LEASE)
    with engine.connect() as connection:
        newest, before = forecasts.published(connection, "S", model="standard")
    assert before.change is None
    told = newest.change
    assert told is not None
    assert told["against"] == before.id
    assert [each["span"] for each in told["figures"]] == ["2024-11", "2025-01"]
    parts = [np.array(told[part]) for part in ("before", "engine", "revisions", "news", "after")]
    np.testing.assert_allclose(sum(parts[:4]), parts[4])
    assert (parts[1] == 0).all()
    assert parts[2].any()
    assert parts[3].any()
    assert newest.forecast is not None
    np.testing.assert_allclose(parts[4], newest.forecast.median[: len(parts[4])])


def test_what_other_weights_move_is_no_news(engine: Engine) -> None:
    """Beside a forecast made with another edition of the weights, the engine's part is told apart."""
    refresh_forecasts(engine, now=NOW, lease=LEASE)
    between, later = NOW + dt.timedelta(days=1), NOW + dt.timedelta(days=30)
    with engine.begin() as connection:
        own = forecasts.latest(connection, "S", model="standard")
        assert own is not None
        assert own.forecast is not None
        assert own.versions["weights"] == edition()
        before = {**own.versions, "weights": "another"}
        moved = replace(own.forecast, values=own.forecast.values + 50.0)
        other = replace(own, forecast=moved, versions=before, vintage=between, published_at=between)
        assert forecasts.publish(connection, [other]) == 1
    record(engine, figures("S", "2025-01", 1, later), later)
    refresh_forecasts(engine, now=later, lease=LEASE)
    with engine.connect() as connection:
        newest = forecasts.latest(connection, "S", model="standard")
    assert newest is not None
    assert newest.change is not None
    np.testing.assert_allclose(newest.change["engine"], -50.0)
