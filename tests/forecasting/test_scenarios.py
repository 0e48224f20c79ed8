"""Scenarios: branches by type, and a mixture that is their mixture."""

from __future__ import annotations

import numpy as np
import pytest
from shock_cases import LEVEL, ORIGIN, before, shocked

from forecasting.forecast import LEVELS
from forecasting.shocks.counterfactual import counterfactual
from forecasting.shocks.interventions import Intervention, path, typing
from forecasting.shocks.scenarios import Scenarios, mixture, scenarios
from forecasting.shocks.tails import tails

BASELINE = counterfactual(before(), ORIGIN + 12)


def follow(figures: list[float]) -> Scenarios:
    held = np.array(figures)
    return scenarios(BASELINE, held, 0, typing(BASELINE, held, 0, "down"))


def test_each_branch_is_its_story() -> None:
    """After a halving, one month returns to the baseline, a step stays at half, a fading one lies between."""
    found = follow([LEVEL / 2])
    medians = {branch.intervention: branch.forecast.median[0] for branch in found.branches}
    assert medians[Intervention.AO] == pytest.approx(LEVEL, rel=0.03)
    assert medians[Intervention.LS] == pytest.approx(LEVEL / 2, rel=0.05)
    assert medians[Intervention.LS] < medians[Intervention.TC] < medians[Intervention.AO]
    assert sum(branch.weight for branch in found.branches) == pytest.approx(1.0)
    assert found.mixture.origin == ORIGIN + 1
    assert found.mixture.horizon == 11


def test_the_mixture_has_the_mixed_probabilities() -> None:
    """At each quantile of the mixture the branches' weighted probabilities add up to its level."""
    found = follow([LEVEL / 2])
    row = found.mixture.values[2]
    below = sum(
        branch.weight * tails(row, np.tile(branch.forecast.values[2], (len(row), 1)), LEVELS).lower
        for branch in found.branches
    )
    assert below == pytest.approx(LEVELS, abs=0.01)


def test_a_mixture_of_one_is_that_one() -> None:
    """A forecast mixed with itself is the same forecast."""
    alone = before()
    assert mixture([alone, alone], [0.3, 0.7]).values == pytest.approx(alone.values, rel=2e-3)


@pytest.mark.long  # 14 s: 120 mixtures
def test_the_month_after_lies_in_the_mixture() -> None:
    """The 95 % interval holds the month after at least 85 % of the time, whatever the type was."""
    rng = np.random.default_rng(5)
    kinds = (Intervention.AO, Intervention.LS, Intervention.TC)
    hits = []
    for number in range(120):
        figures = shocked(np.log(1 - rng.uniform(0.3, 0.8)), path(kinds[number % 3], 2), rng)
        low, high = np.interp([0.025, 0.975], LEVELS, follow([figures[0]]).mixture.values[0])
        hits.append(low <= figures[1] <= high)
    assert np.mean(hits) >= 0.85


def test_a_month_of_nothing_has_scenarios() -> None:
    """A figure of zero gives finite, non-negative branches."""
    found = follow([0.0])
    assert np.isfinite(found.mixture.values).all()
    assert (found.mixture.values >= 0).all()
