"""The engine: every series gets a forecast or a reason, whatever it holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from forecasting.engine import publish
from forecasting.ensemble import around
from forecasting.errors import ModelFailedError, UnknownModelError
from forecasting.forecast import LEVELS, Forecast
from forecasting.gate import refusal
from forecasting.months import Month, Span
from forecasting.publication import Fit
from forecasting.series import Series, Total, monthly

START = Month.of(2015, 1)
VINTAGE = dt.datetime(2025, 5, 20, tzinfo=dt.UTC)


def seasonal(months: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    step = np.arange(months)
    return 100 * np.exp(0.3 * np.sin(2 * np.pi * step / 12) + 0.05 * rng.standard_normal(months))


def test_standard_portfolio_follows_the_season() -> None:
    """A clean seasonal series is forecast within its own noise, by every member."""
    truth = seasonal(138)
    (published,) = publish([Series("s", "t", START, truth[:120])], vintage=VINTAGE)
    assert published.forecast is not None
    assert published.reason is None
    assert published.forecast.vintage == VINTAGE
    assert published.forecast.levels == LEVELS
    assert np.abs(published.forecast.median / truth[120:] - 1).mean() < 0.08
    assert sum(member.weight for member in published.members) == pytest.approx(1)


def test_one_month_is_enough_and_said() -> None:
    """One held month gives a wide forecast around it, and the publication says that it is a prior."""
    (published,) = publish([Series("s", "t", START, np.array([50.0]))])
    assert published.forecast is not None
    assert published.reason is not None
    assert published.reason.startswith("1 month held")
    low, high = published.forecast.quantile(0.1)[0], published.forecast.quantile(0.9)[0]
    assert low < 45
    assert high > 55


def test_total_of_two_months_is_used_as_a_sum() -> None:
    """A pair far above the months around it lifts both of its filled months, which add up to it."""
    from forecasting.models.state_space import fill  # noqa: PLC0415  statsmodels

    figures = [(Span(START + step), 100.0) for step in range(30) if step not in (12, 13)]
    series = monthly("s", "t", [*figures, (Span(START + 12, 2), 400.0)])
    filled = fill(series)
    assert filled.values[12:14].sum() == pytest.approx(400.0)
    assert (filled.values[12:14] > 120).all()


def test_scattered_series_is_as_wide_as_the_models_that_read_gaps() -> None:
    """Filled months must not make the forecast narrower than the state-space model's own."""
    values = seasonal(96)
    values[np.random.default_rng(2).random(96) < 0.5] = np.nan
    values[[0, -1]] = 100.0
    (published,) = publish([Series("s", "t", START, values)])
    (own,) = publish([Series("s", "t", START, values)], portfolio="local_level")
    assert published.forecast is not None
    assert own.forecast is not None
    assert published.reason is not None
    assert "not held on their own" in published.reason

    def width(forecast: object) -> float:
        return float(np.log(forecast.quantile(0.9)[0] / forecast.quantile(0.1)[0]))  # type: ignore[attr-defined]  # a Forecast

    assert width(published.forecast) == pytest.approx(width(own.forecast), rel=0.01)


@pytest.mark.parametrize("share", [0.016, 0.0155])
def test_scattered_series_that_faded_keeps_a_width(share: float) -> None:
    """Where members let a fall go on to 0, the interval there is as wide upwards as the honest model's own.

    From 1000 to about 55 (or 85) in 60 months, 14 of them missing; the last months ahead have a median of 0.
    """
    rng = np.random.default_rng(0)
    values = 1000 * (1 - share * np.arange(60)) * np.exp(0.05 * rng.standard_normal(60))
    values[rng.choice(np.arange(1, 59), 14, replace=False)] = np.nan
    (published,) = publish([Series("s", "t", START, values)])
    assert published.forecast is not None
    own = next(member.forecast for member in published.members if member.name == "local_level")
    assert own is not None
    median, upper = published.forecast.median, published.forecast.quantile(0.9)
    assert (np.diff(published.forecast.values, axis=1) >= 0).all()
    assert (published.forecast.values >= 0).all()
    assert median[-1] == 0
    fallen = median < own.median / 2
    np.testing.assert_allclose((upper - median)[fallen], (own.quantile(0.9) - own.median)[fallen])
    assert upper[-1] > values[-1] / 5


