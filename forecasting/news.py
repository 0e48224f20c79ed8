"""Why a forecast changed between two publications: what the engine, revised and new figures each moved.

before ─ engine → refitted to the same figures ─ revisions → to these as revised ─ news → after

The three steps add up to the whole change of what the models said; how far forecasts of others moved each
publication is told beside them. After Bańbura and Modugno 2014, doi:10.1002/jae.2306, with refits
in the place of one model's gains, so that it holds for any portfolio.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.series import Series, monthly

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """The figure of a span as known before and after, in the series' unit; None is not known."""

    span: Span
    before: float | None
    after: float | None

    @property
    def revised(self) -> bool:
        """True for a figure that was known before: another value, or withdrawn."""
        return self.before is not None


def figures_between(old: Series, new: Series) -> tuple[Figure, ...]:
    """Every figure that is new, revised or withdrawn, in the order of spans."""
    before, after = dict(_figures(old)), dict(_figures(new))
    return tuple(
        Figure(span, before.get(span), after.get(span))
        for span in sorted(before.keys() | after.keys())
        if before.get(span) != after.get(span)
    )


def as_revised(old: Series, new: Series) -> Series:
    """The figures of ``old`` with the values that ``new`` gives them, and no other figure.

    InvalidSeriesError where every one of them was withdrawn.
    """
    after = dict(_figures(new))
    return monthly(
        old.id, old.unit, [(span, after[span]) for span, _ in _figures(old) if after.get(span) is not None]
    )


def _figures(series: Series) -> Iterable[tuple[Span, float]]:
    for step in np.flatnonzero(np.isfinite(series.values)):
        yield Span(series.start + int(step)), float(series.values[step])
    for total in series.totals:
        yield total.span, total.value


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Medians (h,) of two publications for the months from ``first`` on, and what moved them, in the unit.

    ``before + engine + revisions + news + others`` is ``after``. ``engine`` is 0 where both were made by the
    same versions of code, libraries and trained models. ``others`` is how far forecasts of others moved the
    second publication less how far they moved the first.
    """

    first: Month
    before: Array
    engine: Array
    revisions: Array
    news: Array
    others: Array
    after: Array


def change(before: Forecast, after: Forecast, refitted: Forecast, revised: Forecast) -> Change | None:
    """The change of every month that both publications foretell; None where there is none.

    ``refitted`` is made from the figures of ``before`` with what made ``after``, ``revised`` from these as
    revised. Where no engine changed ``before`` itself is ``refitted``; where nothing was revised ``refitted``
    is ``revised``. All four are of models alone: ``without_others``, and then ``with_others``.
    """
    steps = (before, refitted, revised, after)
    first = max(each.first for each in steps)
    last = min(each.last for each in steps)
    months = last.since(first) + 1
    if months < 1:
        return None
    paths = [each.median[first.since(each.first) :][:months] for each in steps]
    engine, revisions, news = (paths[step + 1] - paths[step] for step in range(3))
    return Change(first, paths[0], engine, revisions, news, np.zeros(months), paths[3])


Moved = Mapping[Month, float]
"""By how much forecasts of others moved the median of each month, in the unit."""


def without_others(forecast: Forecast, moved: Moved) -> Forecast:
    """A published forecast as its models alone had it."""
    if not moved:
        return forecast
    return replace(forecast, values=forecast.values - _path(moved, forecast.first, forecast.horizon)[:, None])


def with_others(told: Change, before: Moved, after: Moved) -> Change:
    """A change of models alone as one of the two publications that others moved."""
    shift, shifted = (_path(each, told.first, len(told.after)) for each in (before, after))
    return replace(told, before=told.before + shift, others=shifted - shift, after=told.after + shifted)


def _path(moved: Moved, first: Month, months: int) -> Array:
    return np.array([moved.get(first + step, 0.0) for step in range(months)])
