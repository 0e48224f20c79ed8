"""Episodes: onset, trough, recovery, and a shortfall whose interval holds the loss."""

from __future__ import annotations

import numpy as np
import pytest
from shock_cases import LEVEL, ORIGIN, SPREAD, after, before, shocked

from forecasting.errors import HorizonError
from forecasting.months import Month, Span
from forecasting.series import Series, Total
from forecasting.shocks.episodes import Status, episode

ONSET = Span(ORIGIN + 1)
MAGNETS = [2626.0, 1238.0, 3188.0, 5577.0, 6146.0]


def test_the_magnets_from_onset_to_recovery() -> None:
    """Month by month the episode opens, reaches its trough, recovers and closes, as of each month."""
    states = [episode(after(MAGNETS[:seen]), before(), ONSET, "down") for seen in range(1, 6)]
    assert [state.status for state in states] == [
        Status.OPEN, Status.OPEN, Status.RECOVERING, Status.RECOVERING, Status.CLOSED,
    ]  # fmt: skip
    last = states[-1]
    assert (last.trough, last.trough_value, last.closed) == (
        Span(Month.of(2025, 5)),
        1238.0,
        Month.of(2025, 8),
    )
    assert last.months_under == 3
    assert last.last_counted == Month.of(2025, 6)
    assert last.shortfall == pytest.approx(3 * LEVEL - sum(MAGNETS[:3]), rel=0.02)
    assert last.shortfall_lower < last.shortfall < last.shortfall_upper


def test_a_past_state_does_not_know_the_future() -> None:
    """The state as of a month is the same whether or not later figures exist."""
    whole = after(MAGNETS)
    assert episode(whole.until(ORIGIN + 3), before(), ONSET, "down") == episode(
        after(MAGNETS[:3]), before(), ONSET, "down"
    )


def test_a_relapse_reopens_and_a_late_one_does_not() -> None:
    """A figure beyond the 95 % band within three months of closing reopens; in the fifth it is a new one."""
    soon = episode(after([2000.0, 5000.0, 5000.0, 5000.0, 1500.0]), before(), ONSET, "down")
    late = episode(
        after([2000.0, 5000.0, 5000.0, 5000.0, 5000.0, 5000.0, 5000.0, 1500.0]), before(), ONSET, "down"
    )
    assert (soon.status, soon.closed, soon.months_under) == (Status.REOPENED, None, 2)
    assert late.status is Status.CLOSED


def test_what_reopened_closes_again_with_its_second_loss() -> None:
    """After a relapse two figures inside the band close it once more, and both losses are counted."""
    found = episode(after([2000.0, 5000.0, 5000.0, 1500.0, 5000.0, 5000.0]), before(), ONSET, "down")
    assert (found.status, found.closed) == (Status.CLOSED, ORIGIN + 6)
    assert found.shortfall == pytest.approx(6500.0, rel=0.1)
    assert (found.trough, found.months_under, found.last_counted) == (Span(ORIGIN + 4), 2, ORIGIN + 4)


def test_an_upward_shock_is_an_excess() -> None:
    """An excess has a shortfall below zero and its trough is the highest figure."""
    found = episode(after([9000.0, 8000.0]), before(), ONSET, "up")
    assert found.shortfall < 0
    assert found.trough_value == 9000.0


def test_gaps_are_counted_and_no_loss_is_made_up_for_them() -> None:
    """A month not held adds no loss and is said to be missing."""
    found = episode(after([2000.0, np.nan, 2000.0]), before(), ONSET, "down")
    assert (found.months_missing, found.months_under) == (1, 2)
    assert found.shortfall == pytest.approx(6000.0, rel=0.03)


def test_a_pair_counts_as_two_months() -> None:
    """A published total of two months is one figure of the episode and two months of its loss."""
    values = np.concatenate([np.full(12, LEVEL), [2000.0, np.nan, np.nan]])
    series = Series("magnets", "t", ORIGIN - 11, values, (Total(Span(ORIGIN + 2, 2), 4000.0),))
    found = episode(series, before(), ONSET, "down")
    assert (found.months_under, found.months_missing) == (3, 0)
    assert found.shortfall == pytest.approx(9000.0, rel=0.03)


