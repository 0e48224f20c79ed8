"""What every registered model owes: the same promises, whatever its history looks like."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.errors import GlobalModelError, ModelFailedError, SeriesTooShortError
from forecasting.models import global_trees, registry
from forecasting.models.protocol import Model
from forecasting.models.state_space import fill
from forecasting.months import Month, Span
from forecasting.series import Series, monthly

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
START = Month.of(2001, 1)
HORIZON = 6
SLOW = {"arima", "prophet", "airline"}
"""They take seconds on 72 months, and minutes on 600."""

STEP = np.arange(600)
NOISE = np.random.default_rng(7).standard_normal(600)
SEASONAL = 100 * np.exp(0.2 * np.sin(2 * np.pi * STEP / 12) + 0.05 * NOISE)


def series_of(values: np.ndarray) -> Series:
    return Series("s", "t", START, values)


def gapped() -> np.ndarray:
    values = SEASONAL[:72].copy()
    values[[3, 20, 21, 22, 50]] = np.nan
    return values


def spiked() -> np.ndarray:
    values = SEASONAL[:72].copy()
    values[40] *= 20
    return values


CASES = {
    "constant": np.full(60, 5.0),
    "zeros": np.zeros(60),
    "spike": spiked(),
    "gaps": gapped(),
    "tiny": SEASONAL[:72] * 1e-9,
    "huge": SEASONAL[:72] * 1e12,
    "negative": SEASONAL[:72] - 130,
    "trend": SEASONAL[:72] + 5.0 * STEP[:72],
    "1 point": SEASONAL[:1],
    "2 points": SEASONAL[:2],
    "5 points": SEASONAL[:5],
    "long": SEASONAL,
}


@pytest.fixture(scope="module")
def trees() -> Model:
    panel = [
        Series(f"s{place}", "t", START, SEASONAL[place : place + 120] * (1 + place)) for place in range(20)
    ]
    return global_trees.train(panel, seed=1)


NAMES = (*registry.names(), *global_trees.NAMES)


def model_of(name: str, trees: Model) -> Model:
    assert isinstance(trees, global_trees.GlobalTrees)
    return trees.named[name] if name in global_trees.NAMES else registry.model(name)


def values_of(model: Model, values: np.ndarray) -> np.ndarray | None:
    series = series_of(values)
    try:
        return model.forecast(series if model.takes_gaps else fill(series), HORIZON, LEVELS).values
    except (SeriesTooShortError, ModelFailedError):
        return None


def every_pair() -> list[object]:
    """Each model with each case; of the slow ones `make test` sees those that differ most."""
    quick = {"gaps", "1 point", "5 points"}
    return [
        pytest.param(name, case, marks=[pytest.mark.long] if name in SLOW and case not in quick else [])
        for name in NAMES
        for case in CASES
    ]


@pytest.mark.parametrize(("name", "case"), every_pair())
def test_model_is_finite_and_monotone_or_says_why_not(name: str, case: str, trees: Model) -> None:
    """Any history gives finite quantiles that do not cross, or a typed refusal, and no warning."""
    values = values_of(model_of(name, trees), CASES[case])
    if values is None:
        assert case in {"1 point", "2 points", "5 points", "zeros", "constant"}
        return
    assert values.shape == (HORIZON, len(LEVELS))
    assert np.isfinite(values).all()
    assert (np.diff(values, axis=1) >= 0).all()


EACH = [pytest.param(name, marks=[pytest.mark.long] if name == "airline" else []) for name in NAMES]
"""Every model; the one that takes ten seconds a fit is seen by `make test` in every_pair alone."""


@pytest.mark.parametrize("name", EACH)
def test_model_is_scale_equivariant(name: str, trees: Model) -> None:
    """Kilograms instead of tonnes change nothing but the unit."""
    model = model_of(name, trees)
    tonnes, kilograms = values_of(model, SEASONAL[:72]), values_of(model, SEASONAL[:72] * 1024)
    assert tonnes is not None
    assert kilograms is not None
    np.testing.assert_allclose(kilograms / 1024, tonnes, rtol=1e-3)


@pytest.mark.parametrize("name", EACH)
def test_model_neither_reads_nor_moves_the_global_generator(name: str, trees: Model) -> None:
    """Whatever numpy's global generator holds, the forecast is the same, and it holds the same afterwards."""
    model = model_of(name, trees)
    np.random.seed(1)  # noqa: NPY002  the generator under test
    first = values_of(model, SEASONAL[:60])
    np.random.seed(2)  # noqa: NPY002  the generator under test
    before = np.random.get_state()[1].copy()  # noqa: NPY002  the generator under test
    second = values_of(model, SEASONAL[:60])
    assert first is not None
    np.testing.assert_array_equal(first, second)
    after = np.random.get_state()[1]  # noqa: NPY002  the generator under test
    np.testing.assert_array_equal(before, after)


