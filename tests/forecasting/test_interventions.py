"""Types of shocks: the prior at first sight, and what the months that follow make of it."""

from __future__ import annotations

import numpy as np
import pytest
from shock_cases import LEVEL, ORIGIN, before, shocked

from forecasting.shocks.counterfactual import counterfactual
from forecasting.shocks.interventions import Intervention, path, prior_of, typing

LAST = ORIGIN + 12
DOWN = (Intervention.AO, Intervention.LS, Intervention.TC)


def test_at_first_sight_the_prior_stands() -> None:
    """The onset alone moves no probability, however large the shock."""
    for figure in (4000.0, 100.0, 0.0):
        found = typing(counterfactual(before(), LAST), np.array([figure]), 0, "down")
        assert found.now == prior_of("down")
        assert found.months_seen == 1


@pytest.mark.parametrize("kind", DOWN)
def test_three_months_tell_a_clean_shock(kind: Intervention) -> None:
    """A shock of 60 % that follows its type's path exactly is named after three more months."""
    figures = LEVEL * np.exp(np.log(0.4) * path(kind, 4))
    found = typing(counterfactual(before(), LAST), figures, 0, "down")
    assert found.likeliest is kind
    assert sum(found.now.values()) == pytest.approx(1.0)


def test_a_rush_given_back_is_anticipation() -> None:
    """Up, then below the baseline for two months, is a rush and no other type."""
    figures = LEVEL * np.exp(np.log(2.0) * path(Intervention.ANTICIPATION, 4))
    found = typing(counterfactual(before(), LAST), figures, 0, "up")
    assert found.likeliest is Intervention.ANTICIPATION


def test_an_announced_measure_makes_a_rush_likelier() -> None:
    """With a dated measure ahead a rush is at least as likely as all else; downward nothing changes."""
    assert prior_of("up", measure_ahead=True)[Intervention.ANTICIPATION] == pytest.approx(0.5)
    assert prior_of("down", measure_ahead=True) == prior_of("down")


def test_months_not_held_are_no_evidence() -> None:
    """A gap after onset leaves the prior; later months still count."""
    figures = np.array([2000.0, np.nan, np.nan, 2000.0])
    found = typing(counterfactual(before(), LAST), figures, 0, "down")
    assert found.likeliest is Intervention.LS
    assert typing(counterfactual(before(), LAST), figures[:3], 0, "down").now == prior_of("down")


def test_accuracy_rises_with_the_months_seen() -> None:
    """Of noisy shocks of 20 to 80 % a third is named at first sight and four fifths after three months."""
    rng = np.random.default_rng(4)
    baseline = counterfactual(before(), LAST)
    right = np.zeros(4)
    cases = [(kind, size) for kind in DOWN for size in rng.uniform(0.2, 0.8, 40)]
    for kind, size in cases:
        figures = shocked(np.log(1 - size), path(kind, 4), rng)
        right += [typing(baseline, figures[:seen], 0, "down").likeliest is kind for seen in range(1, 5)]
    share = right / len(cases)
    assert share[0] == pytest.approx(1 / 3)
    assert share[0] < share[1] < share[3]
    assert share[3] >= 0.8
