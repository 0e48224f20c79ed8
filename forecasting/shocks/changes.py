"""Changes on the month and on the year, of like spans only."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from forecasting.months import Month, Span
from forecasting.prints import Prints
from forecasting.series import Series


def on_month(series: Series, span: Span, value: float) -> float | None:
    """Ratio less one to the span of equal length just before; None where it is not held or not above zero."""
    return _change(series, span, value, back=span.months)


def on_year(series: Series, span: Span, value: float) -> float | None:
    """Ratio less one to the same span a year before; None where it is not held or not above zero."""
    return _change(series, span, value, back=12)


def before(series: Series, span: Span, back: int) -> float:
    """Figure of the like span ``back`` months before; NaN where it is not held."""
    earlier = Span(span.first - back, span.months)
    return series.at(earlier.first) if span.months == 1 else series.over(earlier)


def _change(series: Series, span: Span, value: float, back: int) -> float | None:
    held = before(series, span, back)
    return value / held - 1 if math.isfinite(held) and held > 0 else None


def to_date(prints: Prints, last: Month) -> tuple[Span, float] | None:
    """As ``year_to_date``, of the figures that stand at the moment that the prints have come to."""
    january = Month.of(last.year, 1)
    alone = prints.months(january, last)
    if alone is None:
        return year_to_date(prints.figures(january, last), last)
    if not np.isfinite(alone).all():
        return None
    total = 0.0
    for figure in alone[::-1].tolist():  # as ``_parted`` adds, to the last bit
        total = figure + total
    return Span.between(january, last), total


def year_to_date(figures: Mapping[Span, float], last: Month) -> tuple[Span, float] | None:
    """Total from January to ``last`` with its span, from figures of months and of longer spans that part it.

    Shorter figures stand before longer ones. None where a month is in no figure held, or only in figures
    that overlap.
    """
    january = Month.of(last.first_day.year, 1)
    total = _parted(figures, january, last)
    return None if total is None else (Span.between(january, last), total)


def _parted(figures: Mapping[Span, float], month: Month, last: Month) -> float | None:
    """Sum of figures that follow on one another from ``month`` to ``last``; None where none do."""
    if month > last:
        return 0.0
    for length in range(1, last.since(month) + 2):
        figure = figures.get(Span(month, length))
        rest = None if figure is None else _parted(figures, month + length, last)
        if figure is not None and rest is not None:
            return figure + rest
    return None
