"""The chronicle of a series: one shock after another, each in its own episode or in the last."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from shock_cases import LEVEL, ORIGIN, after, before

from forecasting.months import Span
from forecasting.series import Series, Total
from forecasting.shocks.chronicle import FOLLOWED, Shock, ahead, chapter, chronicle, figures
from forecasting.shocks.counterfactual import counterfactual
from forecasting.shocks.episodes import Status
from forecasting.shocks.interventions import Intervention

FIRST = Shock(Span(ORIGIN + 1), "down", before())


def later(months: int) -> Shock:
    return Shock(Span(ORIGIN + months), "down", replace(before(), origin=ORIGIN + months - 1))


def test_a_shock_within_an_episode_begins_none() -> None:
    """The second month below belongs to the episode of the first, in whatever order they are given."""
    series = after([2000.0, 1500.0, 5000.0])
    (found,) = chronicle(series, [later(2), FIRST])
    assert found.episode.onset == FIRST.span
    assert found.episode.trough_value == 1500.0
    assert found.followed


def test_a_shock_after_recovery_begins_the_next() -> None:
    """A shock long after closing is an episode of its own, and the first is followed no further."""
    series = after([2000.0, *[LEVEL] * 7, 2000.0])
    first, second = chronicle(series, [FIRST, later(9)])
    assert (first.episode.status, first.followed) == (Status.CLOSED, False)
    assert (second.episode.status, second.followed) == (Status.OPEN, True)
    assert first.followed_to == first.episode.closed == ORIGIN + 3
    (alone,) = chronicle(series, [FIRST, later(9)], only=Span(ORIGIN + 9))
    assert alone.episode == second.episode


def test_what_is_closed_counts_no_further() -> None:
    """Figures long after closing change nothing of an episode or its types, however low they are."""
    then = chapter(after([2000.0, 5000.0, 5000.0]), FIRST)
    now = chapter(after([2000.0, *[5000.0] * 6, 3000.0]), FIRST)
    assert (now.episode, now.types, now.followed_to) == (then.episode, then.types, then.followed_to)
    assert (then.followed, now.followed) == (True, False)


def test_a_new_level_is_followed_for_two_years() -> None:
    """What does not recover ends in its last state after 24 months, and the next shock is another."""
    series = after([2000.0] * 30 + [500.0])
    first, second = chronicle(series, [FIRST, later(31)])
    assert (first.episode.status, first.followed) == (Status.OPEN, False)
    assert first.followed_to == FIRST.span.last + FOLLOWED
    assert first.types.likeliest is Intervention.LS
    assert second.episode.onset == Span(ORIGIN + 31)


def test_later_figures_do_not_move_an_onset() -> None:
    """Onsets found as of a month are among those found as of every later month."""
    series = after([2000.0, LEVEL, LEVEL, 4700.0, 1500.0, LEVEL, LEVEL, LEVEL])
    shocks = [FIRST, later(5)]
    found = [
        [each.shock.span for each in chronicle(series.until(ORIGIN + seen), shocks)] for seen in range(1, 9)
    ]
    assert all(before == now[: len(before)] for before, now in itertools.pairwise(found))


def test_a_shock_that_is_not_held_begins_nothing() -> None:
    """A figure withdrawn since, or one its forecast does not reach, is no onset."""
    assert chronicle(after([np.nan, LEVEL]), [FIRST]) == []
    assert chronicle(after([2000.0] * 3), [Shock(Span(ORIGIN + 3), "down", before(2))]) == []


def test_a_pair_is_typed_as_its_two_months() -> None:
    """A total of two months that began an episode is split by the baseline and typed like two months."""
    values = np.concatenate([np.full(12, LEVEL), [np.nan, np.nan, 2000.0, 2100.0]])
    series = Series("magnets", "t", ORIGIN - 11, values, (Total(Span(ORIGIN + 1, 2), 4000.0),))
    (found,) = chronicle(series, [Shock(Span(ORIGIN + 1, 2), "down", before())])
    assert found.types.likeliest is Intervention.LS
    assert found.types.months_seen == 4


def test_a_total_beside_one_of_its_months_leaves_that_month_as_it_is() -> None:
    """Only what is left of a total is split: the month held alone keeps its figure, and the sum is met."""
    values = np.concatenate([np.full(12, LEVEL), [2000.0, np.nan, np.nan]])
    totals = (Total(Span(ORIGIN + 1, 2), 5000.0), Total(Span(ORIGIN + 1, 3), 9000.0))
    series = Series("magnets", "t", ORIGIN - 11, values, totals)
    assert figures(series, counterfactual(before(), series.end)) == pytest.approx([2000.0, 3000.0, 4000.0])


def test_a_relapse_stays_in_the_episode_once_it_closed_again() -> None:
    """Two dips within three months of closing are one episode, before and after its second closing."""
    series = after([2000.0, LEVEL, LEVEL, 1500.0, LEVEL, LEVEL, LEVEL])
    for seen in range(4, 8):
        (found,) = chronicle(series.until(ORIGIN + seen), [FIRST, later(4)])
        assert found.episode.trough_value == 1500.0
        assert found.episode.shortfall == pytest.approx(6500.0, rel=0.1)


def test_the_branches_go_on_from_the_last_figure() -> None:
    """The scenarios begin after the last figure and weigh what the types weigh now."""
    series = after([2000.0, 2000.0, 2100.0])
    (found,) = chronicle(series, [FIRST])
    told = ahead(found, 6)
    assert told.mixture.first == series.end + 1
    assert told.mixture.horizon == 6
    assert sum(branch.weight for branch in told.branches) == pytest.approx(1.0)
    assert told.mixture.median[0] < 0.7 * LEVEL
