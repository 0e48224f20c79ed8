"""The picture of a series: what came, what was expected then, what is expected now, and what happened."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from forecasting.forecast import Forecast
from forecasting.months import Month
from forecasting.shocks.measures import Measure
from services.queries.series import Figure, SeriesView
from services.web import formats
from services.web.charts.axes import Axes, bounds
from services.web.charts.episode_marks import kind_of, lost, mark, shade
from services.web.charts.readings import readings
from services.web.charts.svg import Point, area, element, joined, line, text

WIDTH, HEIGHT = 960.0, 430.0
FAN = ((0.025, 0.975, "fan-95"), (0.1, 0.9, "fan-80"), (0.25, 0.75, "fan-50"))
"""Bounds of the central 95, 80 and 50 % intervals, widest first, with the class that colours each."""

FLAG = 18.0
"""Pixels that a flag needs: one that is nearer to the last is put above it."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What of the picture is drawn beside the figures; each can be left out of a view that is shared."""

    forecast: bool = True
    stood: bool = True
    episodes: bool = True
    measures: bool = True
    scenarios: bool = True
    revisions: bool = True


def series_chart(view: SeriesView, first: Month, last: Month, layers: Layers) -> Markup:
    """The picture of the months first to last, as SVG that scales to its place."""
    figures = [each for each in view.figures if first <= each.span.last and each.span.first <= last]
    forecast = None if view.forecast is None or not layers.forecast else view.forecast.forecast
    scenarios = view.ahead if layers.scenarios else None
    axes = Axes(first, last, *_bounds(view, figures, forecast, layers, first), WIDTH, HEIGHT)
    episodes = (
        [each for each in view.episodes if axes.shows(each.chapter.followed_to)] if layers.episodes else []
    )
    parts = [
        *(shade(axes, each) for each in episodes),
        axes.grid(view.series.unit),
        *(_flags(axes, view) if layers.measures else ()),
        *(_fan(axes, forecast, view) if forecast is not None else ()),
        *(lost(axes, each, view) for each in episodes),
        *(_stood(axes, each) for each in figures if layers.stood),
        *(
            _path(axes, branch.forecast, f"scenario scenario-{branch.intervention.value.lower()}")
            for branch in (scenarios.branches if scenarios is not None else ())
        ),
        *(_revised(axes, each) for each in figures if layers.revisions),
        _history(axes, figures),
        *(mark(axes, each, kind_of(view, each)) for each in figures),
        *readings(axes, view, figures, forecast),
    ]
    label = f"{view.series.name}, {first.name} to {last.name}, in {view.series.unit}"
    return element(
        "svg",
        element("title", label),
        joined(parts),
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        class_="chart",
        role="img",
        tabindex="0",
        aria_label=f"{label}. Arrow keys read one month after another.",
    )


def _bounds(
    view: SeriesView, figures: Sequence[Figure], forecast: Forecast | None, layers: Layers, first: Month
) -> tuple[float, float]:
    """Room for all that is drawn; the 95 % bounds of a wide fan may leave the plot rather than flatten it."""
    held = [_level(each, each.value) for each in figures if each.value is not None]
    held += [
        row.observation.value / each.span.months
        for each in figures
        for row in each.prints
        if row.observation.value
    ]
    if forecast is not None:
        held += [*forecast.quantile(0.9).tolist(), *forecast.quantile(0.1).tolist()]
        high = max(held, default=1.0)
        held += [min(value, 1.25 * high) for value in forecast.quantile(0.975).tolist()]
    if layers.stood:
        held += [
            _level(each, judged.verdict.detection.upper_80 or 0.0)
            for each in figures
            if (judged := each.arrived)
        ]
    if layers.episodes:
        held += [value for path in view.would_be.values() for month, value in path if month >= first]
    return bounds(held)


def _level(figure: Figure, total: float) -> float:
    """A total over a span as a level of one month: totals of several months are drawn as their mean."""
    return total / figure.span.months


def _history(axes: Axes, figures: Sequence[Figure]) -> Markup:
    """The last print of each month, broken where one is not held; totals as bars over their months."""
    runs: list[list[Point]] = [[]]
    before: Month | None = None
    dots: list[Markup] = []
    for each in figures:
        if each.value is None:
            continue
        y = axes.y(_level(each, each.value))
        if each.span.months > 1:
            left, right = axes.reach(each.span)
            dots.append(element("line", x1=left, x2=right, y1=y, y2=y, class_="total"))
            continue
        if before is None or each.span.first.since(before) != 1:
            runs.append([])
        runs[-1].append((axes.x(each.span.first), y))
        dots.append(element("circle", cx=axes.x(each.span.first), cy=y, r=2.6, class_="held"))
        before = each.span.first
    return joined([*(line(run, "history") for run in runs), *dots])