def test_a_width_in_proportion_ends_where_the_median_is_far_below() -> None:
    """From two thirds of its own median upwards in proportion, from half downwards whole; no jump between."""
    centre = np.array([0.0, 1.0, 50.0, 200 / 3, 100.0, 150.0])
    own = Forecast("s", "t", START, None, (0.1, 0.5, 0.9), np.tile([80.0, 100.0, 130.0], (6, 1)), "own")
    moved = around(centre, own, in_proportion=True)
    np.testing.assert_allclose(moved[:, 2] - centre, [30, 30, 30, 20, 30, 45])
    np.testing.assert_allclose(centre - moved[:, 0], [20, 20, 20, 40 / 3, 20, 30])
    np.testing.assert_allclose(around(centre, own, in_proportion=False)[:, 2] - centre, 30)
    path = np.linspace(0, 150, 601)
    flat = Forecast("s", "t", START, None, (0.1, 0.5, 0.9), np.tile([80.0, 100.0, 130.0], (601, 1)), "own")
    assert np.abs(np.diff(around(path, flat, in_proportion=True)[:, 2] - path)).max() < 0.2


def test_series_of_totals_below_zero_is_forecast_below_zero() -> None:
    """Totals say whether a series may be below zero as months do: 20 pairs of about -200."""
    pairs = [(Span(START + 2 * place, 2), -200.0 - place % 3) for place in range(20)]
    (published,) = publish([monthly("s", "t", pairs)])
    assert published.forecast is not None
    np.testing.assert_allclose(published.forecast.median, -100, atol=10)
    assert (published.forecast.quantile(0.9) - published.forecast.quantile(0.1) > 5).all()


def test_one_total_below_zero_is_enough_to_go_below_zero() -> None:
    """40 months around 20 and one pair of -300: the lowest quantiles are not cut at 0."""
    months = [(Span(START + step), 20.0 + step % 5) for step in range(40)]
    (published,) = publish([monthly("s", "t", [*months, (Span(START + 40, 2), -300.0)])])
    assert published.forecast is not None
    assert (published.forecast.quantile(0.05) < 0).all()


def test_forecast_of_nothing_but_zeros_is_refused_by_totals_too() -> None:
    """The gate reads the totals of the last two years, and is silent where there is no figure in them."""
    zeros = Forecast("s", "t", START + 39, None, (0.1, 0.5, 0.9), np.zeros((3, 3)), "zeros")
    pairs = [(Span(START + 2 * place, 2), 200.0) for place in range(20)]
    assert refusal(monthly("s", "t", pairs), zeros) == "it forecasts nothing but zeros"
    long_ago = Series("s", "t", START, np.concatenate([seasonal(12), np.full(28, np.nan)]))
    assert refusal(long_ago, zeros) is None


def test_model_that_fails_is_left_out_with_its_reason() -> None:
    """A fit that is cut off is named with its reason, and the rest of the batch goes on."""

    def cut_smoothing(fit: Fit) -> Forecast:
        if fit.model == "ets_damped_log":
            raise ModelFailedError(fit.model, fit.series_id, "no end after 5 s")
        return fit.run()

    (published,) = publish([Series("s", "t", START, seasonal(60))], guard=cut_smoothing)
    assert published.forecast is not None
    assert published.members[0].left_out == "no end after 5 s"
    assert published.members[0].weight == 0


def test_what_the_gate_refuses_is_told_apart_from_what_fails() -> None:
    """A forecast far out of reach is refused, with its reason; a fit that raises is left out alone."""

    def astray(fit: Fit) -> Forecast:
        if fit.model == "theta":
            raise ModelFailedError(fit.model, fit.series_id, "no end after 5 s")
        made = fit.run()
        return replace(made, values=made.values * 1e3) if fit.model == "ets_damped_log" else made

    (published,) = publish([Series("s", "t", START, seasonal(60))], guard=astray)
    told = {member.name: (member.refused, member.left_out) for member in published.members}
    refused, reason = told["ets_damped_log"]
    assert refused
    assert "times the largest figure held" in (reason or "")
    assert told["theta"] == (False, "no end after 5 s")


def test_series_without_figures_gets_a_reason() -> None:
    """A series of nothing but missing months has no forecast, and says so."""
    (published,) = publish([Series("s", "t", START, np.array([np.nan, np.nan]))])
    assert published.forecast is None
    assert published.reason == "no figure is held"


@pytest.mark.parametrize(("empty", "said"), [(6, "the last 6 months are"), (1, "the last month is")])
def test_empty_months_before_a_forecast_are_said(empty: int, said: str) -> None:
    """A forecast that begins after months not held says how many, and which month is the last figure."""
    values = np.concatenate([seasonal(60), np.full(empty, np.nan)])
    (published,) = publish([Series("s", "t", START, values)], portfolio="fast")
    assert published.reason is not None
    assert published.reason.startswith(f"{said} not held: the forecast begins after {START + 59 + empty}")
    assert published.reason.endswith(f"{START + 59} is the last figure")
    pair = Series("s", "t", START, values, (Total(Span(START + 60, empty), 100.0 * empty),))
    assert publish([pair], portfolio="fast")[0].reason is None


def test_unknown_portfolio_is_refused() -> None:
    """A name that is neither portfolio nor model is refused before any fit, and the known ones are named."""
    with pytest.raises(UnknownModelError, match="standard"):
        publish([], portfolio="oracle")
