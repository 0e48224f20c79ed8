"""After a shock the outlook knows of it: between what lasts and what passes, and wider than either."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.interventions import Intervention
from forecasting.shocks.outlook import outlook

START, ONSET = Month.parse("2020-01"), Month.parse("2025-05")
MADE = dt.datetime(2025, 5, 20, tzinfo=dt.UTC)


def before(months: int = 18) -> Forecast:
    """4,000 t a month, 80 % interval about 3,500 to 4,600 t, made before the onset."""
    spread = np.exp(0.107 * np.array([-1.96, -1.2816, -0.6745, 0.0, 0.6745, 1.2816, 1.96]))
    levels = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
    values = np.tile(np.interp(LEVELS, levels, 4000 * spread), (months, 1))
    return Forecast("s", "t", ONSET - 1, MADE, LEVELS, values, "standard")


def known(value: float) -> Series:
    """65 months around 4,000 t that end with the figure of the onset."""
    return Series("s", "t", START, np.append(np.full(ONSET.since(START), 4000.0), value))


@pytest.mark.parametrize(("value", "side"), [(1200.0, "down"), (9000.0, "up")])
def test_the_outlook_lies_between_what_lasts_and_what_passes(value: float, side: str) -> None:
    """A lasting shock stays near its figure, one that passes goes back, and the mixture holds both."""
    found = outlook(before(), known(value), Span(ONSET), "down" if side == "down" else "up")
    assert found is not None
    middle = {each.intervention: float(each.forecast.median[0]) for each in found.branches}
    assert middle[Intervention.LS] == pytest.approx(value, rel=0.1)
    assert middle[Intervention.AO] == pytest.approx(4000, rel=0.02)
    low, high = sorted((value, 4000.0))
    assert low < middle[Intervention.TC] < high
    assert low <= found.mixture.median[0] <= high
    assert sum(each.weight for each in found.branches) == pytest.approx(1)
    assert found.mixture.quantile(0.9)[0] - found.mixture.quantile(0.1)[0] > 1100


def test_a_forecast_that_ends_with_the_figure_says_nothing_of_the_next() -> None:
    """Where the stored path does not reach the month after there is no outlook."""
    assert outlook(before(1), known(1200.0), Span(ONSET), "down") is None


def test_a_figure_that_is_not_held_gives_no_outlook() -> None:
    """The onset itself must be known."""
    assert outlook(before(), known(np.nan), Span(ONSET), "down") is None
