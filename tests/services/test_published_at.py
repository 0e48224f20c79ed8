"""What was published later was not known: a forecast counts from the moment it came out."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from api_stage import MAGNETS, Stage, assert_problem
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from alerts.judging import judging
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from services.ingestion.figures import ArrivingFigure
from services.storage import forecasts, series, tables, verdicts
from services.storage.forecasts import ForecastRecord
from services.storage.series import SeriesRecord
from services.usecases.record_observations import record_observations

BEGAN = dt.datetime(2025, 5, 1, tzinfo=dt.UTC)
MAY = Span(Month.parse("2025-05"))


def day(number: int) -> dt.datetime:
    return BEGAN + dt.timedelta(days=number)


def made(vintage: int, published: int, level: float, *, model: str = "standard") -> ForecastRecord:
    """A forecast of 18 months from May 2025 on, made of what was known on one day and out on another."""
    values = np.tile(level + 100 * np.array(LEVELS), (18, 1))
    forecast = Forecast(MAGNETS, "t", MAY.first - 1, day(vintage), LEVELS, values, model)
    return ForecastRecord(MAGNETS, model, MAY.first - 1, day(vintage), forecast, None, [], {}, day(published))


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20)), max_size=12),
    st.integers(0, 60),
)
def test_no_forecast_judges_what_was_known_before_it_came_out(
    drawn: list[tuple[int, int]], first_known: int
) -> None:
    """In whatever order they were published, the judge is the newest vintage that was out by then."""
    archive = sorted(
        (made(vintage, vintage + took, vintage) for vintage, took in drawn),
        key=lambda each: each.vintage,
        reverse=True,
    )
    judge = judging(archive, MAY, day(first_known))
    out = [
        each for each in archive if each.vintage < day(first_known) and each.published_at < day(first_known)
    ]
    assert judge is (out[0] if out else None)


def test_a_revision_is_judged_by_the_forecast_of_its_first_print(stage: Stage) -> None:
    """One that was published between the print and its revision judges neither."""
    model = forecasts.judging("standard")
    stage.register()
    with stage.engine.begin() as connection:
        forecasts.publish(connection, [made(19, 20, 4000, model=model)])
    stage.upload({"month": "2025-05", "value": 1238, "known_from": day(40).isoformat()})
    with stage.engine.begin() as connection:
        forecasts.publish(connection, [made(30, 45, 9000, model=model)])
    stage.upload({"month": "2025-05", "value": 1300, "known_from": day(50).isoformat()})
    told = stage.client.get(f"/v1/series/{MAGNETS}/verdicts").json()["items"]
    assert [each["expected"] for each in told] == [4050, 4050]
    assert len({each["forecast_id"] for each in told}) == 1
    with stage.engine.begin() as connection:
        assert verdicts.judges(connection, [MAGNETS], [MAY.first]) == {(MAGNETS, MAY): told[0]["forecast_id"]}


def test_a_print_that_no_forecast_judged_keeps_none(stage: Stage) -> None:
    """Where nothing was out when a month was first known, its revision is not judged by what came later."""
    stage.register()
    stage.upload({"month": "2025-05", "value": 1238, "known_from": day(40).isoformat()})
    with stage.engine.begin() as connection:
        forecasts.publish(connection, [made(30, 35, 4000, model=forecasts.judging("standard"))])
    stage.upload({"month": "2025-05", "value": 1300, "known_from": day(50).isoformat()})
    told = stage.client.get(f"/v1/series/{MAGNETS}/verdicts").json()["items"]
    assert {each["verdict"] for each in told} == {"not_judged"}


def test_as_of_a_moment_nothing_is_answered_that_came_out_later(stage: Stage) -> None:
    """As of a day the forecast is the one that was out, and before the first one none, with a word on why."""
    stage.register()
    stage.upload({"month": "2025-04", "value": 2626, "known_from": day(19).isoformat()})
    with stage.engine.begin() as connection:
        forecasts.publish(connection, [made(19, 22, 4000), made(21, 31, 9000)])
    path = f"/v1/series/{MAGNETS}/forecasts"

    def median(number: int) -> float:
        steps = stage.client.get(path, params={"as_of": day(number).isoformat()}).json()["steps"]
        return float(steps[0]["quantiles"]["0.5"])

    assert [median(22), median(30), median(31)] == [4050, 4050, 9050]
    early = stage.client.get(path, params={"as_of": day(20).isoformat()})
    assert "had been published" in assert_problem(early, 404, "not-found")["detail"]


@pytest.mark.parametrize("seed", range(6))
def test_publishing_figures_and_revisions_in_any_order(engine: Engine, seed: int) -> None:
    """Forty random events: each verdict names the newest forecast that was out before its first print."""
    random = np.random.default_rng(seed)
    model = forecasts.judging("standard")
    archive: list[tuple[int, int, int]] = []
    first_print: dict[Span, int | None] = {}
    expected: dict[tuple[Span, dt.datetime], int | None] = {}
    with engine.connect() as connection:
        series.register(connection, [SeriesRecord(MAGNETS, MAGNETS, "t")], now=BEGAN)
        for today in np.sort(random.choice(np.arange(40, 200), 40, replace=False)).tolist():
            if random.random() < 0.5:
                vintage = today - int(random.integers(0, 30))
                record = made(vintage, today, 1000.0 + today, model=model)
                if forecasts.publish(connection, [record]):
                    newest = connection.execute(select(func.max(tables.forecasts.c.id))).scalar_one()
                    archive.append((vintage, today, newest))
                continue
            span = Span(MAY.first + int(random.integers(0, 1 + (today - 40) // 25)))
            known_from = day(max(today, (span.first.first_day - BEGAN.date()).days + 1))
            figure = ArrivingFigure(1, MAGNETS, span, float(today), "t", known_from)
            if any(at >= known_from for of, at in expected if of == span):
                continue
            record_observations(
                connection, [figure], source="t", now=day(400), budget=0.1, portfolio="standard"
            )
            out = [each for each in archive if day(max(each[:2])) < known_from]
            if span not in first_print:
                first_print[span] = max(out, key=lambda each: (each[0], each[2]))[2] if out else None
            expected[span, known_from] = first_print[span]
        said = {
            (each.span, each.known_from): each.verdict.forecast_id
            for each in verdicts.listed(connection, MAGNETS)
        }
        connection.rollback()
    assert said == expected
    assert len({each for each in said.values() if each is not None}) > 1
