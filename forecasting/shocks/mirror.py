"""Reported exports against partners' reported imports of the same goods, judged by their usual gap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.divergence import FEWEST, PARTED, SMALLEST_SPREAD

Floats = NDArray[np.float64]

LEAST_COVERAGE = 0.6
"""Share of the exports that the partners held must usually take before a gap says anything."""
SHIPPING_LAG = 1
"""Months that goods are on their way, unless the caller knows better."""


@dataclass(frozen=True, slots=True)
class MirrorGap:
    """Exports of a month beside what partners report to have imported after the shipping lag.

    Attributes
    ----------
    exports, imports
        Reported exports of the span, and the partners' imports one shipping lag later, in the unit of both.
    coverage
        Imports over exports, in the median of the 24 months before: the partners' share of the exports,
        with the margin between FOB and CIF in it where the unit is money.
    gap
        Log of imports over exports, less its usual value; above zero more arrived than was said to be sent.
    score
        The gap over its usual spread (median absolute deviation, scaled to the normal).
    parted
        True where the score lies 3 or more from zero.
    """

    span: Span
    exports: float
    imports: float
    coverage: float
    gap: float
    score: float
    parted: bool
    reason: str


def mirror_gap(
    exports: Series, partners: Sequence[Series], month: Month, *, lag: int = SHIPPING_LAG
) -> MirrorGap | None:
    """The gap of one month; None where it cannot be judged.

    That is where a figure of it is not held or not above zero, fewer than six earlier months are held, or the
    partners usually take less than 60 % of the exports. All series are in one unit.
    """
    sent, arrived = exports.at(month), _arrived(partners, month + lag)
    if not (sent > 0 and arrived > 0):
        return None
    earlier = np.array(
        [
            _log_ratio(exports.at(month - back), _arrived(partners, month - back + lag))
            for back in range(1, 25)
        ]
    )
    earlier = earlier[np.isfinite(earlier)]
    if len(earlier) < FEWEST:
        return None
    usual = float(np.median(earlier))
    if math.exp(usual) < LEAST_COVERAGE:
        return None
    spread = max(1.4826 * float(np.median(np.abs(earlier - usual))), SMALLEST_SPREAD)
    gap = _log_ratio(sent, arrived) - usual
    score = gap / spread
    reason = (
        f"partners report {arrived:,.0f} {exports.unit} for {sent:,.0f} {exports.unit} sent in {month.name}, "
        f"{math.exp(_log_ratio(sent, arrived)):.0%} where {math.exp(usual):.0%} is usual, {abs(score):.1f} "
        f"times the usual spread of {len(earlier)} earlier months"
    )
    return MirrorGap(Span(month), sent, arrived, math.exp(usual), gap, score, abs(score) >= PARTED, reason)


def _arrived(partners: Sequence[Series], month: Month) -> float:
    """Sum of the partners' imports of a month; NaN unless every partner is held."""
    return sum((each.at(month) for each in partners), 0.0) if partners else math.nan


def _log_ratio(sent: float, arrived: float) -> float:
    return math.log(arrived / sent) if sent > 0 and arrived > 0 else math.nan
