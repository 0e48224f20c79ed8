"""Several lines over one axis, each named at its end: siblings as an index, scores by horizon."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from alerts.quantities import level
from services.web.charts.axes import nice_ticks
from services.web.charts.svg import Point, element, joined, line, text

COLOURS = 6
"""Lines that a colour of their own is held for; the seventh begins anew, dashed."""
NARROW_LABELS = 4
"""Places named on a phone, at most: more would meet."""
GAP = 13.0
"""Pixels between two names at the ends of lines."""
LETTER = 6.2
"""Pixels of one letter of a name, about."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, a value (or NaN) for each place of the axis, and a class where it has one."""

    name: str
    values: Sequence[float]
    class_: str | None = None


@dataclass(frozen=True, slots=True)
class Canvas:
    """Room for a picture, in pixels of its own."""

    width: float = 960
    height: float = 360
    left: float = 48
    right: float = 190
    top: float = 16
    bottom: float = 32


PHONE = Canvas(width=360, height=260, left=40, right=10, top=14, bottom=32)
"""Room on a phone: no names at the ends, which the keys above the picture say."""


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where a place and a value lie."""

    room: Canvas
    places: Sequence[str]
    low: float
    high: float

    @property
    def step(self) -> float:
        return (self.room.width - self.room.left - self.room.right) / max(len(self.places), 1)

    @property
    def end(self) -> float:
        return self.room.width - self.room.right

    @property
    def depth(self) -> float:
        return self.room.height - self.room.top - self.room.bottom

    def x(self, place: int) -> float:
        return self.room.left + (place + 0.5) * self.step

    def y(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.room.height - self.room.bottom - share * self.depth


def lines_chart(
    lines: Sequence[Line],
    places: Sequence[str],
    *,
    label: str,
    said: Callable[[float], str],
    marked: Sequence[tuple[float, str]] = (),
    low: float | None = None,
    canvas: Canvas | None = None,
    every: int = 1,
) -> Markup:
    """Lines over places, which are named each ``every``; ``marked`` heights are drawn across and named.

    ``said`` writes a value for whoever reads the picture place by place. It is drawn twice, for a desk's
    screen and, with fewer places named, for a phone's: of both the style shows one.
    """
    few = max(every, math.ceil(len(places) / NARROW_LABELS))
    return joined(
        _drawn_on(room, lines, places, label=label, said=said, marked=marked, low=low, every=each)
        for room, each in ((canvas or Canvas(), every), (PHONE, few))
    )


def _drawn_on(
    room: Canvas,
    lines: Sequence[Line],
    places: Sequence[str],
    *,
    label: str,
    said: Callable[[float], str],
    marked: Sequence[tuple[float, str]],
    low: float | None,
    every: int,
) -> Markup:
    held = [value for each in lines for value in each.values if math.isfinite(value)]
    held += [height for height, _ in marked]
    bottom = min(held, default=0.0) if low is None else low
    top = max(held, default=1.0)
    plot = _Plot(room, places, bottom, top + 0.08 * ((top - bottom) or 1.0))
    drawn = [*_grid(plot, marked, every), *_drawn(plot, lines)]
    if room is not PHONE:
        drawn += _names(plot, lines)
    drawn += _columns(plot, lines, said)
    return element(
        "svg",
        element("title", label),
        joined(drawn),
        viewBox=f"0 0 {plot.room.width:.0f} {plot.room.height:.0f}",
        class_="chart narrow" if room is PHONE else "chart roomy",
        role="img",
        tabindex="0",
        aria_label=f"{label}. Arrow keys read one place after another.",
    )


def _grid(plot: _Plot, marked: Sequence[tuple[float, str]], every: int) -> Iterator[Markup]:
    def across(height: float, kind: str) -> Markup:
        y = plot.y(height)
        return element("line", x1=plot.room.left, x2=plot.end, y1=y, y2=y, class_=kind)

    for tick in nice_ticks(plot.low, plot.high):
        yield across(tick, "grid")
        yield text(level(tick), plot.room.left - 8, plot.y(tick) + 4, "axis", "end")
    for place, name in enumerate(plot.places):
        if place % every == 0:
            yield text(name, plot.x(place), plot.room.height - 8, "axis", "middle")
    for height, name in marked:
        yield across(height, "marked")
        yield text(name, plot.room.left + 4, plot.y(height) - 4, "axis over")


def _drawn(plot: _Plot, lines: Sequence[Line]) -> Iterator[Markup]:
    for number, each in enumerate(lines):
        kind = _class(number, each)
        for run in _runs(plot, each):
            yield line(run, kind)
            for x, y in run:
                yield element("circle", cx=x, cy=y, r=2.4, class_=f"dot {kind}")


def _class(number: int, each: Line) -> str:
    again = " again" if number >= COLOURS else ""
    return each.class_ or f"sibling sibling-{number % COLOURS + 1}{again}"


def _names(plot: _Plot, lines: Sequence[Line]) -> Iterator[Markup]:
    """Each line named at its end, in its colour: a picture that is printed or taken along has its key in it.

    Names that would meet are moved apart, with a stroke back to the end that each belongs to.
    """
    ends = [(run[-1], number, each) for number, each in enumerate(lines) for run in _runs(plot, each)[-1:]]
    ends.sort(key=lambda end: end[0][1])
    before = -math.inf
    places: list[float] = []
    for (_, y), _, _ in ends:
        before = max(y, before + GAP)
        places.append(before)
    limit = plot.room.height - 4.0
    for place in reversed(range(len(places))):  # what ran out below is pushed up again
        places[place] = min(places[place], limit)
        limit = places[place] - GAP
    shorter = without_common_start([each.name for each in lines])
    most = max(int((plot.room.right - 16) / LETTER), 3)
    for ((x, y), number, each), beside in zip(ends, places, strict=True):
        kind = _class(number, each)
        name = shorter[number] if len(shorter[number]) <= most else f"{shorter[number][: most - 1]}…"
        yield line([(x, y), (plot.end + 8, beside)], f"{kind} lead-to")
        yield element(
            "text",
            element("title", each.name),
            name,
            x=plot.end + 12,
            y=beside + 4,
            class_=f"{kind} line-name",
        )


def without_common_start(names: Sequence[str]) -> list[str]:
    """Names without the words that all of them begin with: what is left tells one from another."""
    words = [name.split() for name in names]
    most = min((len(each) for each in words), default=1) - 1
    same = 0
    while len(words) > 1 and same < most and len({each[same] for each in words}) == 1:
        same += 1
    return [" ".join(each[same:]) for each in words]


def _columns(plot: _Plot, lines: Sequence[Line], said: Callable[[float], str]) -> Iterator[Markup]:
    """One invisible column a place that says in words what the picture shows there."""
    for place, name in enumerate(plot.places):
        words = [
            f"{each.name}: {said(each.values[place])}" for each in lines if math.isfinite(each.values[place])
        ]
        if words:
            yield element(
                "rect",
                x=plot.x(place) - plot.step / 2,
                y=plot.room.top,
                width=plot.step,
                height=plot.depth,
                class_="column",
                data_month=name,
                data_said="|".join(words),
            )


def _runs(plot: _Plot, each: Line) -> list[list[Point]]:
    """Points of a line, broken where a value is missing."""
    runs: list[list[Point]] = [[]]
    for place, value in enumerate(each.values):
        if math.isfinite(value):
            runs[-1].append((plot.x(place), plot.y(value)))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
