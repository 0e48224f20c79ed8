"""Records and changes: like with like, gaps counted, claims only over what is held."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.months import Month, Span
from forecasting.series import Series, Total
from forecasting.shocks.changes import on_month, on_year
from forecasting.shocks.records import Before, Rank, change_records, rank_in_month, record, records

START = Month.of(2015, 1)


def series(values: list[float], totals: tuple[Total, ...] = ()) -> Series:
    return Series("ores", "t", START, np.array(values), totals)


def test_a_record_counts_what_is_held() -> None:
    """Lowest since a month names that month, the months held after it, and the months in that window."""
    values = [5.0, 1.0, 4.0, np.nan, 6.0, 7.0]
    found = record(Before(series(values), Span(START + 6)), 2.0, "lowest")
    assert found is not None
    assert (found.since, found.months_held, found.months_needed) == (START + 1, 4, 5)
    assert found.first_held == START
    assert not found.tied


def test_the_extreme_of_everything_has_no_since() -> None:
    """A figure beyond all that is held has since None and its window starts at the first month held."""
    found = record(Before(series([np.nan, 5.0, 4.0, 6.0]), Span(START + 4)), 9.0, "highest")
    assert found is not None
    assert found.since is None
    assert (found.first_held, found.months_held, found.months_needed) == (START + 1, 4, 4)


def test_a_tie_ends_the_window_and_is_said() -> None:
    """An equal figure is the since, and the record says that it is tied."""
    found = record(Before(series([2.0, 4.0, 3.0]), Span(START + 3)), 2.0, "lowest")
    assert found is not None
    assert (found.since, found.tied) == (START, True)


def test_no_record_against_the_month_before() -> None:
    """A figure that the last held month already beats sets no record; nor does the first figure of all."""
    assert record(Before(series([1.0, 3.0]), Span(START + 2)), 3.5, "lowest") is None
    assert record(Before(series([1.0, 3.0]), Span(START)), 3.5, "lowest") is None


def test_years_are_claimed_only_where_held() -> None:
    """Five years are claimed with 54 of 60 months held and not with 53."""
    for missing, claimed in ((6, 5), (7, 4)):
        values = np.full(59, 10.0)
        values[1 : 1 + missing] = np.nan
        found = record(Before(series(values.tolist()), Span(START + 59)), 1.0, "lowest")
        assert found is not None
        assert found.years_claimed == claimed


def test_the_scattered_magnets_prove_no_five_year_low() -> None:
    """45 months held of more than 90 never make a claim of five years."""
    values = np.full(124, np.nan)
    values[::3] = 10.0
    values[110:] = 10.0
    found = record(Before(series(values.tolist()), Span(START + 124)), 1.0, "lowest")
    assert found is not None
    assert found.since is None
    assert found.years_claimed is not None
    assert found.years_claimed < 5


def test_a_pair_is_compared_with_pairs() -> None:
    """January to February is compared with those of other years, published or summed, only."""
    values = np.full(36, 10.0)
    values[12:14] = np.nan
    history = series(values.tolist(), (Total(Span(START + 12, 2), 17.0),))
    found = record(Before(history, Span(START + 36, 2)), 18.0, "lowest")
    assert found is not None
    assert (found.since, found.months_held, found.months_needed) == (START + 12, 4, 4)
    assert record(Before(history, Span(START + 36)), 9.0, "lowest") is not None


def paired(years: int, pair: float = 20.0) -> Series:
    """Tens in every month from March to December, and January with February together."""
    values = np.full(12 * years, 10.0)
    values[0::12] = values[1::12] = np.nan
    return series(values.tolist(), tuple(Total(Span(START + 12 * year, 2), pair) for year in range(years)))


def test_pairs_cover_their_months_in_a_claim_of_years() -> None:
    """Ten years of ten months and a pair claim what ten full years do, and say how: 20 months in pairs."""
    found = record(Before(paired(10), Span(START + 120)), 9.0, "lowest")
    assert found is not None
    assert (found.years_claimed, found.months_held, found.months_needed) == (11, 121, 121)
    assert found.months_in_totals == 20
    assert record(Before(series([10.0] * 120), Span(START + 120)), 9.0, "lowest") == replace(
        found, months_in_totals=0
    )


def test_no_record_is_claimed_past_a_pair_that_was_as_extreme() -> None:
    """A pair whose mean month is as low ends the window: one of its two months was at least as low."""
    found = record(Before(paired(3, pair=17.0), Span(START + 36)), 9.0, "lowest")
    assert found is not None
    assert (found.since, found.months_in_totals, found.months_held) == (START + 25, 0, 11)


def test_a_pair_stands_by_its_change_on_the_year_too() -> None:
    """A change on the year is ranked with those of pairs, and one on the month is not."""
    yearly = record(Before(paired(5), Span(START + 62)), 5.0, "lowest", "change_year")
    monthly = record(Before(paired(5), Span(START + 62)), 5.0, "lowest", "change_month")
    assert yearly is not None
    assert (yearly.months_in_totals, yearly.years_claimed) == (8, 4)
    assert monthly is None


def test_a_quarter_is_held_by_a_pair_and_a_month() -> None:
    """January to March is compared with years of which the pair and March are held, whoever added them."""
    found = record(Before(paired(5), Span(START + 60, 3)), 29.0, "lowest")
    assert found is not None
    assert (found.since, found.years_claimed) == (None, 6)


@given(st.lists(st.one_of(st.floats(0, 100), st.just(np.nan)), min_size=1, max_size=80), st.floats(0, 100))
def test_a_record_is_true_of_its_window(values: list[float], figure: float) -> None:
    """No month held inside the window is at least as extreme, and the month before the window is."""
    history = series(values)
    span = Span(START + len(values))
    for direction, sign in (("lowest", 1.0), ("highest", -1.0)):
        found = record(Before(history, span), figure, direction)  # type: ignore[arg-type]  # a loop over the two literals
        if found is None:
            continue
        first = found.first_held if found.since is None else found.since + 1
        inside = [history.at(first + step) for step in range(span.first.since(first))]
        held = [value for value in inside if np.isfinite(value)]
        assert found.months_held == len(held) + 1
        assert found.months_needed == len(inside) + 1
        assert all(sign * value > sign * figure for value in held)
        if found.since is not None:
            assert sign * history.at(found.since) <= sign * figure
        if found.years_claimed is not None:
            months = 12 * found.years_claimed
            window = [history.at(span.first - back) for back in range(1, months)]
            assert (1 + sum(np.isfinite(window))) * 10 >= 9 * months
            assert not any(sign * value <= sign * figure for value in window)


def test_changes_have_records_of_their_own() -> None:
    """The steepest fall on the year is found though the figure is no record, and the month's likewise."""
    values = np.full(40, 100.0)
    values[36:] = 200.0
    steep = record(Before(series(values.tolist()), Span(START + 40)), 101.0, "lowest", "change_month")
    assert steep is not None
    assert (steep.of, steep.since, steep.months_held) == ("change_month", None, 40)
    assert (
        record(Before(series(values.tolist()), Span(START + 40)), 90.0, "lowest", "change_year") is not None
    )
    assert {
        (each.of, each.direction)
        for each in change_records(Before(series([*values, 200.0]), Span(START + 41)), 90)
    } == {
        ("change_year", "lowest"),
        ("change_month", "lowest"),
    }