def _revised(axes: Axes, figure: Figure) -> Markup:
    """Earlier prints of a figure that was revised, hollow, on a line to the one that stands."""
    said = [row.observation.value for row in figure.prints]
    standing = figure.value
    before = [value for value in said[:-1] if value is not None and value != standing]
    if not before or standing is None or not axes.shows(figure.span.last):
        return Markup("")
    x = axes.middle(figure.span)
    heights = [axes.y(_level(figure, value)) for value in (*before, standing)]
    return joined(
        [
            element("line", x1=x, x2=x, y1=min(heights), y2=max(heights), class_="revision"),
            *(element("circle", cx=x, cy=y, r=3.6, class_="print") for y in heights[:-1]),
        ]
    )


def _stood(axes: Axes, figure: Figure) -> Markup:
    """The forecast that stood when a figure arrived: its 80 % interval as a bar, its median as a notch."""
    found = None if figure.arrived is None else figure.arrived.verdict.detection
    if found is None or found.expected is None or found.lower_80 is None or found.upper_80 is None:
        return Markup("")
    if not axes.shows(figure.span.last):
        return Markup("")
    x = axes.middle(figure.span)
    reach = max(2.0, min(5.0, axes.step * 0.32))
    low, middle, high = (
        axes.y(_level(figure, value)) for value in (found.lower_80, found.expected, found.upper_80)
    )
    return joined(
        [
            element("line", x1=x, x2=x, y1=low, y2=high, class_="stood"),
            element("line", x1=x - reach, x2=x + reach, y1=middle, y2=middle, class_="stood-median"),
        ]
    )


def _fan(axes: Axes, forecast: Forecast, view: SeriesView) -> Iterable[Markup]:
    """The latest forecast: central 95, 80 and 50 %, from the last figure on, and the median."""
    months = [month for step in range(forecast.horizon) if axes.shows(month := forecast.first + step)]
    anchor: list[Point] = []
    if (
        view.known is not None
        and math.isfinite(last := view.known.at(forecast.origin))
        and axes.shows(forecast.origin)
    ):
        anchor = [(axes.x(forecast.origin), axes.y(last))]

    def path(level: float) -> list[Point]:
        values = forecast.quantile(level).tolist()
        top = axes.high
        return anchor + [
            (axes.x(month), axes.y(min(value, top))) for month, value in zip(months, values, strict=False)
        ]

    for low, high, kind in FAN:
        yield area(path(high), path(low), kind)
    yield line(path(0.5), "fan-median")


def _path(axes: Axes, forecast: Forecast, kind: str) -> Markup:
    months = [forecast.first + step for step in range(forecast.horizon)]
    points = [
        (axes.x(month), axes.y(min(value, axes.high)))
        for month, value in zip(months, forecast.median.tolist(), strict=True)
        if axes.shows(month)
    ]
    return line(points, kind)


def _flags(axes: Axes, view: SeriesView) -> Iterable[Markup]:
    """Each measure at the day from which it is in force, numbered as in the list below the picture."""
    before, lifted = -FLAG, 0
    for number, measure in enumerate(shown_measures(view, axes.first, axes.last), start=1):
        x = axes.left + (measure.first_month.since(axes.first) + (measure.effective.day - 1) / 31) * axes.step
        lifted = lifted + 1 if x - before < FLAG else 0
        before = x
        base = axes.height - axes.bottom - 16 * lifted
        yield element(
            "g",
            element("title", f"{measure.title}, in force from {formats.day(measure.effective)}"),
            element("line", x1=x, x2=x, y1=axes.height - axes.bottom, y2=axes.top + 4, class_="flag-pole"),
            element("rect", x=x, y=base - 17, width=16, height=14, rx=2, class_="flag"),
            text(str(number), x + 8, base - 6, "flag-number", "middle"),
        )


def shown_measures(view: SeriesView, first: Month, last: Month) -> list[Measure]:
    """The measures whose first month is shown, in the order in which they took effect."""
    return [each for each in view.measures if first <= each.first_month <= last]
