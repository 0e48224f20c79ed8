"""Prints read forward in time: what stands is what vintages say, at every moment."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import InvalidSeriesError
from forecasting.months import Month, Span
from forecasting.prints import PrintArrays, Prints, Standing, micros
from forecasting.series import Observation, Series
from forecasting.shocks.changes import to_date, year_to_date
from forecasting.vintages import known, series_as_of

START = Month.parse("2024-11")
MOMENT = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)

spans = st.builds(lambda step, months: Span(START + step, months), st.integers(0, 8), st.integers(1, 3))
observations = st.builds(
    lambda span, value, day: Observation(span, value, MOMENT + dt.timedelta(days=day)),
    spans,
    st.none() | st.floats(-1e6, 1e6),
    st.integers(0, 6),
)


def told(series: Series | None) -> object:
    """All that a series says, comparable."""
    if series is None:
        return None
    return series.start, [None if np.isnan(each) else each for each in series.values], series.totals


@given(st.lists(observations, max_size=20), st.lists(observations, max_size=6))
def test_what_stands_is_what_vintages_say(held: list[Observation], arriving: list[Observation]) -> None:
    """At every moment, with figures told on the way, series, spans and totals are those of vintages."""
    rows = sorted(held, key=lambda each: each.known_from)
    prints = Prints("S", "t", PrintArrays.of(held))
    for figure in sorted(arriving, key=lambda each: each.known_from):
        prints.advance(figure.known_from)
        standing = known(rows, figure.known_from)
        assert told(prints.series()) == told(series_as_of("S", "t", rows, figure.known_from))
        for span in {each.span for each in [*held, *arriving]}:
            was = standing.get(span)
            wanted = None if was is None else Standing(was.value, was.known_from == figure.known_from)
            assert prints.standing(span) == wanted
        figures = {span: was.value for span, was in standing.items() if was.value is not None}
        assert prints.figures(START, START + 20) == figures
        for last in (START, START + 2, START + 9):
            assert to_date(prints, last) == year_to_date(figures, last)
        prints.tell(figure.span, figure.value)
        rows.insert(sum(each.known_from <= figure.known_from for each in rows), figure)


def test_time_moves_forward_only() -> None:
    """Asked to go back, it says so: what was overwritten is gone."""
    prints = Prints("S", "t", PrintArrays.of([]))
    prints.advance(MOMENT)
    with pytest.raises(InvalidSeriesError, match="read forward"):
        prints.advance(MOMENT - dt.timedelta(days=1))


def test_a_moment_is_exact_to_the_microsecond() -> None:
    """The number of a moment loses nothing, before 1970 and after."""
    for moment in (MOMENT, MOMENT.replace(microsecond=123_457), dt.datetime(1950, 2, 3, 4, 5, 6, 7, dt.UTC)):
        assert dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros(moment)) == moment
