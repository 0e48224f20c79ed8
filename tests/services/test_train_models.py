"""Training across the installation: ordered once a slot, point in time, and used by the refits after it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from sqlalchemy import Engine

from forecasting import calibration
from forecasting.models import global_trees
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shipped import SHIPPED
from services.ingestion.figures import ArrivingFigure
from services.storage import forecasts, jobs, series, trained_models
from services.storage.series import SeriesRecord
from services.storage.trained_models import TrainedModel
from services.usecases import train_models as training
from services.usecases.learned import learned_as_of
from services.usecases.order_training import TRAIN, order_training
from services.usecases.record_observations import record_observations
from services.usecases.refresh_forecasts import refresh_forecasts
from services.usecases.train_models import train_due, train_models
from services.work import queue

NOW = dt.datetime(2025, 7, 1, 12, tzinfo=dt.UTC)
LEASE = dt.timedelta(minutes=10)
START = Month.parse("2018-01")


def fill(engine: Engine, count: int, months: int = 72, known_from: dt.datetime = NOW) -> None:
    """Series of seasonal noise, all known from one moment."""
    rng = np.random.default_rng(7)
    season = np.sin(np.arange(months) * np.pi / 6)
    names = [f"S{number:03}" for number in range(count)]
    paths = 100 * np.exp(0.3 * season + 0.1 * rng.standard_normal((count, months)))
    figures = [
        ArrivingFigure(row, name, Span(START + step), float(paths[row, step]), "t", known_from=known_from)
        for row, name in enumerate(names)
        for step in range(months)
    ]
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord(name, name, "t") for name in names], now=NOW)
        record_observations(
            connection, figures, source="test", now=NOW, budget=0.1, portfolio="fast", history=True
        )


def path(number: int, months: int = 72) -> np.ndarray:
    """A season with a little noise."""
    noise = 0.1 * np.random.default_rng(number).standard_normal(months)
    return np.asarray(100 * np.exp(0.3 * np.sin(np.arange(months) * np.pi / 6) + noise))


def made(day: int, model: bytes | None, table: bytes | None) -> TrainedModel:
    """A training of that day after NOW, whose version is its number."""
    moment = NOW + dt.timedelta(days=day)
    return TrainedModel(str(day), moment, "fast", 24, model, table, (), {}, moment)


def order(engine: Engine, now: dt.datetime = NOW) -> int | None:
    with engine.begin() as connection:
        return order_training(connection, now=now, portfolio="fast")


def test_two_clocks_order_one_training(engine: Engine) -> None:
    """Nothing is ordered for an empty archive; a slot once, the next, or a doubled archive, anew."""
    assert order(engine) is None
    fill(engine, 2)
    assert order(engine) is not None
    assert order(engine) is None
    assert order(engine, NOW + dt.timedelta(days=7)) is not None
    fill(engine, 6)
    assert order(engine) is not None


def test_too_few_series_end_the_job_with_the_reason(engine: Engine) -> None:
    """A small installation's training is done, nothing is stored, and the job says what was missing."""
    fill(engine, 2)
    order(engine)
    trained = train_due(engine, now=NOW, lease=LEASE)
    assert trained is not None
    assert (trained.global_model, trained.calibration) == (None, None)
    with engine.connect() as connection:
        (job,) = (each for each in jobs.listed(connection) if each.kind == TRAIN)
        assert trained_models.newest(connection) == trained_models.Newest(None, None)
    assert job.status == "done"
    assert job.note is not None
    assert "Global model: 2 series of 50 months or more" in job.note
    assert "Calibration: 2 series were scored; 100 are needed" in job.note


def test_a_refit_uses_what_was_trained_and_names_it(engine: Engine) -> None:
    """Before a training the service publishes without; after it the global model has weight and version."""
    fill(engine, 24)
    assert refresh_forecasts(engine, now=NOW, lease=LEASE).published > 0
    trained = train_models(engine, now=NOW, portfolio="fast")
    later = NOW + dt.timedelta(days=1)
    with engine.begin() as connection:
        record_observations(
            connection,
            [ArrivingFigure(0, "S000", Span(START + 72), 110.0, "t")],
            source="test",
            now=later,
            budget=0.1,
            portfolio="fast",
        )
    while refresh_forecasts(engine, now=later, lease=LEASE).claimed:
        pass
    with engine.connect() as connection:
        after, before = forecasts.published(connection, "S000", model="fast")
    weights = [
        {each["name"]: each["weight"] for each in one.members}["global_trees"] for one in (before, after)
    ]
    assert weights == [0.0, 0.5]
    assert before.versions["global_model"] == "none"
    assert after.versions["global_model"] == trained.version
    assert after.versions["calibration"] == "shipped"


