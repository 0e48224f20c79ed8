"""Forecasts of witnesses are kept by the figures that they are made of: the same bits, made once."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.months import Month
from forecasting.series import Series
from forecasting.shocks import witnesses
from forecasting.shocks.witnesses import steadied
from services.usecases import kept_witnesses
from services.usecases.kept_witnesses import witnessed


def made(seed: int, count: int, start: str = "2015-03") -> Series:
    random = np.random.default_rng(seed)
    values = random.lognormal(7, 0.4, count) * (1 if seed % 3 else random.choice([-1, 1], count))
    values[random.random(count) < 0.1] = np.nan
    return Series(f"s{seed}", "t", Month.parse(start), values)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("reach", [1, 4, 18])
def test_what_is_kept_is_what_is_made(seed: int, reach: int) -> None:
    """First and second answer are what the witnesses say of that very series, to the last bit."""
    series = made(seed, 1 + 11 * seed)
    expected = steadied(series, None, horizon=reach)
    for found in (witnessed(series, reach), witnessed(series, reach)):
        assert (found is None) == (expected is None)
        if found is None or expected is None:
            continue
        assert (found.series_id, found.unit, found.origin) == (series.id, "t", series.end)
        assert (found.levels, found.model) == (expected.levels, expected.model)
        assert found.values.tobytes() == expected.values.tobytes()


def test_a_mix_is_made_once_of_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second asking makes nothing; other figures or another reach are made anew."""
    asked: list[int] = []

    def counted(*given: object, horizon: int) -> object:
        asked.append(horizon)
        return witnesses.mixed(*given, horizon=horizon)  # type: ignore[arg-type]  # as it is called

    kept_witnesses._mix.cache_clear()
    monkeypatch.setattr(kept_witnesses, "mixed", counted)
    series = made(1, 60)
    for _ in range(3):
        witnessed(series, 2)
    assert asked == [2]
    witnessed(series, 3)
    witnessed(series.until(series.end - 1), 2)
    assert asked == [2, 3, 2]
    kept_witnesses._mix.cache_clear()


@pytest.mark.parametrize("count", range(1, 40))
def test_the_median_is_numpys(count: int) -> None:
    """The median of witnesses' errors is that of NumPy, to the last bit."""
    values = np.random.default_rng(count).normal(0, 1, count)
    assert witnesses._median(values) == float(np.median(values))
