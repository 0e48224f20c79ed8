"""Months of a series judged all at once are judged as each by itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.judging import Arrived, Placed, judge_figures, place
from forecasting import past_prints
from forecasting.months import Month, Span
from forecasting.past_prints import PastNews, past_news
from forecasting.prints import PrintArrays, Prints, Standing
from forecasting.series import Observation
from forecasting.shocks.past_records import past_records

FIRST = Month.parse("2019-05")
BEGAN = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)

VALUES = st.one_of(
    st.none(),
    st.sampled_from([0.0, 1.0, 2.0, 3.0]),
    st.floats(0, 1e15, allow_subnormal=False).filter(lambda each: each == 0 or each > 1e-100),
)
ROWS = st.lists(st.tuples(st.integers(0, 70), VALUES, st.integers(0, 12)), max_size=90)
"""Months after FIRST, values, and days after BEGAN when they became known."""


@dataclass(frozen=True)
class Known:
    """A series as facts name it."""

    id: str = "A"
    name: str = "A"
    unit: str = "t"


def observed(rows: list[tuple[int, float | None, int]]) -> list[Observation]:
    """Prints in the order in which they became known, of each month one from a moment."""
    one = {(month, day): value for month, value, day in rows}
    return [
        Observation(Span(FIRST + month), value, BEGAN + dt.timedelta(days=day))
        for (month, day), value in sorted(one.items(), key=lambda each: (each[0][1], each[0][0]))
    ]


def one_by_one(held: list[Observation], arriving: list[Observation]) -> list[tuple[object, ...]]:
    """Each new print as a live release judges it."""
    prints = Prints("A", "t", PrintArrays.of(held))
    placed: list[tuple[int, Standing | None, Placed]] = []
    for at, each in enumerate(arriving):
        prints.advance(each.known_from)
        before = prints.standing(each.span)
        if before is None or before.value != each.value:
            placed.append((at, before, place(Arrived(Known(), each), prints, None, None)))
    judged = judge_figures([each for _, _, each in placed], budget=0.1)
    return [
        (
            at,
            before is None,
            None if before is None else before.value,
            facts.change_month,
            facts.change_year,
            None
            if (rank := facts.rank_in_month) is None
            else (rank.rank, rank.held, rank.tied),
            list(facts.records),
            list(facts.change_records),
        )
        for (at, before, _), facts in zip(placed, (each.facts for each in judged), strict=True)
    ]  # fmt: skip


def at_once(held: list[Observation], arriving: list[Observation]) -> list[tuple[object, ...]]:
    """The same by arrays."""
    said: list[tuple[object, ...]] = []
    for block in past_news(PrintArrays.of(arriving), PrintArrays.of(held)):
        assert block.contradicted is None
        said += of_block(block, [arriving[at].span.first.ordinal for at in block.places])
    return said


def of_block(block: PastNews, months: list[int]) -> list[tuple[object, ...]]:
    found = past_records(months, block.values, block.before)
    return list(
        zip(
            block.places,
            block.first_prints,
            map(known, block.replaced),
            map(known, found.change_month),
            map(known, found.change_year),
            found.ranks,
            found.records,
            found.change_records,
            strict=True,
        )
    )


def known(number: float) -> float | None:
    return None if np.isnan(number) else number


@settings(max_examples=300, deadline=None)
@given(held=ROWS, rows=ROWS)
def test_all_at_once_is_one_by_one(
    held: list[tuple[int, float | None, int]], rows: list[tuple[int, float | None, int]]
) -> None:
    """Gaps, revisions, withdrawals, late and repeated prints: change, rank and records to the last bit."""
    before = [each for each in observed(held) if each.known_from < BEGAN + dt.timedelta(days=6)]
    arriving = [each for each in observed(rows) if each.known_from >= BEGAN + dt.timedelta(days=6)]
    later = [each for each in observed(held) if each.known_from == BEGAN + dt.timedelta(days=12)]
    arriving = [each for each in arriving if each.known_from < BEGAN + dt.timedelta(days=12)]
    assert at_once(before + later, arriving) == one_by_one(before + later, arriving)


@pytest.mark.parametrize("months", [2, 3, 30, 240])
def test_a_first_history_of_any_length(months: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Years on end with gaps, in blocks as whole, with the claims of years that only a long history has."""
    draw = np.random.default_rng(months)
    rows = [
        Observation(Span(FIRST + at), float(value), BEGAN + dt.timedelta(days=at))
        for at, value in enumerate(draw.integers(0, 30, months))
        if draw.random() > 0.06
    ]
    whole = one_by_one([], rows)
    assert at_once([], rows) == whole
    monkeypatch.setattr(past_prints, "CELLS", 700)
    assert at_once([], rows) == whole


def test_a_second_value_of_one_moment_ends_the_reading() -> None:
    """Another value of a month from the same moment is named by its place; what is before it is read."""
    values = [1.0, 2.0, 3.0]
    arrays = PrintArrays(
        np.array([FIRST.ordinal, FIRST.ordinal + 1, FIRST.ordinal]),
        np.ones(3, dtype=np.int64),
        np.array(values),
        np.full(3, 7),
    )
    (block,) = past_news(arrays)
    assert (block.places, block.contradicted) == ([0, 1], 2)
