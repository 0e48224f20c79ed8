"""Totals over spans: many at once are what each is alone."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forecasting.months import Month, Span
from forecasting.series import Series, Total

START = Month.of(2020, 1)

figures = st.one_of(st.none(), st.floats(-9, 9).map(lambda drawn: round(drawn, 2)))


@given(
    st.lists(figures, min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 18), st.integers(2, 4)), max_size=4),
    st.integers(-15, 30),
    st.integers(1, 5),
    st.integers(0, 20),
)
def test_totals_of_many_spans_are_those_of_each(
    alone: list[float | None], pairs: list[tuple[int, int]], first: int, months: int, back: int
) -> None:
    """``overs`` is ``over`` of each span, with gaps, with totals that overlap, and beyond both ends."""
    values = np.array([math.nan if each is None else each for each in alone])
    totals = tuple(Total(Span(START + at, length), 7.0 + at) for at, length in dict(pairs).items())
    series = Series("s", "t", START, values, totals)
    span = Span(START + first, months)
    each = [series.over(Span(span.first - one, months)) for one in range(back + 1)]
    np.testing.assert_allclose(series.overs(span, back), each, rtol=1e-12, atol=1e-12)
