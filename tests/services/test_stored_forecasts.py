"""Published forecasts in the store: each number comes back as it was, and many are found as one would be."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Engine

from forecasting.forecast import Forecast
from forecasting.months import Month
from services.storage import forecasts, series
from services.storage.forecasts import ForecastRecord
from services.storage.series import SeriesRecord

BEGAN = dt.datetime(2025, 5, 1, tzinfo=dt.UTC)
ORIGIN = Month.parse("2025-04")
LEVELS = (0.1, 0.5, 0.9)


def made(
    series_id: str,
    values: NDArray[np.float64],
    *,
    vintage: int = 0,
    published: int = 0,
    members: int = 0,
    model: str = "standard",
) -> ForecastRecord:
    """A forecast as of a day, out on another; each of its members says one more than the one before."""
    seen = BEGAN + dt.timedelta(days=vintage)
    forecast = Forecast(series_id, "t", ORIGIN, seen, LEVELS, values, model)
    heard = tuple(replace(forecast, values=values + step, model=f"member {step}") for step in range(members))
    named = [{"name": each.model, "median": each.median.tolist()} for each in heard]
    out = BEGAN + dt.timedelta(days=published)
    return ForecastRecord(
        series_id, model, ORIGIN, seen, forecast, None, named, {}, out, member_forecasts=heard
    )


def registered(engine: Engine, *series_ids: str) -> None:
    with engine.begin() as connection:
        series.register(connection, [SeriesRecord(each, each, "t") for each in series_ids], now=BEGAN)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param((-1.5, 0.0, 7.0), id="negative and whole"),
        pytest.param((2e-308, 0.1 + 0.2, 1.7e308), id="the ends of what a float holds"),
        pytest.param((1e-9, 123456789.123456789, 1e12), id="large and small"),
    ],
)
def test_every_number_comes_back_as_it_was(engine: Engine, row: tuple[float, float, float]) -> None:
    """Quantiles are read bit for bit."""
    values = np.array([row, row])
    registered(engine, "S")
    with engine.begin() as connection:
        forecasts.publish(connection, [made("S", values)])
        found = forecasts.latest(connection, "S", model="standard")
    assert found is not None
    assert found.forecast is not None
    assert found.forecast.values.tobytes() == values.tobytes()


def test_members_are_kept_in_single_precision(engine: Engine) -> None:
    """What each member said comes back in its order, to the seven digits that are kept of it."""
    values = np.array([[-1.5, 0.0, 123456789.123], [1e-9, 1.0, 1e12]])
    registered(engine, "S")
    with engine.begin() as connection:
        forecasts.publish(connection, [made("S", values, members=2)])
        found = forecasts.latest(connection, "S", model="standard")
        assert found is not None
        assert found.id is not None
        heard = forecasts.member_forecasts(connection, found.id)
    for said, given in zip(heard, (values, values + 1), strict=True):
        np.testing.assert_allclose(said.values, given, rtol=1e-6)


def test_one_that_could_not_be_made_has_no_numbers(engine: Engine) -> None:
    """A record with a reason and without a forecast is stored beside others in one go."""
    registered(engine, "S", "T")
    absent = replace(made("S", np.ones((1, 3))), forecast=None, reason="no figures")
    with engine.begin() as connection:
        assert forecasts.publish(connection, [absent, made("T", np.ones((1, 3)))]) == 2
        found = forecasts.latest(connection, "S", model="standard")
    assert found is not None
    assert (found.forecast, found.reason) == (None, "no figures")


def test_the_latest_of_each_is_the_latest_of_one(engine: Engine) -> None:
    """For many series at once, at every moment, what is found is what asking for each finds."""
    drawn = np.random.default_rng(7)
    names = [f"S{number}" for number in range(6)]
    registered(engine, *names, "none")
    archive = []
    for number in range(40):
        vintage, took = int(drawn.integers(0, 20)), int(drawn.integers(0, 9))
        model = "standard" if drawn.random() < 0.8 else "fast"
        name = names[int(drawn.integers(0, 6))]
        values = np.full((2, 3), float(number))
        archive.append(made(name, values, vintage=vintage, published=vintage + took, model=model))
    with engine.begin() as connection:
        forecasts.publish(connection, archive)
        for moment in (None, *(BEGAN + dt.timedelta(days=day) for day in range(0, 30, 3))):
            together = forecasts.latest_of_each(connection, [*names, "none"], model="standard", as_of=moment)
            singly = {
                name: one
                for name in names
                if (one := forecasts.latest(connection, name, model="standard", as_of=moment)) is not None
            }
            assert {name: one.id for name, one in together.items()} == {
                name: one.id for name, one in singly.items()
            }
