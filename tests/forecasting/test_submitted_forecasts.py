"""Submitted forecasts: what stood before a figure, and how far off it was by the forecaster's own past."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.against import FEWEST_ERRORS, MOST_ERRORS, Against, SubmittedForecasts
from forecasting.months import Month, Span
from forecasting.prints import PrintArrays
from forecasting.series import Observation
from forecasting.submitted_forecasts import INTERVAL_80, RANGE, Forecaster, Submitted, contradiction, stood

START = Month.of(2022, 1)
BANK, HOUSE = Forecaster("bank", "A bank"), Forecaster("house", "House view", "metals")
NAMED = {each.id: each for each in (BANK, HOUSE)}


def known(place: int, hours: float = 0) -> dt.datetime:
    """When the figure of the month so many after START is known, and so many hours later."""
    after = dt.datetime.combine((START + place + 1).first_day, dt.time(8), dt.UTC)
    return after + dt.timedelta(hours=hours)


def span(place: int) -> Span:
    return Span(START + place)


def said(
    place: int, point: float, hours: float = -24, by: str = "bank", *, claimed: bool = False
) -> Submitted:
    """A point for a month, submitted so many hours after its figure is known."""
    return Submitted(by, span(place), known(place, hours), point, claimed=claimed)


def printed(values: list[float]) -> PrintArrays:
    return PrintArrays.of(Observation(span(place), value, known(place)) for place, value in enumerate(values))


moments = st.floats(-2000, 2000, allow_nan=False).map(lambda hours: round(hours, 2))
spoken = st.builds(
    said,
    st.integers(0, 14),
    st.floats(1, 1e6),
    moments,
    st.sampled_from(["bank", "house"]),
    claimed=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(spoken, max_size=40), st.lists(spoken, max_size=40), st.integers(0, 14), st.data())
def test_nothing_submitted_late_ever_counts(
    early: list[Submitted], late: list[Submitted], place: int, data: st.DataObject
) -> None:
    """Whatever else is submitted at or after the moment a figure is known, or only claimed, changes nothing.

    Neither what it is set against nor the past errors that its surprise is measured by.
    """
    values = data.draw(st.lists(st.floats(1, 1e6), min_size=15, max_size=15))
    arrays = printed(values)
    figure = span(place), values[place], known(place)

    def in_time(each: Submitted) -> bool:
        own = known(each.span.first.since(START))
        return not each.claimed and each.known_from < min(own, known(place))

    counted = [each for each in early if in_time(each)]
    too_late = [each for each in [*early, *late] if not in_time(each)]
    mixed = data.draw(st.permutations([*counted, *too_late]))
    order = sorted(mixed, key=lambda each: each.known_from)
    alone = [each for each in order if in_time(each)]
    assert SubmittedForecasts(NAMED, order, arrays).against(*figure) == SubmittedForecasts(
        NAMED, alone, arrays
    ).against(*figure)


@settings(max_examples=100, deadline=None)
@given(st.lists(spoken, max_size=40), st.integers(0, 14))
def test_later_prints_change_no_earlier_judgement(forecasts: list[Submitted], place: int) -> None:
    """A figure is judged alike whether the prints after it are held already or not."""
    order = sorted(forecasts, key=lambda each: each.known_from)
    values = [100.0 + 7 * place for place in range(15)]
    whole, cut = printed(values), printed(values[: place + 1])
    figure = span(place), values[place], known(place)
    assert SubmittedForecasts(NAMED, order, whole).against(*figure) == SubmittedForecasts(
        NAMED, order, cut
    ).against(*figure)


def test_the_newest_that_stood_is_the_one() -> None:
    """The last submitted before the moment counts; at the moment itself it is too late."""
    forecasts = [said(3, 1, -48), said(3, 2, -24), said(3, 3, -24), said(3, 4, 0), said(2, 5, -1)]
    found = stood(forecasts, span(3), known(3))
    assert found is not None
    assert found.point == 3
    assert stood(forecasts, span(4), known(4)) is None
    assert stood([said(3, 1, -24, claimed=True)], span(3), known(3)) is None


def test_the_surprise_is_by_the_forecasters_own_past() -> None:
    """Difference over the root mean square of past errors, as shares; none below eight of them."""
    errors = [0.1, -0.1, 0.2, -0.2, 0.1, -0.1, 0.05, -0.05]
    values = [1000 * (1 + each) for each in errors]
    forecasts = [said(place, 1000) for place in range(len(errors) + 1)]
    (found,) = SubmittedForecasts(NAMED, forecasts, printed(values)).against(span(8), 500.0, known(8))
    usual = float(np.sqrt(np.mean(np.square(errors))))
    assert (found.expected, found.difference, found.percent) == (1000, -500, -50)
    assert found.surprise == pytest.approx(-0.5 / usual)
    assert (found.errors, found.largest) == (FEWEST_ERRORS, True)
    (fewer,) = SubmittedForecasts(NAMED, forecasts, printed(values[:7])).against(span(8), 500.0, known(8))
    assert (fewer.surprise, fewer.errors, fewer.largest) == (None, 7, False)
    (small,) = SubmittedForecasts(NAMED, forecasts, printed(values)).against(span(8), 1100.0, known(8))
    assert not small.largest


def test_errors_of_long_ago_count_no_more() -> None:
    """Of more than MOST_ERRORS past errors those of the figures known last count, and the older do not."""
    count = MOST_ERRORS + 1
    forecasts = [said(place, 1000) for place in range(count + 1)]
    values = [1.0] + [1000.0 + (1 if place % 2 else -1) for place in range(1, count)]
    (found,) = SubmittedForecasts(NAMED, forecasts, printed(values)).against(span(count), 990.0, known(count))
    assert (found.errors, found.largest) == (MOST_ERRORS, True)
    assert found.surprise == pytest.approx(-10)


def test_a_revision_is_set_against_what_stood_before_the_first_print() -> None:
    """What was submitted between a first print and its revision is no forecast of either."""
    others = SubmittedForecasts(NAMED, [said(0, 10), said(0, 99, 24)], printed([20.0]))
    (found,) = others.against(span(0), 15.0, known(0, 48))
    assert (found.expected, found.difference, found.errors) == (10, 5, 0)


def test_figures_of_one_release_are_each_others_past() -> None:
    """A figure told before is a past error of the next; one withdrawn is none, nor one expected at zero."""
    others = SubmittedForecasts(NAMED, [said(place, 10) for place in range(3)] + [said(3, 0.0), said(4, 10)])
    for place, value in enumerate((12.0, None, 11.0, 5.0)):
        others.tell(span(place), value, known(place))
    others.tell(span(4), 10.0, known(4))
    assert others.against(span(1), None, known(1)) == ()
    (nothing,) = others.against(span(3), 5.0, known(3))
    assert (nothing.percent, nothing.surprise) == (None, None)
    (found,) = others.against(span(4), 10.0, known(4))
    assert found.errors == 2


def test_each_forecaster_has_its_own_line() -> None:
    """By id, with whose it is; the ends of a poll and of quantiles are named as what they are."""
    poll = replace(said(0, 1), point=None, low=10.0, high=20.0, count=4)
    levels = replace(said(0, 1, by="house"), point=None, levels=(0.1, 0.5, 0.9), quantiles=(1.0, 2.0, 9.0))
    found = SubmittedForecasts(NAMED, [poll, levels]).against(span(0), 12.0, known(0))
    assert [(each.forecaster, each.desk, each.bounds, each.low, each.high) for each in found] == [
        ("bank", None, RANGE, 10, 20),
        ("house", "metals", INTERVAL_80, 1, 9),
    ]
    assert [each.expected for each in found] == [15, 2]
    assert isinstance(found[0], Against)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"levels": (0.1, 0.9), "quantiles": (5.0, 4.0)}, "cross"),
        ({"levels": (0.1, 0.9), "quantiles": (5.0,)}, "one for each"),
        ({"levels": (0.0, 0.9), "quantiles": (4.0, 5.0)}, "between 0 and 1"),
        ({"low": 5.0, "high": 4.0}, "above high"),
        ({"point": float("nan")}, "not finite"),
        ({"point": None}, "nothing is forecast"),
        ({"count": 0}, "at least one"),
    ],
)
def test_what_nobody_can_mean_is_named(changed: dict[str, object], reason: str) -> None:
    """Each contradiction has its reason, and a forecast without one has none."""
    assert contradiction(said(0, 4.5)) is None
    assert reason in (contradiction(replace(said(0, 4.5), **changed)) or "")  # type: ignore[arg-type]  # any field
