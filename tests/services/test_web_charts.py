"""Pictures bear what they mean: lines named at their ends, and nothing drawn outside the plot."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from forecasting.months import Month, Span
from services.web.builder.timeline import WIDTH, _Axis, _ticks
from services.web.charts.axes import Axes
from services.web.charts.lines_chart import GAP, Line, lines_chart, without_common_start
from services.web.charts.svg import across


def test_each_line_is_named_at_its_end() -> None:
    """Eight lines that end at one height have eight names that do not meet, dashed where a colour repeats."""
    lines = [Line(f"Series number {place}", [1.0, 2.0]) for place in range(8)]
    drawn = str(lines_chart(lines, ["a", "b"], label="Eight", said=str, low=0.0))
    names = re.findall(r'<text x="[\d.]+" y="([\d.]+)" class="([^"]+)">', drawn)
    heights = sorted(float(y) for y, kind in names if "line-name" in kind)
    assert len(heights) == 8
    assert min(after - before for before, after in pairwise(heights)) >= GAP - 0.1
    assert {kind for _, kind in names if "again" in kind} == {
        "sibling sibling-1 again line-name",
        "sibling sibling-2 again line-name",
    }
    assert "<title>Series number 7</title>7</text>" in drawn


def test_a_line_that_holds_nothing_has_no_name() -> None:
    """A name points at something."""
    drawn = str(lines_chart([Line("Empty", [float("nan")])], ["a"], label="One", said=str))
    assert "line-name" not in drawn


def test_a_total_from_before_the_plot_begins_at_its_edge() -> None:
    """Of January and February with February as the first month, what is shown lies on the plot."""
    first = Month.of(2025, 2)
    axes = Axes(first, first + 11, 0.0, 1.0, 960.0, 400.0)
    left, right = axes.reach(Span(Month.of(2025, 1), 2))
    assert left == right == axes.x(first)
    assert axes.middle(Span(Month.of(2025, 1), 2)) > axes.left


def test_one_month_is_as_wide_as_a_month() -> None:
    """A point alone is drawn half a month to each side; several are drawn as they are."""
    assert across([(10.0, 4.0)], 3.0) == [(7.0, 4.0), (13.0, 4.0)]
    assert across([(1.0, 1.0), (2.0, 2.0)], 3.0) == [(1.0, 1.0), (2.0, 2.0)]
    assert across([], 3.0) == []


def test_names_tell_lines_apart() -> None:
    """What all names begin with is said by the heading, and would leave no room for the rest."""
    names = ["Exports of rare-earth magnets", "Exports of rare-earth ores and metals"]
    assert without_common_start(names) == ["magnets", "ores and metals"]
    assert without_common_start(["Alone"]) == ["Alone"]
    assert without_common_start(["A", "A b"]) == ["A", "A b"]
    assert without_common_start([]) == []


@pytest.mark.parametrize("months", [1, 5, 14, 24, 37, 113, 200, 480])
def test_names_below_a_rehearsal_do_not_meet(months: int) -> None:
    """Of any length at least one month is named; names keep apart on a desk's screen and a phone's."""
    ticks = _ticks(_Axis(Month.of(1985, 4), Month.of(1985, 4) + (months - 1)))
    assert ticks
    for width, shown in ((1000.0, ticks), (310.0, [each for each in ticks if not each.wide])):
        letters = 8.0 if len(ticks[0].label) > 4 else 9.0
        for one, other in pairwise(shown):
            apart = (other.x - one.x) * width / WIDTH
            assert apart >= letters * len(one.label), (width, one, other)