def test_a_refit_never_uses_a_model_trained_as_of_a_later_moment(engine: Engine) -> None:
    """As of a moment before its vintage a model is not there, whenever it was trained; as of it, it is."""
    fill(engine, 24)
    trained = train_models(engine, now=NOW + dt.timedelta(days=9), portfolio="fast")
    assert trained.vintage == NOW
    with engine.connect() as connection:
        assert learned_as_of(connection, NOW - dt.timedelta(seconds=1)).global_model is None
        learned = learned_as_of(connection, NOW)
        assert learned.versions("fast")["global_model"] == trained.version
        assert learned.global_model is learned_as_of(connection, NOW).global_model


def test_a_training_whose_fits_take_too_long_keeps_what_else_it_learned(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the bound of a batch there is no calibration and the note says why; the global model stands."""
    fill(engine, 24)
    monkeypatch.setattr(training, "BATCH_SECONDS", 0.0)
    trained = train_models(engine, now=NOW, portfolio="fast")
    assert trained.global_model is not None
    assert trained.calibration is None
    assert trained.notes[1].startswith("Calibration: the fits of one batch took more than 0 s together")


def test_a_training_without_a_calibration_leaves_the_one_that_stands(engine: Engine) -> None:
    """Each of the two is the newest that was made, under the version of the training that made it."""
    table = SHIPPED.dump()
    trees = global_trees.train([Series(f"S{n}", "t", START, path(n)) for n in range(24)], 0).dump()
    with engine.begin() as connection:
        for day, (model, own) in enumerate([(None, table), (trees, table), (trees, None), (None, table)]):
            trained_models.add(connection, made(day, model, own))
    newest = []
    with engine.connect() as connection:
        for day in range(-1, 4):
            learned = learned_as_of(connection, NOW + dt.timedelta(days=day))
            said = learned.versions("fast")
            newest.append((said["global_model"], said["calibration"]))
            assert (learned.global_model is None) == (said["global_model"] == "none")
            assert learned.calibration("standard") is None
    assert newest == [("none", "shipped"), ("none", "0"), ("1", "1"), ("2", "1"), ("2", "3")]


def test_intervals_are_learned_from_what_was_published(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A series whose forecast of 18 months ago was published is scored by it; any other is refitted."""
    monkeypatch.setattr(calibration, "FEWEST_SERIES", 5)
    fill(engine, 6, months=44)
    while refresh_forecasts(engine, now=NOW, lease=LEASE).claimed:
        pass
    later = NOW + dt.timedelta(days=560)
    figures = [
        ArrivingFigure(step, f"S{number:03}", Span(START + 44 + step), 100.0 + step, "t", known_from=later)
        for number in range(5)
        for step in range(18)
    ]
    with engine.begin() as connection:
        record_observations(
            connection, figures, source="test", now=later, budget=0.1, portfolio="fast", history=True
        )
    said = [train_models(engine, now=later, portfolio=each).notes[1] for each in ("fast", "standard")]
    assert said[0].endswith(": 5 of forecasts that were published then, 1 refitted.")
    assert said[1].endswith(": 0 of forecasts that were published then, 6 refitted.")


def test_what_becomes_known_later_changes_no_training_of_the_past(engine: Engine) -> None:
    """Trained as of a moment, the model is the same whether or not later figures are held already."""
    fill(engine, 24)
    before = train_models(engine, now=NOW, portfolio="fast", as_of=NOW)
    with engine.begin() as connection:
        record_observations(
            connection,
            [ArrivingFigure(step, "S000", Span(START + 72 + step), 9e9, "t") for step in range(12)],
            source="test",
            now=NOW + dt.timedelta(days=40),
            budget=0.1,
            portfolio="fast",
            history=True,
        )
    again = train_models(engine, now=NOW + dt.timedelta(days=41), portfolio="fast", as_of=NOW)
    assert again.version == before.version
    assert train_models(engine, now=NOW + dt.timedelta(days=41), portfolio="fast").version != before.version


def test_a_worker_that_dies_in_training_leaves_it_to_the_lease(engine: Engine) -> None:
    """A claimed training cannot be taken before its lease ends, and is done after it."""
    fill(engine, 2)
    order(engine)
    with engine.begin() as connection:
        assert len(queue.claim(connection, TRAIN, now=NOW, lease=LEASE, limit=1)) == 1
    assert train_due(engine, now=NOW + LEASE / 2, lease=LEASE) is None
    assert train_due(engine, now=NOW + LEASE, lease=LEASE) is not None
