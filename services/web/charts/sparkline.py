"""The small picture of an episode: the last two years, what was expected from onset on, what is missing."""

from __future__ import annotations

import math

from markupsafe import Markup

from forecasting.months import Month
from forecasting.series import Total
from services.queries.now import PICTURED, Pictured
from services.web import formats
from services.web.charts.axes import Axes, bounds
from services.web.charts.svg import Point, across, area, element, joined, line, text

WIDTH, HEIGHT = 340.0, 120.0


def episode_spark(each: Pictured) -> Markup:
    """The episode on its series, with its trough named."""
    state, known = each.found.chapter.episode, each.known
    last = min(known.end, each.found.chapter.followed_to + 6)
    first = max(known.start, min(last - (PICTURED - 1), state.onset.first - 6))
    months = [first + step for step in range(last.since(first) + 1)]
    held = [known.at(month) for month in months]
    spans = [total for total in known.totals if first <= total.span.first and total.span.last <= last]
    means = [total.value / total.span.months for total in spans]
    low, high = bounds([*held, *means, *(value for _, value in each.would_be)])
    axes = Axes(first, last, low, high, WIDTH, HEIGHT, left=4, right=4, top=14, bottom=18)
    expected = [(axes.x(month), axes.y(value)) for month, value in each.would_be if axes.shows(month)]
    came = [
        (axes.x(month), axes.y(known.at(month)))
        for month, _ in each.would_be
        if month <= state.last_counted and math.isfinite(known.at(month))
    ]
    counted = [
        (axes.x(month), axes.y(value))
        for month, value in each.would_be
        if month <= state.last_counted and math.isfinite(known.at(month))
    ]
    base = HEIGHT - axes.bottom
    trough_x, trough_y = axes.x(state.trough.first), axes.y(state.trough_value / state.trough.months)
    words = formats.quantity(state.trough_value, state.unit)
    anchor = "start" if trough_x < WIDTH / 3 else "end" if trough_x > WIDTH * 0.75 else "middle"
    said = (
        f"{each.found.series.name}: {words} in {state.trough.name}, "
        f"{formats.quantity(state.trough_expected, state.unit)} expected"
    )
    below = trough_y + 14 if state.side == "down" and trough_y + 14 < base else trough_y - 8
    return element(
        "svg",
        element("title", said),
        element("line", x1=4, x2=WIDTH - 4, y1=base, y2=base, class_="zero"),
        area(across(counted, axes.step / 2), across(came, axes.step / 2), f"loss loss-{state.side}"),
        line(across(expected, axes.step / 2), "would-be"),
        joined(_run(run) for run in _runs(axes, each, months)),
        joined(_total(axes, total) for total in spans),
        element("circle", cx=trough_x, cy=trough_y, r=4, class_=f"shock-{state.side}"),
        text(words, trough_x, below, f"type type-{state.side}", anchor),
        text(first.name, 4, HEIGHT - 4, "axis"),
        text(last.name, WIDTH - 4, HEIGHT - 4, "axis", "end"),
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        class_="chart spark",
        role="img",
        aria_label=said,
    )


def _run(points: list[Point]) -> Markup:
    """Months that follow on one another as a line, one that stands alone as a dot."""
    if len(points) > 1:
        return line(points, "history")
    return joined(element("circle", cx=x, cy=y, r=1.8, class_="held") for x, y in points)


def _total(axes: Axes, total: Total) -> Markup:
    """A figure of several months as a bar at their mean."""
    y = axes.y(total.value / total.span.months)
    left, right = axes.x(total.span.first), axes.x(total.span.last)
    return element("line", x1=left, x2=right, y1=y, y2=y, class_="history")


def _runs(axes: Axes, each: Pictured, months: list[Month]) -> list[list[Point]]:
    """Points of the months held, broken where one is not."""
    runs: list[list[Point]] = [[]]
    for month in months:
        value = each.known.at(month)
        if math.isfinite(value):
            runs[-1].append((axes.x(month), axes.y(value)))
        elif runs[-1]:
            runs.append([])
    return runs
