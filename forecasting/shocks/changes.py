"""Changes on the month and on the year, of like spans only."""

from __future__ import annotations

import math

from forecasting.months import Span
from forecasting.series import Series


def on_month(series: Series, span: Span, value: float) -> float | None:
    """Ratio less one to the span of equal length just before; None where it is not held or not above zero."""
    return _change(series, span, value, back=span.months)


def on_year(series: Series, span: Span, value: float) -> float | None:
    """Ratio less one to the same span a year before; None where it is not held or not above zero."""
    return _change(series, span, value, back=12)


def _change(series: Series, span: Span, value: float, back: int) -> float | None:
    earlier = Span(span.first - back, span.months)
    before = series.at(earlier.first) if span.months == 1 else series.over(earlier)
    return value / before - 1 if math.isfinite(before) and before > 0 else None
