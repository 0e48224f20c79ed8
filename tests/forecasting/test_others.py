"""Forecasts of others as members: who has earned a weight, which months it moves, and what never counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.engine import publish
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.others import Voice, earned, taken_in
from forecasting.publication import Member, Publication
from forecasting.series import Series
from forecasting.submitted_forecasts import Forecaster, Submitted
from forecasting.submitted_scores import Paired
from forecasting.weights import shipped

START = Month.of(2022, 1)
SERIES = Series("s", "t", START, np.full(36, 100.0))
VINTAGE = dt.datetime(2025, 1, 20, tzinfo=dt.UTC)
AHEAD = SERIES.end + 1
BANK = Forecaster("bank", "A bank")
VALUES = np.tile(100 + 50 * (np.array(LEVELS) - 0.5), (18, 1))
OURS = Publication(
    "s",
    Forecast("s", "t", SERIES.end, VINTAGE, LEVELS, VALUES, "standard"),
    (Member("theta", None, 1.0),),
    votes=3.0,
)


def said(
    month: Month, point: float, *, days: float = -1, months: int = 1, claimed: bool = False
) -> Submitted:
    """A point, submitted so many days after the vintage."""
    return Submitted("bank", Span(month, months), VINTAGE + dt.timedelta(days=days), point, claimed=claimed)


def pairs(count: int, *, theirs: float = 0.5, ours: float = 0.75, days: float = -1) -> list[Paired]:
    """Figures of 100 on a scale of 10, of which the forecaster and we were so far off."""
    known = VINTAGE + dt.timedelta(days=days)
    return [
        Paired("s", said(START + 12 + place, 100 + 10 * theirs), 100.0, 1, 10.0, ours, None, known)
        for place in range(count)
    ]


def voice(*given: Submitted, record: Sequence[Paired] = (), of: Forecaster = BANK) -> Voice:
    return Voice(of, given, record)


def moved(*voices: Voice, series: Series = SERIES, publication: Publication = OURS) -> np.ndarray:
    """The quantiles of a publication once voices are taken in."""
    forecast = taken_in(series, publication, voices, vintage=VINTAGE).forecast
    assert forecast is not None
    return forecast.values


def test_a_better_record_moves_the_months_that_were_foretold_and_no_other() -> None:
    """Half a vote beside three families is a seventh of the way; the width of the month stays."""
    found = taken_in(SERIES, OURS, [voice(said(AHEAD + 2, 170), record=pairs(8))], vintage=VINTAGE)
    assert found.forecast is not None
    shift = found.forecast.values - VALUES
    np.testing.assert_allclose(shift[2], 70 * 0.5 / 3.5)
    np.testing.assert_array_equal(np.delete(shift, 2, axis=0), 0)
    member = found.members[-1]
    assert (member.name, member.forecast, member.left_out) == ("forecaster:bank", None, None)
    assert (member.weight, member.score) == (pytest.approx(1 / 7), pytest.approx(0.5))
    assert member.moved == ((AHEAD + 2, pytest.approx(10.0)),)
    assert member.note == "weighs in on 2025-03: MASE 0.5 against our 0.75 on 8 figures here"
    assert found.members[:-1] == OURS.members


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (pairs(7), "7 figures here that both foretold, of at least 8"),
        (pairs(1), "1 figure here that both foretold, of at least 8"),
        (pairs(9, theirs=0.9), "MASE 0.9, not below our 0.75, on 9 figures here"),
        (pairs(9, theirs=0.75), "MASE 0.75, not below our 0.75, on 9 figures here"),
        ([replace(each, scale=None, ours=None) for each in pairs(9)], "0 figures here that both foretold"),
        (pairs(9, days=1), "0 figures here that both foretold"),
    ],
)  # fmt: skip
def test_no_better_record_moves_nothing_and_says_why(record: list[Paired], reason: str) -> None:
    """Too few figures, no smaller error, none that can be scaled or none known yet: shown, with no weight."""
    found = taken_in(SERIES, OURS, [voice(said(AHEAD, 170), record=record)], vintage=VINTAGE)
    assert found.forecast is OURS.forecast
    member = found.members[-1]
    assert (member.weight, member.moved, member.left_out) == (0.0, (), None)
    assert member.note is not None
    assert member.note.startswith(f"beside it on 2025-01: {reason}")
    assert not earned(record, vintage=VINTAGE)


def test_a_desks_own_is_never_taken_nor_named() -> None:
    """What one desk alone may see moves nothing that all see, and its name is in no member."""
    own = voice(said(AHEAD, 170), record=pairs(20), of=Forecaster("bank", "A bank", "metals"))
    assert taken_in(SERIES, OURS, [own], vintage=VINTAGE) == OURS


def test_two_who_earned_it_share_a_month_and_each_has_its_own() -> None:
    """A month that both foretold has two half votes beside three; that only one foretold has one."""
    bank = voice(said(AHEAD, 170), said(AHEAD + 1, 170), record=pairs(8))
    poll = Voice(Forecaster("a-poll", "A poll"), [replace(said(AHEAD, 240), forecaster="a-poll")], pairs(8))
    found = taken_in(SERIES, OURS, [bank, poll], vintage=VINTAGE)
    assert found.forecast is not None
    shift = found.forecast.median - VALUES[:, LEVELS.index(0.5)]
    np.testing.assert_allclose(shift[:3], [70 / 8 + 140 / 8, 70 / 7, 0])
    assert [each.name for each in found.members[1:]] == ["forecaster:a-poll", "forecaster:bank"]
    assert [each.weight for each in found.members[1:]] == [pytest.approx(1 / 8), pytest.approx(1 / 7)]
    total = sum(amount for each in found.members for month, amount in each.moved if month == AHEAD)
    assert total == pytest.approx(shift[0])


def test_a_worse_one_beside_takes_no_weight_from_the_better() -> None:
    """Who has not earned it has no part in the shares."""
    worse = Voice(Forecaster("worse", "Worse"), [said(AHEAD, 900)], pairs(9, theirs=2.0))
    better = voice(said(AHEAD, 170), record=pairs(8))
    np.testing.assert_array_equal(moved(better, worse), moved(better))


def test_nothing_falls_below_zero_where_no_figure_did() -> None:
    """Low quantiles stop at 0, and less than nothing is never expected; a balance may fall below."""
    low = replace(OURS, votes=0.5)
    down = voice(said(AHEAD, -400), record=pairs(8))
    kept = moved(down, publication=low)
    assert (kept >= 0).all()
    assert kept[0, LEVELS.index(0.5)] == pytest.approx(50)
    below = Series("s", "t", START, np.where(np.arange(36) == 3, -1.0, 100.0))
    assert moved(down, publication=low, series=below)[0, LEVELS.index(0.5)] == pytest.approx(-150)


def test_what_is_no_word_on_a_month_ahead_is_not_heard() -> None:
    """Claims, totals of several months, months past and months beyond the last: no member, no move."""
    for each in (
        said(AHEAD, 170, claimed=True),
        said(AHEAD, 340, months=2),
        said(SERIES.end, 170),
        said(AHEAD + 18, 170),
    ):
        assert taken_in(SERIES, OURS, [voice(each, record=pairs(8))], vintage=VINTAGE) == OURS


def test_the_newest_by_the_vintage_stands() -> None:
    """A later word on a month supersedes, and one of after the vintage is not known yet."""
    given = [said(AHEAD, 135, days=-2), said(AHEAD, 170, days=-1), said(AHEAD, 900, days=1)]
    np.testing.assert_array_equal(
        moved(voice(*given, record=pairs(8))), moved(voice(given[1], record=pairs(8)))
    )
    at_once = said(AHEAD, 170, days=0)
    np.testing.assert_array_equal(
        moved(voice(at_once, record=pairs(8, days=0))), moved(voice(given[1], record=pairs(8)))
    )


def test_the_gate_holds_for_others_too() -> None:
    """A month typed a thousand times too high moves nothing, and its member says why it is left out."""
    typed = voice(said(AHEAD, 100), said(AHEAD + 1, 100_000), record=pairs(8))
    found = taken_in(SERIES, OURS, [typed], vintage=VINTAGE)
    assert found.forecast is OURS.forecast
    assert found.members[-1].weight == 0
    assert "its median reaches 1e+03 times the largest figure held" in (found.members[-1].left_out or "")


def test_where_there_is_no_forecast_nobody_is_heard() -> None:
    """A series that could not be forecast keeps its reason."""
    none = Publication("s", None, (), "no figure is held")
    assert taken_in(SERIES, none, [voice(said(AHEAD, 170), record=pairs(8))], vintage=VINTAGE) == none


def test_many_months_are_named_from_the_first_to_the_last() -> None:
    """A year ahead in a note is two months and a count."""
    year = voice(*(said(AHEAD + step, 120) for step in range(12)), record=pairs(8))
    note = taken_in(SERIES, OURS, [year], vintage=VINTAGE).members[-1].note
    assert note is not None
    assert note.startswith("weighs in on 12 months from 2025-01 to 2025-12: ")


def test_a_publication_says_how_many_votes_its_members_hold() -> None:
    """Without the global models theirs are missing of the three; what a short series has holds one."""
    series = Series("s", "t", START, 100 + 10 * np.sin(np.arange(36.0)))
    (standard,) = publish([series], portfolio="standard")
    (fast,) = publish([series], portfolio="fast")
    (short,) = publish([Series("s", "t", START, np.array([50.0, 60.0]))])
    own = shipped("standard").of(series, 3.0)
    assert standard.votes == pytest.approx(3.0 - own["global_trees"] - own["global_trees_drift"])
    assert [each.votes for each in (fast, short)] == [1.0, 1.0]


@given(
    st.lists(st.tuples(st.integers(0, 17), st.floats(0, 400), st.integers(1, 1000)), max_size=5),
    st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3), st.integers(1, 1000)), max_size=12),
)
def test_nothing_that_came_after_the_vintage_changes_anything(
    later: list[tuple[int, float, int]], scored: list[tuple[float, float, int]]
) -> None:
    """Whatever is submitted, and whatever figure is known, after the vintage: one publication."""
    before = voice(said(AHEAD, 170), said(AHEAD + 3, 120), record=pairs(8))
    more = [said(AHEAD + step, point, days=hours / 24) for step, point, hours in later]
    known = [
        pair for theirs, ours, hours in scored for pair in pairs(1, theirs=theirs, ours=ours, days=hours / 24)
    ]
    told = taken_in(SERIES, OURS, [before], vintage=VINTAGE)
    after = Voice(BANK, [*before.said, *more], [*before.pairs, *known])
    new = Voice(Forecaster("new", "New"), more, [*before.pairs, *known])
    again = taken_in(SERIES, OURS, [after, new], vintage=VINTAGE)
    assert again.forecast is not None
    assert told.forecast is not None
    np.testing.assert_array_equal(again.forecast.values, told.forecast.values)
    assert again.members == told.members
