"""A rehearsal as a drawing: the figures of each series as a line, over it each alert from onset to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.rehearsal import RehearsedAlert
from forecasting.months import Month, Span
from services.usecases.rehearse_rule import Rehearsed

WIDTH, HEIGHT = 1000.0, 90.0
"""Of the drawing of one series, in its own units."""

STEPS = (1, 3, 6, 12, 24, 48, 96, 192)
"""Months between two that are named; each a multiple of the one before: what a phone names a desk does."""
WIDE, NARROW = (12, 16), (3, 6)
"""How many months, and how many years, are named on a desk's screen and on a phone."""
WIDE_END, NARROW_END = 0.97 * WIDTH, 0.9 * WIDTH
"""How near the right edge a name may stand."""

_MARGIN = 8.0
_LEAST = 5.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One alert: where it stands, and what it was."""

    x: float
    width: float
    alert: RehearsedAlert


@dataclass(frozen=True, slots=True)
class Lane:
    """One series: its line as points of SVG, its alerts."""

    series_id: str
    name: str
    points: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a month begins and what it is called; ``wide`` where a narrow screen has no room for its name."""

    x: float
    label: str
    wide: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lanes over the same months, and the months that are named below them."""

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Months along the width; a month's place is its beginning."""

    first: Month
    last: Month

    @property
    def months(self) -> int:
        return self.last.since(self.first) + 1

    def at(self, month: Month) -> float:
        return WIDTH * month.since(self.first) / self.months

    def holds(self, span: Span) -> bool:
        return self.first <= span.first and span.last <= self.last


def timeline(told: Rehearsed, values: Mapping[str, Mapping[Span, float]]) -> Timeline:
    """The drawing of a rehearsal; ``values`` are the figures of each series as they stand."""
    axis = _Axis(told.first, told.last)
    lanes = tuple(
        Lane(
            each.id,
            each.name,
            _line({span: value for span, value in values.get(each.id, {}).items() if axis.holds(span)}, axis),
            tuple(_bar(alert, axis) for alert in told.rehearsal.alerts if alert.series_id == each.id),
        )
        for each in told.series
    )
    return Timeline(lanes, _ticks(axis))


def _ticks(axis: _Axis) -> tuple[Tick, ...]:
    """Months at even steps that are named without meeting: years where these are enough, else months."""
    wide, narrow = _step(axis, WIDE), _step(axis, NARROW)
    months = (axis.first + step for step in range(axis.months))
    return tuple(
        Tick(
            axis.at(month),
            str(month.year) if wide >= 12 else f"{month.first_day:%b %Y}",
            bool(month.ordinal % max(narrow, wide)) or axis.at(month) > NARROW_END,
        )
        for month in months
        if not month.ordinal % wide and axis.at(month) <= WIDE_END
    )


def _step(axis: _Axis, room: tuple[int, int]) -> int:
    """Months from one name to the next: the fewest for which there is room, months' names or years'."""
    months, years = room
    return next((step for step in STEPS if axis.months <= step * (months if step < 12 else years)), STEPS[-1])


def _line(values: Mapping[Span, float], axis: _Axis) -> str:
    """Volumes a month: the total of several stands as their mean, in their midst, where none stands alone."""
    alone = {span.first for span in values if span.months == 1}
    monthly = {
        span: value / span.months
        for span, value in values.items()
        if span.months == 1 or not alone & set(span)
    }
    if not monthly:
        return ""
    least, most = min(monthly.values()), max(monthly.values())
    scale = (HEIGHT - 2 * _MARGIN) / ((most - least) or 1.0)
    return " ".join(
        f"{(axis.at(span.first) + axis.at(span.last + 1)) / 2:.1f},"
        f"{HEIGHT - _MARGIN - scale * (value - least):.1f}"
        for span, value in sorted(monthly.items())
    )


def _bar(alert: RehearsedAlert, axis: _Axis) -> Bar:
    last = alert.closed.last if alert.closed is not None else axis.last
    start, end = axis.at(alert.onset.first), axis.at(min(last, axis.last) + 1)
    return Bar(start, max(end - start, _LEAST), alert)
