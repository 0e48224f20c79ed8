"""Months between exports and a partner's imports of them, learned for each pair from its own past."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.months import Month
from forecasting.series import Series

Floats = NDArray[np.float64]

SHIPPING_LAG = 1
"""Months that goods are on their way where a pair's own past does not say it."""
LONGEST_LAG = 3
"""Greatest lag that is tried, in months; the smallest is none."""
FEWEST_SHARED = 36
"""Months with changes of both, at every lag tried, below which no lag is learned."""
LAG_BACK = 120
"""Months before the one judged that are looked at: ten years, so that routes of long ago say nothing."""


@dataclass(frozen=True, slots=True)
class ShippingLag:
    """How many months after the exports a partner's imports are counted, and why.

    Attributes
    ----------
    series_id
        The partner's series.
    months
        The lag, 0 to 3.
    learned
        True where the pair's past says so, False where the default of one month stands in.
    correlation
        Greatest correlation of log changes on the month, over the lags tried; None where too little is
        shared to ask.
    shared
        Months with changes of both at every lag.
    """

    series_id: str
    months: int
    learned: bool
    correlation: float | None
    shared: int
    reason: str


def shipping_lag(exports: Series, partner: Series, before: Month) -> ShippingLag:
    """The lag of a pair, from figures of months before ``before`` alone.

    That lag of 0 to 3 months at which log changes on the month of exports and of imports correlate most,
    every lag over the same months of exports, 36 or more. A correlation within twice its standard error of
    nothing (2 / sqrt(n)) tells no lag from another: then, and where less is shared, the lag is one month.
    """
    sent = _changes(exports, before)
    arrived = _changes(partner, before)
    kept = len(sent) - LONGEST_LAG
    shifted = np.array([arrived[lag : lag + kept] for lag in range(LONGEST_LAG + 1)])
    held = np.isfinite(sent[:kept]) & np.isfinite(shifted).all(axis=0)
    shared = int(held.sum())
    if shared < FEWEST_SHARED:
        reason = f"{shared} months of changes are shared and {FEWEST_SHARED} needed; {after(SHIPPING_LAG)}"
        return ShippingLag(partner.id, SHIPPING_LAG, False, None, shared, f"{reason} by default")
    correlations = _correlations(sent[:kept][held], shifted[:, held])
    best = int(np.argmax(correlations))
    greatest = float(correlations[best])
    told = f"changes correlate by {greatest:.2f} over {shared} months"
    if greatest < 2 / math.sqrt(shared):
        reason = f"{told} at best, which is not told from nothing; {after(SHIPPING_LAG)} by default"
        return ShippingLag(partner.id, SHIPPING_LAG, False, greatest, shared, reason)
    return ShippingLag(partner.id, best, True, greatest, shared, f"{told}, most of all {after(best)}")


def after(lag: int) -> str:
    """A lag in words."""
    return "in the same month" if lag == 0 else f"{lag} month{'s' if lag > 1 else ''} after"


def _changes(series: Series, before: Month) -> Floats:
    """Log changes on the month (120,) of the months before one, the oldest first; NaN where not held."""
    values = np.full(LAG_BACK + 1, np.nan)
    end = min(max(before.since(series.start), 0), len(series.values))
    gone = before.since(series.start) - end  # months before it of which nothing is held yet
    held = series.values[max(end - (LAG_BACK + 1 - gone), 0) : end] if gone <= LAG_BACK else values[:0]
    values[len(values) - gone - len(held) : len(values) - gone] = np.where(held > 0, held, np.nan)
    changes: Floats = np.diff(np.log(values))
    return changes


def _correlations(one: Floats, others: Floats) -> Floats:
    """Pearson's correlations (k,) of changes (n,) with each of others (k, n); 0 where one does not move."""
    one, others = one - one.mean(), others - others.mean(axis=1, keepdims=True)
    size = np.sqrt((one**2).sum() * (others**2).sum(axis=1))
    found: Floats = np.divide(others @ one, size, out=np.zeros(len(size)), where=size > 0)
    return found
