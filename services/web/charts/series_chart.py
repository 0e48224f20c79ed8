"""The picture of a series: what came, what was expected then, what is expected now, and what happened."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from forecasting.forecast import Forecast
from forecasting.months import Month
from forecasting.shocks.interventions import Intervention
from forecasting.shocks.measures import Measure
from services.queries.episodes import FollowedEpisode
from services.queries.series import Figure, SeriesView
from services.web import formats
from services.web.charts.axes import Axes, bounds
from services.web.charts.svg import Point, area, element, joined, line, text
from services.web.words import NAMES, record_words

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
        *(_shade(axes, each) for each in episodes),
        axes.grid(view.series.unit),
        *(_flags(axes, view) if layers.measures else ()),
        *(_fan(axes, forecast, view) if forecast is not None else ()),
        *(_lost(axes, each, view) for each in episodes),
        *(_stood(axes, each) for each in figures if layers.stood),
        *(
            _path(axes, branch.forecast, f"scenario scenario-{branch.intervention.value.lower()}")
            for branch in (scenarios.branches if scenarios is not None else ())
        ),
        *(_revised(axes, each) for each in figures if layers.revisions),
        _history(axes, figures),
        *(_mark(axes, each, _kind(view, each)) for each in figures),
        *_readings(axes, view, figures, forecast),
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
            left, right = axes.x(each.span.first), axes.x(each.span.last)
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
    x = (axes.x(figure.span.first) + axes.x(figure.span.last)) / 2
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
    x = (axes.x(figure.span.first) + axes.x(figure.span.last)) / 2
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


def _shade(axes: Axes, found: FollowedEpisode) -> Markup:
    """An episode's months from onset to the last looked at, with its shortfall above."""
    chapter, state = found.chapter, found.chapter.episode
    first, last = max(state.onset.first, axes.first), min(chapter.followed_to, axes.last)
    left, right = axes.x(first) - axes.step / 2, axes.x(last) + axes.step / 2
    y = axes.top
    rect = element(
        "rect",
        x=left,
        y=y,
        width=right - left,
        height=axes.height - axes.bottom - y,
        class_=f"shade shade-{state.side}",
    )
    size = formats.quantity(abs(state.shortfall), state.unit)
    words = f"{size} {'less' if state.shortfall >= 0 else 'more'}"
    middle = min(max((left + right) / 2, axes.left + 60), axes.width - 70)
    return joined([rect, text(words, middle, y - 6, f"lost lost-{state.side}", "middle")])


def _lost(axes: Axes, found: FollowedEpisode, view: SeriesView) -> Markup:
    """What was forecast before the episode, and the difference to what came, filled: its shortfall."""
    state = found.chapter.episode
    would_be = [(month, value) for month, value in view.would_be[state.id] if axes.shows(month)]
    known = view.known
    both = [
        ((axes.x(month), axes.y(value)), (axes.x(month), axes.y(known.at(month))))
        for month, value in would_be
        if known is not None and month <= state.last_counted and math.isfinite(known.at(month))
    ]
    return joined(
        [
            area([each for each, _ in both], [each for _, each in both], f"loss loss-{state.side}"),
            line([(axes.x(month), axes.y(value)) for month, value in would_be], "would-be"),
        ]
    )


def _kind(view: SeriesView, figure: Figure) -> Intervention | None:
    """The likeliest type of the shock that a figure began."""
    onsets = {each.chapter.shock.span: each.chapter.types.likeliest for each in view.episodes}
    return onsets.get(figure.span)


def _mark(axes: Axes, figure: Figure, kind: Intervention | None) -> Markup:
    """A triangle that points where a shock went, with its type where it began an episode."""
    if figure.shock is None or figure.value is None or not axes.shows(figure.span.last):
        return Markup("")
    x = (axes.x(figure.span.first) + axes.x(figure.span.last)) / 2
    y = axes.y(_level(figure, figure.value))
    away = 1 if figure.shock == "down" else -1
    tip, base = y + away * 17, y + away * 7
    shape = element(
        "path",
        d=f"M{x - 6:.1f} {base:.1f}H{x + 6:.1f}L{x:.1f} {tip:.1f}Z",
        class_=f"shock shock-{figure.shock}",
    )
    if kind is None:
        return shape
    return joined([shape, text(NAMES[kind], x + 9, y + away * 13 + 4, f"type type-{figure.shock}")])


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


def _readings(
    axes: Axes, view: SeriesView, figures: Sequence[Figure], forecast: Forecast | None
) -> Iterable[Markup]:
    """One invisible column a month that says in words what the picture shows there."""
    said = {month: words for each in figures for month, words in _said_of(each, view.series.unit)}
    if forecast is not None:
        fan = zip(*(forecast.quantile(level).tolist() for level in (0.5, 0.1, 0.9)), strict=True)
        for step, (middle, low, high) in enumerate(fan):
            unit = view.series.unit
            said.setdefault(
                forecast.first + step,
                f"expected {formats.quantity(middle, unit)}|"
                f"80 %: {formats.quantity(low)} to {formats.quantity(high, unit)}",
            )
    for month, words in sorted(said.items(), key=lambda each: each[0]):
        if axes.shows(month):
            yield element(
                "rect",
                x=axes.x(month) - axes.step / 2,
                y=axes.top,
                width=axes.step,
                height=axes.height - axes.top - axes.bottom,
                class_="column",
                data_month=month.name,
                data_said=words,
            )


def _said_of(figure: Figure, unit: str) -> Iterable[tuple[Month, str]]:
    if figure.value is None:
        return
    total = "" if figure.span.months == 1 else f" in {figure.span.name}"
    words = [f"{formats.quantity(figure.value, unit)}{total}"]
    first = figure.prints[0].observation.value
    if first is not None and first != figure.value:
        words.append(f"first print {formats.quantity(first, unit)}")
    found = None if figure.arrived is None else figure.arrived.verdict.detection
    if found is not None:
        band = f"{formats.quantity(found.lower_80)} to {formats.quantity(found.upper_80, unit)}"
        words.append(f"expected {formats.quantity(found.expected, unit)} (80 %: {band})")
    if figure.shock is not None:
        words.append(f"a shock {figure.shock}")
    if figure.standing is not None:
        words += [record_words(each) for each in figure.standing.verdict.records]
    for month in figure.span:
        yield month, "|".join(words)
