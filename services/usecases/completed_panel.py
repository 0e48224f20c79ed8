"""A panel completed for judging: zeros where nothing was shipped, and totals left as they were published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecasting.series import Series
from services.usecases.absent_months import zeros_for_absent


def completed(panel: Sequence[Series]) -> list[Series]:
    """The panel with a zero for each absent month, in its order.

    A month of a total is not absent but unsplit, so that it stays a gap; a series without a month of its own
    is left as it is.
    """
    monthly = [series for series in panel if series.held]
    zeroed = dict(zip((series.id for series in monthly), zeros_for_absent(monthly), strict=True))
    return [_unsplit(series, zeroed[series.id]) if series.id in zeroed else series for series in panel]


def _unsplit(given: Series, zeroed: Series) -> Series:
    """The zeroed series where no month of a total that is held has become a zero or been cut away."""
    if not given.totals:
        return zeroed
    before, after = np.asarray(given.values), np.asarray(zeroed.values)
    values = np.full(max(len(before), len(after)), np.nan)
    values[: len(after)] = after
    for total in given.totals:
        within = slice(total.span.first.since(given.start), total.span.last.since(given.start) + 1)
        values[within] = before[within]
    last = max(total.span.last.since(given.start) for total in given.totals)
    return replace(zeroed, values=values[: max(int(np.flatnonzero(np.isfinite(values))[-1]), last) + 1])
