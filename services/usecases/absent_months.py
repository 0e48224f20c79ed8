"""Months in which a release came without a series: nothing was shipped, and that is a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecasting.months import Month
from forecasting.series import Series

FEWEST = 12
"""Months before an absent one that must be known before its absence says anything."""
ABSENT_FOR = 12
"""Months in a row without a row after which a series counts as ended, and no longer as zero."""
RELEASED = 0.5
"""Share of a family's running series that must have a row before another one's absence says anything."""
REGULAR = 0.9
"""Share of its last 24 months that a series must have held before its absence counts as nothing shipped."""


def zeros_for_absent(panel: Sequence[Series]) -> list[Series]:
    """The panel with a zero for each month in which the release came without the series."""
    running: Counter[tuple[str, int]] = Counter()
    present: Counter[tuple[str, int]] = Counter()
    for series in panel:
        family = _family(series)
        for step, held in enumerate(np.isfinite(series.values)):
            running[family, series.start.ordinal + step] += 1
            present[family, series.start.ordinal + step] += bool(held)
    lasts: dict[str, Month] = {}
    for series in panel:
        lasts[_family(series)] = max(series.end, lasts.get(_family(series), series.end))
    return [_completed(series, running, present, lasts[_family(series)]) for series in panel]


def _family(series: Series) -> str:
    return series.id.partition("__")[0]


def _completed(
    series: Series, running: Counter[tuple[str, int]], present: Counter[tuple[str, int]], last: Month
) -> Series:
    family = _family(series)
    values: list[float] = list(series.values)
    values += [np.nan] * min(max(last.since(series.end), 0), ABSENT_FOR)
    absent = 0
    for step, value in enumerate(values):
        if np.isfinite(value):
            absent = 0
            continue
        absent += 1
        key = family, series.start.ordinal + step
        before = values[max(step - 24, 0) : step]
        regular = len(before) >= FEWEST and np.isfinite(before).mean() >= REGULAR
        released = present[key] >= max(2, RELEASED * running[key])
        if regular and released and absent <= ABSENT_FOR and min(before) >= 0:
            values[step] = 0.0
    held = np.flatnonzero(np.isfinite(values))
    return replace(series, values=np.array(values[: held[-1] + 1]))
