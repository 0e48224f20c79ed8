"""A rehearsal as a drawing: the figures of each series as a line, over it each alert from onset to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.rehearsal import RehearsedAlert
from forecasting.months import Month, Span
from services.usecases.rehearse_rule import Rehearsed

WIDTH, HEIGHT = 1000.0, 90.0
"""Of the drawing of one series, in its own units."""

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
class Timeline:
    """Lanes over the same months; ``years`` are the places at which a year begins."""

    lanes: tuple[Lane, ...]
    years: tuple[tuple[float, int], ...]


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
    every = 1 if axis.months <= 12 * 12 else 2
    years = range(told.first.year + (told.first.number > 1), told.last.year + 1)
    return Timeline(lanes, tuple((axis.at(Month.of(year, 1)), year) for year in years if year % every == 0))


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
