"""Figures that part the months of a series: totals and months side by side, and no month counted twice."""

from __future__ import annotations

import numpy as np

from forecasting.months import Span
from forecasting.series import Series, Total


def parts(series: Series, onset: Span) -> list[tuple[Span, float]]:
    """Figures from ``onset`` on, in the series' unit, in the order of their months; ``onset`` is the first.

    A month held alone stands alone. Of a total stands what the figures inside it leave, where those months
    follow on one another, and else the total in their place. Of two that overlap the shorter stands. A rest
    below zero in a series that never is so says that the two were not published together: it is left out.
    """
    whole = series.over(onset)
    found = {} if np.isnan(whole) else {onset: whole}
    for step in np.flatnonzero(np.isfinite(series.values)).tolist():
        if series.start + step not in onset or not found:
            found[Span(series.start + step)] = float(series.values[step])
    for total in sorted(series.totals, key=lambda each: (each.span.months, each.span)):
        _laid(found, total, onset, non_negative=series.non_negative)
    return [(span, value) for span, value in sorted(found.items()) if span.first >= onset.first]


def _laid(found: dict[Span, float], total: Total, onset: Span, *, non_negative: bool) -> None:
    """Add to the figures what a total says of months that none of them holds."""
    inside = [span for span in found if span.first <= total.span.last and span.last >= total.span.first]
    if any(span.first < total.span.first or span.last > total.span.last for span in inside):
        return
    told = {month for span in inside for month in span}
    missing = [month for month in total.span if month not in told]
    rest = total.value - sum(found[span] for span in inside)
    if not missing or (non_negative and rest < 0):
        return
    if missing[-1].since(missing[0]) + 1 == len(missing):
        found[Span(missing[0], len(missing))] = rest
    elif onset not in inside:
        for span in inside:
            del found[span]
        found[total.span] = total.value
