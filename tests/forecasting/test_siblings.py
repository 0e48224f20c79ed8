"""Siblings beyond their pairs: ranks, shares and matched amounts, and restraint where none can be judged."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.ranks import RankShift, rank_shifts
from forecasting.shocks.rarity import empirical_tail
from forecasting.shocks.share_shifts import ShareShift, share_shifts
from forecasting.shocks.siblings import Families, findings
from forecasting.shocks.substitution import Substitution, substitutions

START = Month.of(2018, 1)
MONTHS = 84
NOW = Span(START + (MONTHS - 1))
NAMES = ("ores", "metals", "compounds", "magnets")


def family(*last: float, growth: float = 0.0, unit: str = "t") -> list[Series]:
    """Siblings of 100 t a month with noise of 5 %; the last month is the year before times ``last``."""
    made = []
    for place, (name, ratio) in enumerate(zip(NAMES, last, strict=False)):
        noise = np.random.default_rng(place).standard_normal(MONTHS)
        values = 100 * (1 + growth) ** (np.arange(MONTHS) / 12) * np.exp(0.05 * noise)
        values[-1] = ratio * values[-13]
        made.append(Series(name, unit, START, values))
    return made


def drifting(*last: float) -> list[Series]:
    """As ``family``, where magnets grow by a fifth each year and so stand first of all in most months."""
    made = family(*last)
    grown = made[-1].values * 1.2 ** (np.arange(MONTHS) / 12)
    grown[-1] = last[-1] * grown[-13]
    return [*made[:-1], Series(made[-1].id, "t", START, grown)]


def test_an_end_where_a_sibling_never_stands_is_told() -> None:
    """Magnets that led the ranking for years and are now last are told, with a tail that can be counted."""
    found = rank_shifts(drifting(1.1, 1.05, 1.0, 0.6), NOW)
    assert not isinstance(found, str)
    (told,) = found
    assert (told.series_id, told.end, told.rank, told.siblings, told.usual) == ("magnets", "last", 4, 4, 1.0)
    assert told.change == pytest.approx(-0.4)
    assert told.tail == pytest.approx((1 + told.as_far) / (told.ranks_held + 1))
    assert told.ranks_held == MONTHS - 13
    assert told.said() == (
        f"magnets stands last of 4 by its change on the year in December 2024 (-40 %), where its median rank "
        f"is 1: as far from it in {told.as_far} of 71 earlier months"
    )
    assert told.said({"magnets": "NdFeB"}).startswith("NdFeB stands last")


def test_an_end_where_siblings_take_turns_is_not_told() -> None:
    """Of siblings without an order someone is always last: that alone is no finding."""
    assert rank_shifts(family(1.1, 1.05, 1.0, 0.6), NOW) == ()


def test_ranks_need_three_siblings_and_three_years() -> None:
    """Of two siblings, or with 35 earlier rankings, no rank is judged and counts say why; with 36 one is."""
    assert "2 siblings" in str(rank_shifts(family(1.1, 0.6), NOW))
    late = [Series(each.id, "t", NOW.first - 47, each.values[-48:]) for each in drifting(1.1, 1.05, 1.0, 0.6)]
    assert "35 earlier months" in str(rank_shifts(late, NOW))
    longer = [
        Series(each.id, "t", NOW.first - 48, each.values[-49:]) for each in drifting(1.1, 1.05, 1.0, 0.6)
    ]
    assert not isinstance(rank_shifts(longer, NOW), str)


def test_a_shared_end_is_no_end() -> None:
    """Two siblings with the same change share the last place, and neither stands there."""
    found = rank_shifts([*drifting(1.1, 1.05, 0.6, 0.6)], NOW)
    assert found == ()


def test_a_share_that_shifts_as_never_before_is_told() -> None:
    """Magnets' share before and after are the sums' own; its log-ratio fell, and all its numbers agree."""
    siblings = family(1.1, 1.05, 1.0, 0.5)
    found = share_shifts(siblings, NOW)
    assert not isinstance(found, str)
    told = found[0]
    assert (told.series_id, told.siblings, told.as_far) == ("magnets", 4, 0)
    now = [each.values[-1] for each in siblings]
    before = [each.values[-13] for each in siblings]
    assert told.share == pytest.approx(now[3] / sum(now))
    assert told.year_before == pytest.approx(before[3] / sum(before))
    expected = np.log(now[3] / sum(now[:3])) - np.log(before[3] / sum(before[:3]))
    assert told.shift == pytest.approx(expected)
    assert told.score < -3
    assert told.tail == pytest.approx(1 / (told.shifts_held + 1))
    assert f"magnets was {100 * told.share:.1f} % of the sum of 4 siblings in December 2024" in told.said()
    assert f"{-told.score:.1f} usual spreads below" in told.said()


def test_shares_that_move_as_they_do_are_not_told() -> None:
    """Without a shock the changes of the shares lie among earlier ones."""
    assert share_shifts(family(1.01, 0.99, 1.0, 1.02), NOW) == ()


def test_the_rarity_of_a_share_can_be_reached_or_is_not_judged() -> None:
    """With 18 earlier shifts the smallest tail is 1 in 19: nothing is judged. With 19 it is 1 in 20."""

    def since(months: int) -> list[Series]:
        first = NOW.first - (months + 12)
        return [
            Series(each.id, "t", first, each.values[-(months + 13) :]) for each in family(1.1, 1.05, 1.0, 0.3)
        ]

    assert "18 earlier shifts" in str(share_shifts(since(18), NOW))
    found = share_shifts(since(19), NOW)
    assert not isinstance(found, str)
    assert (found[0].series_id, found[0].tail) == ("magnets", pytest.approx(0.05))


def test_rare_findings_are_as_rare_as_they_say() -> None:
    """Over months of siblings without a shock a share is told in about one sibling of twenty, or fewer."""
    told = judged = 0
    for seed in range(40):
        noise = np.random.default_rng(seed)
        siblings = [
            Series(name, "t", START, 100 * np.exp(0.05 * noise.standard_normal(MONTHS))) for name in NAMES
        ]
        found = share_shifts(siblings, NOW)
        assert not isinstance(found, str)
        told, judged = told + len(found), judged + 4
    assert told / judged < 0.1


def test_a_fall_that_a_rise_matches_is_told_with_both_amounts() -> None:
    """Half of the magnets gone and more than that come in as ores: lost, gained and share agree."""
    siblings = family(1.6, 1.0, 1.0, 0.5)
    found = substitutions(siblings, NOW)
    assert not isinstance(found, str)
    (told,) = found
    assert (told.fell.series_id, told.rose.series_id, told.unit) == ("magnets", "ores", "t")
    assert told.lost == pytest.approx(told.fell.expected - told.fell.value)
    assert told.gained == pytest.approx(told.rose.value - told.rose.expected)
    assert told.share == pytest.approx(told.gained / told.lost)
    assert f"{100 * told.share:.0f} % of what the one lost" in told.said()
    assert told.said().startswith("in December 2024 magnets came to ")


@pytest.mark.parametrize("ores", [1.2, 1.0, 0.6])
def test_a_fall_without_a_rise_is_matched_by_none(ores: float) -> None:
    """A rise below a quarter, none, or a fall of both is no match."""
    assert substitutions(family(ores, 1.0, 1.0, 0.5), NOW) == ()


def test_a_rise_that_makes_up_less_than_half_is_no_match() -> None:
    """30 t more of ores beside 80 t less of magnets are under half."""
    assert substitutions(family(1.3, 1.0, 1.0, 0.2), NOW) == ()


def test_usual_growth_is_no_gain() -> None:
    """A family that grows by half each year gains nothing by growing; staying level is then a loss."""
    grown = substitutions(family(1.5, 1.5, 1.5, 0.7, growth=0.5), NOW)
    assert grown == ()
    assert len(substitutions(family(2.4, 1.5, 1.5, 0.9, growth=0.5), NOW)) == 1


def test_amounts_of_different_units_are_not_set_off() -> None:
    """Tonnes lost are not matched by dollars gained; nor are they parts of one sum."""
    tonnes, dollars = family(1.6, 0.5), family(1.6, 0.5, unit="USD")
    mixed = [tonnes[1], dollars[0]]
    assert substitutions(mixed, NOW) == "units differ (USD, t): no amounts can be set off"
    assert "one unit" in str(share_shifts(mixed, NOW))
    assert substitutions([*tonnes, dollars[0]], NOW) == substitutions(tonnes, NOW)


def test_nothing_after_the_month_changes_what_is_said_of_it() -> None:
    """Figures of later months are not looked at."""
    siblings = drifting(2.9, 1.05, 1.0, 0.5)
    later = [
        Series(each.id, "t", START, np.concatenate([each.values, 1e6 * np.arange(1.0, 13)]))
        for each in siblings
    ]
    assert findings(siblings, NOW) == findings(later, NOW)
    kinds = {type(each) for each in findings(siblings, NOW).found}
    assert kinds == {RankShift, ShareShift, Substitution}


def test_a_tail_counts_both_sides_and_itself() -> None:
    """Of 19 earlier values none as far out leaves 1 in 20; the farthest on either side count."""
    earlier = np.arange(-9.0, 10.0)
    assert empirical_tail(10, earlier) == pytest.approx(1 / 20)
    assert empirical_tail(9, earlier) == pytest.approx(3 / 20)
    assert empirical_tail(0, earlier) == 1.0


def test_each_sibling_is_told_its_own_and_why_not() -> None:
    """Of one series what ``findings`` says of it; a reason where it, or its unit, cannot be judged."""
    for series in (drifting(1.1, 1.05, 1.0, 0.6), family(1.4, 1.0, 1.0, 0.6)):
        families = Families()
        whole = findings(sorted(series, key=lambda each: each.id), NOW).found
        for own in series:
            others = [each for each in series if each is not own]
            told = (
                families.rank_shifts(own, others, NOW),
                families.share_shifts(own, others, NOW),
                families.substitutions(own, others, NOW),
            )
            for kind, found in zip((RankShift, ShareShift, Substitution), told, strict=True):
                assert not isinstance(found, str)
                assert set(found) == {
                    each for each in whole if isinstance(each, kind) and own.id in _of(each)
                }
    own, *others = family(1.4, 1.0, 1.0, 0.6)
    alone = Series("dollars", "USD", START, own.values)
    late = Series("late", "t", NOW.first, np.array([5.0]))
    for look in (families.share_shifts, families.substitutions):
        assert isinstance(look(alone, [own, *others], NOW), str)
    for look in (families.rank_shifts, families.share_shifts, families.substitutions):
        assert "is not held" in str(look(late, [own, *others], NOW))


def _of(found: RankShift | ShareShift | Substitution) -> set[str]:
    if isinstance(found, Substitution):
        return {found.fell.series_id, found.rose.series_id}
    return {found.series_id}


def test_a_revised_figure_is_another_family() -> None:
    """What was found of a family is never given for one that differs by a figure."""
    own, *others = drifting(1.1, 1.05, 1.0, 0.6)
    magnets, rest = others[-1], [own, *others[:-1]]
    families = Families()
    assert families.rank_shifts(magnets, rest, NOW) != ()
    values = magnets.values.copy()
    values[-1] = 2 * values[-13]
    assert families.rank_shifts(Series(magnets.id, "t", START, values), rest, NOW) == ()
    assert families.rank_shifts(magnets, rest, NOW) != ()