@given(st.lists(st.one_of(st.floats(1, 100), st.just(np.nan)), min_size=14, max_size=60), st.floats(1, 100))
def test_a_record_of_changes_is_that_of_the_series_of_changes(values: list[float], figure: float) -> None:
    """A change's record is the figure's record in the series of the changes themselves."""
    held = np.array(values)
    span = Span(START + len(values))
    for of, back in (("change_month", 1), ("change_year", 12)):
        ratios = Series("r", "", START + back, held[back:] / held[:-back])
        own = figure / held[-back]
        found = record(Before(series(values), span), figure, "lowest", of)  # type: ignore[arg-type]  # two literals
        expected = record(Before(ratios, span), own, "lowest") if np.isfinite(own) else None
        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            assert replace(found, of="figure") == expected


def test_a_pair_has_its_change_ranked_among_pairs() -> None:
    """January to February's change on the year stands beside those of earlier pairs, published or summed."""
    history = series([10.0] * 36, (Total(Span(START + 36, 2), 10.0),))
    found = record(Before(history, Span(START + 48, 2)), 4.0, "lowest", "change_year")
    assert found is not None
    assert (found.since, found.months_held) == (None, 8)


def test_only_records_over_a_year_are_worth_a_sentence() -> None:
    """A record over ten months of a year is none to tell; one over eleven, nine tenths of a year, is."""
    assert records(Before(series([10.0] * 9), Span(START + 9)), 1.0) == ()
    assert len(records(Before(series([10.0] * 10), Span(START + 10)), 1.0)) == 1


def test_the_rank_is_among_the_same_month() -> None:
    """Third lowest of four Januaries, itself included."""
    values = np.full(36, np.nan)
    values[[0, 12, 24]] = [3.0, 9.0, 5.0]
    history = series(values.tolist())
    assert rank_in_month(Before(history, Span(START + 36)), 6.0) == Rank(3, 4, 0)
    assert rank_in_month(Before(history, Span(START + 36)), 5.0) == Rank(2, 4, 1)
    assert rank_in_month(Before(series([1.0]), Span(START + 5)), 6.0) is None


def test_changes_need_a_held_positive_base() -> None:
    """Changes are ratios less one of like spans, and None on a gap, a zero, or before the start."""
    values = np.full(14, 10.0)
    values[12] = 0.0
    history = series(values.tolist())
    assert on_month(history, Span(START + 14), 5.0) == pytest.approx(-0.5)
    assert on_month(history, Span(START + 13), 5.0) is None
    assert on_year(history, Span(START + 15), 20.0) == pytest.approx(1.0)
    assert on_year(history, Span(START + 2), 20.0) is None
    assert on_year(history, Span(START + 14, 2), 30.0) == pytest.approx(0.5)
