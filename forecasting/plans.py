"""Which portfolio a series can carry: the one asked for, or another that its cover allows, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecasting import portfolios
from forecasting.models.state_space import fill
from forecasting.months import Month
from forecasting.portfolios import Portfolio
from forecasting.series import Series
from forecasting.weights import shipped

FEWEST = 12
"""Figures held below which a forecast is the pooled prior around the series' level."""
MOST_MISSING = 0.15
"""Share of missing months above which a series counts as scattered."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A series, its form without gaps, and the portfolio that fits its cover.

    ``series`` ends with its last figure, ``empty`` months before the forecast's first: they are forecast too,
    and cut off at the end, since a filled month would count as one that is known. ``reason`` says why
    ``chosen`` is not the portfolio asked for; ``note`` what was filled; ``late`` which months are empty.
    """

    series: Series
    filled: Series
    asked: Portfolio
    chosen: Portfolio
    reason: str | None
    note: str | None
    late: str | None = None
    empty: int = 0

    @property
    def alone(self) -> bool:
        """True where one model was asked for by name."""
        return len(self.asked.members) == 1


def plan(series: Series, asked: Portfolio) -> Plan:
    """The plan of a series; one that holds nothing is not filled."""
    if series.held + len(series.totals) == 0:
        return Plan(series, series, asked, asked, "no figure is held", None)
    last = _last(series)
    empty = series.end.since(last)
    known = series.until(last)
    chosen, reason = _suited(known, asked)
    missing = int(np.isnan(known.values).sum())
    note = f"{missing} of {len(known.values)} months filled" if missing else None
    filled = fill(known)
    if chosen.learned:
        chosen = replace(chosen, weights=shipped(chosen.name).of(filled, chosen.votes))
    return Plan(known, filled, asked, chosen, reason, note, _late(series, last), empty)


def _last(series: Series) -> Month:
    """The last month that is in a figure."""
    return max(
        [series.start + int(step) for step in np.flatnonzero(np.isfinite(series.values))[-1:]]
        + [total.span.last for total in series.totals]
    )


def _late(series: Series, last: Month) -> str | None:
    """How many months at the end are in no figure, in words; None where the last is in one."""
    empty = series.end.since(last)
    if empty <= 0:
        return None
    months = "last month is" if empty == 1 else f"last {empty} months are"
    return f"the {months} not held: the forecast begins after {series.end}, and {last} is the last figure"


def _suited(series: Series, asked: Portfolio) -> tuple[Portfolio, str | None]:
    figures = series.held + len(series.totals)
    if len(asked.members) == 1:
        return asked, None
    if figures < FEWEST:
        months = "month" if figures == 1 else "months"
        return portfolios.SHORT, f"{figures} {months} held: pooled prior around their level, wide"
    missing = int(np.isnan(series.values).sum())
    if missing > MOST_MISSING * len(series.values):
        cover = f"{missing} of {len(series.values)} months are not held on their own"
        return portfolios.SCATTERED, f"{cover}: the spread is that of the models that read gaps"
    return asked, None
