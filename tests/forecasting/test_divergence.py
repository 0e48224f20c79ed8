"""Divergence: siblings that part beyond their history, and the restraint where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.divergence import divergence, divergences, last_parted, share

START = Month.of(2020, 1)
NOW = Span(START + 59)


def sibling(name: str, last: float, *, noise: int = 0) -> Series:
    values = 100 * np.exp(0.05 * np.random.default_rng(noise).standard_normal(60))
    values[59] = last * values[47]
    return Series(name, "t", START, values)


def test_siblings_that_part_beyond_their_history_are_named() -> None:
    """Ores up by a half while magnets are down by four tenths have parted, with both changes said."""
    found = divergence(sibling("ores", 1.5, noise=1), sibling("magnets", 0.6, noise=2), NOW)
    assert found is not None
    assert (found.higher, found.lower, found.opposite, found.parted) == ("ores", "magnets", True, True)
    assert (found.higher_change, found.lower_change) == pytest.approx((0.5, -0.4))
    assert found.gap == pytest.approx(math.log(1.5 / 0.6))
    assert "ores +50 % and magnets -40 %" in found.reason


def test_siblings_within_their_noise_have_not_parted() -> None:
    """Opposite signs alone are no divergence where gaps of that size are usual."""
    found = divergence(sibling("ores", 1.03, noise=1), sibling("magnets", 0.97, noise=2), NOW)
    assert found is not None
    assert found.opposite
    assert not found.parted


def test_the_order_of_the_two_does_not_matter() -> None:
    """A divergence is the same whichever series comes first."""
    ores, magnets = sibling("ores", 1.5, noise=1), sibling("magnets", 0.6, noise=2)
    assert divergence(ores, magnets, NOW) == divergence(magnets, ores, NOW)


def test_a_month_of_zero_is_no_change() -> None:
    """Zero a year before leaves the pair out, and zeros in the past their gaps, without a warning."""
    ores, magnets = sibling("ores", 1.5, noise=1), sibling("magnets", 0.6, noise=2)
    values = magnets.values.copy()
    values[20] = 0.0
    found = divergence(ores, Series("magnets", "t", START, values), NOW)
    assert found is not None
    assert found.gaps_held == 47 - 2
    values[47] = 0.0
    assert divergence(ores, Series("magnets", "t", START, values), NOW) is None


def test_a_short_history_gives_no_score() -> None:
    """With fewer than six earlier gaps there is no score; only large opposite changes have parted."""
    values = np.full(14, 100.0)
    ores = Series("ores", "t", START, np.where(np.arange(14) == 13, 160.0, values))
    magnets = Series("magnets", "t", START, np.where(np.arange(14) == 13, 62.0, values))
    found = divergence(ores, magnets, Span(START + 13))
    assert found is not None
    assert (found.score, found.gaps_held, found.parted) == (None, 1, True)
    assert divergence(ores, magnets, Span(START + 5)) is None


def test_a_family_is_read_pair_by_pair() -> None:
    """Of three siblings there are three pairs, the widest gap first; a part's share is of what all hold."""
    family = [sibling("a", 1.0, noise=1), sibling("b", 1.5, noise=2), sibling("c", 0.5, noise=3)]
    found = divergences(family, NOW)
    assert (found[0].higher, found[0].lower) == ("b", "c")
    assert len(found) == 3
    assert sum(share(each, family, NOW) or 0 for each in family) == pytest.approx(1.0)
    assert share(family[0], family, Span(START + 80)) is None


@pytest.mark.parametrize("seed", range(6))
def test_the_last_parting_is_the_last_month_that_is_judged_so(seed: int) -> None:
    """Looked for over all months at once it is the month that each month's own judgement finds."""
    noise = np.random.default_rng(seed)
    first = Month.of(2020, 1)
    family = []
    for name, months in (("a", 50), ("b", 46), ("c", 30)):
        values = 100 * np.exp(0.2 * noise.standard_normal(months))
        values[noise.random(months) < 0.15] = math.nan
        values[0] = values[-1] = 100.0
        family.append(Series(name, "t", first + (50 - months), values))
    last = first + 49
    judged = [first + step for step in range(50)]
    parted = [month for month in judged if any(each.parted for each in divergences(family, Span(month)))]
    assert parted
    assert last_parted(family, first, last) == parted[-1]
    assert last_parted(family, parted[-1] + 1, last) is None
    assert last_parted(family, first, parted[-1] - 1) == (parted[-2] if len(parted) > 1 else None)