def beside(values: list[float], *totals: Total) -> Series:
    return Series("magnets", "t", ORIGIN - 11, np.concatenate([np.full(12, LEVEL), values]), totals)


def test_an_onset_inside_the_band_closes_like_any_other() -> None:
    """Where a revision lifts the onset into the band, the two figures after it close the episode."""
    for seen in (3, 4, 7):
        found = episode(after([4900.0] + [LEVEL] * (seen - 1)), before(), ONSET, "down")
        assert (found.status, found.closed) == (Status.CLOSED, ORIGIN + 3)
        assert found.last_counted == ONSET.last


def test_an_onset_above_what_was_expected_has_nothing_to_win_back() -> None:
    """A downward onset revised to above the median is recovered in full, whatever follows."""
    assert episode(after([5100.0, 5900.0]), before(), ONSET, "down").recovered_share == 1.0


@pytest.mark.parametrize(
    ("alone", "onset"),
    [
        ([2000.0, 1800.0, np.nan], ONSET),
        ([2000.0, np.nan, 2200.0], ONSET),
        ([2000.0, 1800.0, np.nan], Span(ORIGIN + 1)),
    ],
)
def test_a_total_beside_one_of_its_months_counts_once(alone: list[float], onset: Span) -> None:
    """A total of two months, one of which is held alone, is two months of loss and not three."""
    found = episode(beside(alone, Total(Span(ORIGIN + 2, 2), 4000.0)), before(), onset, "down")
    assert (found.months_under, found.months_missing) == (3, 0)
    assert found.shortfall == pytest.approx(9000.0, rel=0.03)


def test_an_onset_beside_its_own_total_counts_once() -> None:
    """A month that began an episode, or the pair that did, counts once where the other is held too."""
    held = beside([2000.0, np.nan, 2000.0], Total(Span(ORIGIN + 1, 2), 4500.0))
    for onset, under in ((ONSET, 3), (Span(ORIGIN + 1, 2), 3)):
        found = episode(held, before(), onset, "down")
        assert (found.months_under, found.months_missing) == (under, 0)
        assert found.shortfall == pytest.approx(3 * LEVEL - 6500, rel=0.03)


def test_totals_that_overlap_count_once() -> None:
    """Totals to date beside each other, and one around a month held alone, add up to the longest."""
    to_date = beside([np.nan] * 3, Total(Span(ORIGIN + 1, 2), 4000.0), Total(Span(ORIGIN + 1, 3), 6000.0))
    around = beside([np.nan, 2000.0, np.nan], Total(Span(ORIGIN + 1, 3), 6000.0))
    for series, onset in ((to_date, Span(ORIGIN + 1, 2)), (around, Span(ORIGIN + 1, 3))):
        found = episode(series, before(), onset, "down")
        assert (found.months_under, found.months_missing) == (3, 0)
        assert found.shortfall == pytest.approx(9000.0, rel=0.03)


def test_a_total_below_its_own_months_is_left_out() -> None:
    """A total smaller than the month held inside it says nothing of the other, which is missing."""
    found = episode(
        beside([2000.0, 3000.0, np.nan, 2000.0], Total(Span(ORIGIN + 2, 2), 2500.0)), before(), ONSET, "down"
    )
    assert (found.months_under, found.months_missing) == (3, 1)


def test_an_episode_may_outlive_its_forecast() -> None:
    """Beyond the horizon the baseline rolls on by its last year, wider."""
    found = episode(after([2000.0] * 30), before(), ONSET, "down")
    assert found.status is Status.OPEN
    assert found.months_under == 30
    with pytest.raises(HorizonError):
        episode(after([2000.0] * 30), before(), Span(ORIGIN + 25), "down")


def test_the_interval_holds_the_injected_loss() -> None:
    """Of 200 injected losses of known size at least 85 % lie in the shortfall's 90 % interval."""
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(200):
        untouched = shocked(0.0, np.zeros(4), rng, SPREAD)
        share = rng.uniform(0.2, 0.8)
        figures = untouched * (1 - share)
        found = episode(after(figures.tolist()), before(), ONSET, "down")
        counted = found.last_counted.since(ORIGIN)
        lost = float((untouched - figures)[:counted].sum())
        hits += found.shortfall_lower <= lost <= found.shortfall_upper
    assert hits >= 170
