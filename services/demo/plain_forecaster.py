"""A forecaster for the demo that is nobody: it expects of a month the mean of the last three figures.

It stands where a desk's consensus or a bank's would, so that messages and the track record show what they say
of one. Its forecasts are made here from the figures of the replay, of what was known a week before each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from forecasting.months import Month, Span

FORECASTER = "last-three"
NAME = "the mean of the last three figures"
FIRST = Month.of(2023, 1)
"""The first month that it foretells: two years and more before the replay begins are its past errors."""
AHEAD = dt.timedelta(days=7)
"""How long before a figure became known it is submitted."""
FIGURES = 3


@dataclass(frozen=True, slots=True)
class _Figure:
    span: Span
    value: float
    known_from: dt.datetime


def submissions(rows: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """What it submits of every span from FIRST on, and of the month after the last: one row a forecast.

    ``rows`` are figures as the demo's file has them. A figure of several months counts as one for each, at
    their mean; what is expected of several is for all of them. Below three figures nothing is said.
    """
    held: dict[str, list[_Figure]] = {}
    units: dict[str, str] = {}
    for row in rows:
        known = dt.datetime.fromisoformat(row["known_from"])
        figure = _Figure(Span.parse(row["month"]), float(row["value"]), known)
        held.setdefault(row["series_id"], []).append(figure)
        units[row["series_id"]] = row["unit"]
    made = []
    for series_id, figures in held.items():
        first: dict[Span, dt.datetime] = {}
        for each in figures:
            first[each.span] = min(each.known_from, first.get(each.span, each.known_from))
        last = max(first, key=lambda span: span.last)
        ahead = {Span(last.last + 1): max(first.values()) + AHEAD}
        for span, known in {**first, **ahead}.items():
            at = known - AHEAD
            expected = _expected(figures, span, at + dt.timedelta(seconds=1))
            if span.first >= FIRST and expected is not None:
                row = {"series_id": series_id, "month": str(span), "unit": units[series_id]}
                made.append({**row, "point": expected, "known_from": at.isoformat()})
    return made


def _expected(figures: Iterable[_Figure], span: Span, at: dt.datetime) -> float | None:
    """The mean a month of the last figures before a span, as known before a moment, for all its months."""
    months: dict[Month, float] = {}
    for each in sorted(figures, key=lambda figure: figure.known_from):
        if each.known_from < at and each.span.last < span.first:
            months.update(dict.fromkeys(each.span, each.value / each.span.months))
    last = sorted(months)[-FIGURES:]
    if len(last) < FIGURES:
        return None
    return round(sum(months[month] for month in last) / FIGURES * span.months, 1)
