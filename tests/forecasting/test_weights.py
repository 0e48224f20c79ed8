"""Learned weights: shares by what a series looks like, the same in any unit, for any series there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting import portfolios
from forecasting.engine import publish
from forecasting.errors import ModelFailedError
from forecasting.forecast import Forecast
from forecasting.learned_weights import LEARNED
from forecasting.months import Month
from forecasting.plans import plan
from forecasting.publication import Fit
from forecasting.series import Series
from forecasting.weights import FEATURES, SHORTEST, features, read, shipped

NAMES = [name for name in ("fast", "standard", "full") if portfolios.portfolio(name).learned]
START = Month.parse("2010-01")


def series(values: np.ndarray) -> Series:
    return Series("S", "t", START, np.asarray(values, dtype=float))


def drawn(seed: int, months: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    month = np.arange(months)
    return np.exp(0.3 * np.sin(2 * np.pi * month / 12) + 0.004 * month + rng.normal(0, 0.2, months))


EXTREME = {
    "constant": np.full(60, 5.0),
    "zeros": np.zeros(60),
    "one spike": np.r_[np.zeros(40), 1e12, np.zeros(19)],
    "negative": -drawn(0, 60),
    "tiny": 1e-9 * drawn(1, 60),
    "huge": 1e12 * drawn(2, 60),
    "a year repeated": np.tile(np.arange(1.0, 13.0), 5),
    "fifty years": drawn(3, 600),
    "two years": drawn(4, 24),
    "one month": np.array([3.0]),
}


@pytest.mark.parametrize("values", EXTREME.values(), ids=EXTREME)
@pytest.mark.parametrize("name", NAMES)
def test_weights_are_shares_of_the_votes_whatever_the_series(name: str, values: np.ndarray) -> None:
    """Each member has some, they are finite, and together they are the portfolio's votes."""
    chosen = portfolios.portfolio(name)
    weights = shipped(name).of(series(values), chosen.votes)
    assert tuple(weights) == tuple(chosen.weights)
    assert min(weights.values()) > 0
    assert sum(weights.values()) == pytest.approx(chosen.votes)


@given(st.integers(0, 10_000), st.integers(SHORTEST, 200), st.floats(1e-9, 1e12))
def test_a_unit_changes_no_weight(seed: int, months: int, unit: float) -> None:
    """What a series looks like is the same in tonnes and in kilograms."""
    values = drawn(seed, months) - (seed % 2)  # every other one is not above zero throughout
    np.testing.assert_allclose(
        features(series(unit * values)), features(series(values)), rtol=1e-6, atol=1e-6
    )


def test_the_features_say_what_they_are_named_for() -> None:
    """A season, growth, and noise each show in their own feature."""

    def seen(values: np.ndarray) -> dict[str, float]:
        return dict(zip(FEATURES, features(series(values)).tolist(), strict=True))

    month = np.arange(96)
    noise = np.random.default_rng(5).normal(0, 0.1, 96)
    plain, seasonal = seen(np.exp(noise)), seen(np.exp(noise + np.sin(2 * np.pi * month / 12)))
    growing, shrinking = seen(np.exp(noise + 0.01 * month)), seen(np.exp(noise - 0.01 * month))
    louder, longer = seen(np.exp(3 * noise)), seen(np.exp(np.tile(noise, 2)))
    assert seasonal["season"] > plain["season"] + 2
    assert growing["drift"] > 0.5 > -0.5 > shrinking["drift"]
    assert min(growing["drift either way"], shrinking["drift either way"]) > 0.5
    assert louder["yearly noise"] == pytest.approx(plain["yearly noise"] + np.log(3), abs=1e-4)
    assert longer["length"] == pytest.approx(plain["length"] + np.log(2))
    assert (plain["positive"], seen(noise)["positive"]) == (1, 0)


def test_a_short_series_has_the_usual_weights() -> None:
    """Below SHORTEST months what the series looks like is not asked."""
    learned = shipped("standard")
    usual = np.exp(learned.table[0]) / np.exp(learned.table[0]).sum()
    given_ = learned.of(series(drawn(6, SHORTEST - 1)), 3.0)
    np.testing.assert_allclose(list(given_.values()), 3 * usual)
    assert learned.of(series(drawn(6, SHORTEST)), 3.0) != given_


@pytest.mark.parametrize("name", NAMES)
def test_what_ships_is_of_the_members_and_features_there_are(name: str) -> None:
    """The table has a row for each feature and one for none, and a column for each member."""
    learned = shipped(name)
    assert learned.members == tuple(portfolios.portfolio(name).weights)
    assert learned.table.shape == (1 + len(FEATURES), len(learned.members))
    assert list(LEARNED[name]["seen"]) == list(LEARNED[name]["table"])[1:] == list(FEATURES)
    assert (learned.spread > 0).all()


def test_a_plan_has_the_weights_of_its_series() -> None:
    """Two series that look unlike each other are weighed unlike each other, by what was filled."""
    asked = portfolios.portfolio("standard")
    seasonal, gap = drawn(7, 96), drawn(8, 96)
    gap[40] = np.nan
    one, other = plan(series(seasonal), asked), plan(series(gap), asked)
    assert one.chosen.weights == shipped("standard").of(one.filled, asked.votes)
    assert other.chosen.weights == shipped("standard").of(other.filled, asked.votes)
    assert one.chosen.weights != other.chosen.weights


def test_a_member_that_fails_leaves_its_share_to_the_others() -> None:
    """Weights of those that passed stand to each other as the table has them."""

    def guard(fit: Fit) -> Forecast:
        if fit.model == "theta":
            raise ModelFailedError("theta", fit.series_id, "it was told to")
        return fit.run()

    held = series(drawn(9, 96))
    (made,) = publish([held], horizon=6, guard=guard)
    weights = {member.name: member.weight for member in made.members}
    learned = shipped("standard").of(held, 1.0)
    assert weights["theta"] == weights["global_trees"] == 0
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["mstl_damped_log"] / weights["ets_level_log"] == pytest.approx(
        learned["mstl_damped_log"] / learned["ets_level_log"]
    )


def test_a_table_is_read_as_it_was_written() -> None:
    """What ``dump`` says makes the same weights again."""
    learned = shipped("full")
    again = read(learned.dump())
    assert again.of(series(drawn(1, 80)), 1.0) == learned.of(series(drawn(1, 80)), 1.0)