def test_saved_global_model_forecasts_the_same(trees: Model) -> None:
    """Global models read back from their bytes give the same numbers, to the last bit."""
    assert isinstance(trees, global_trees.GlobalTrees)
    again = global_trees.GlobalTrees.load(trees.dump())
    assert tuple(again.named) == global_trees.NAMES
    for name, model in trees.named.items():
        np.testing.assert_array_equal(
            values_of(model, SEASONAL[:72]), values_of(again.named[name], SEASONAL[:72])
        )


def test_growth_goes_on_by_its_whole_drift(trees: Model) -> None:
    """Where a series grew each year alike, the drifting model lets it grow further than the other one."""
    assert isinstance(trees, global_trees.GlobalTrees)
    grown = SEASONAL[:72] * 1.01 ** np.arange(72)
    plain, drifting = (values_of(model, grown) for model in trees.named.values())
    assert plain is not None
    assert drifting is not None
    middle = plain.shape[1] // 2
    assert drifting[-1, middle] > plain[-1, middle] > grown[-12:].mean()


def test_same_seed_trains_the_same_global_model(trees: Model) -> None:
    """Training twice, in another order of the panel, gives the same bytes."""
    panel = [
        Series(f"s{place}", "t", START, SEASONAL[place : place + 120] * (1 + place)) for place in range(20)
    ]
    assert isinstance(trees, global_trees.GlobalTrees)
    assert global_trees.train(panel[::-1], seed=1).dump() == trees.dump()


@pytest.mark.parametrize("before", [SEASONAL[:102], np.zeros(102)], ids=["stopped", "begun"])
def test_global_model_whose_error_nothing_measures_is_refused(before: np.ndarray) -> None:
    """20 series that all stopped, or all began, in the last 18 months: the error says so and what to add."""
    after = np.where(np.arange(18) == 9, 0.0, SEASONAL[:18])
    panel = [series_of(np.concatenate([before, after])) for _ in range(20)]
    with pytest.raises(GlobalModelError, match=r"each of 20 series .* add series that go on as before"):
        global_trees.train(panel, seed=1)


@pytest.mark.parametrize("name", registry.names())
def test_months_that_come_in_totals_each_year_are_forecast(name: str) -> None:
    """January and February of five years as sums alone: the next two are near half a sum, and not nothing."""
    months = [*range(2, 12)]
    figures = [(Span(START + 12 * year + month), 1100.0 + 7 * month) for year in range(5) for month in months]
    sums = [(Span(START + 12 * year, 2), 2200.0 + 10 * year) for year in range(5)]
    series = monthly("s", "t", [*figures, *sums])
    model = registry.model(name)
    forecast = model.forecast(series if model.takes_gaps else fill(series), 3, LEVELS)
    np.testing.assert_allclose(forecast.median, [1110, 1110, 1114], rtol=0.1)
    width = forecast.quantile(0.9) - forecast.quantile(0.1)
    assert (width < 700).all()
