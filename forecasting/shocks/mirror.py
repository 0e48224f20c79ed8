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
from forecasting.shocks.shipping_lag import LONGEST_LAG, ShippingLag, after, shipping_lag

Floats = NDArray[np.float64]

LEAST_COVERAGE = 0.6
"""Share of the exports that the partners held must usually take before a gap says anything."""


@dataclass(frozen=True, slots=True)
class MirrorGap:
    """Exports of a month beside what partners report to have imported, each after its own shipping lag.

    Attributes
    ----------
    exports, imports
        Reported exports of the span, and the partners' imports as many months later as their lags say, in the
        unit of both.
    coverage
        Imports over exports, in the median of the 24 months before: the partners' share of the exports,
        with the margin between FOB and CIF in it where the unit is money.
    gap
        Log of imports over exports, less its usual value; above zero more arrived than was said to be sent.
    score
        The gap over its usual spread (median absolute deviation, scaled to the normal).
    parted
        True where the score lies 3 or more from zero.
    lags
        How long goods are on their way to each partner, in the order of the partners.
    """

    span: Span
    exports: float
    imports: float
    coverage: float
    gap: float
    score: float
    parted: bool
    reason: str
    lags: tuple[ShippingLag, ...] = ()


def mirror_gap(exports: Series, partners: Sequence[Series], month: Month) -> MirrorGap | None:
    """The gap of one month; None where it cannot be judged.

    That is where a figure of it is not held or not above zero, fewer than six earlier months are held, or the
    partners usually take less than 60 % of the exports. All series are in one unit. Lags are learned from
    figures of months before ``month`` alone, and are those of the earlier months too.
    """
    if not exports.at(month) > 0 or not all(_answers(each, month) for each in partners):
        return None  # before any lag is learned: most months that are looked at are not answered yet
    lags = tuple(shipping_lag(exports, each, month) for each in partners)
    sent, arrived = exports.at(month), _arrived(partners, lags, month)
    if not (sent > 0 and arrived > 0):
        return None
    earlier = np.array(
        [
            _log_ratio(exports.at(month - back), _arrived(partners, lags, month - back))
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
        f"{100 * math.exp(_log_ratio(sent, arrived)):.0f} % where {100 * math.exp(usual):.0f} % is usual, "
        f"{abs(score):.1f} times the usual spread of {len(earlier)} earlier months; "
        f"imports are counted {_counted(lags)}"
    )
    parted = abs(score) >= PARTED
    return MirrorGap(Span(month), sent, arrived, math.exp(usual), gap, score, parted, reason, lags)


def _arrived(partners: Sequence[Series], lags: Sequence[ShippingLag], month: Month) -> float:
    """Sum of the partners' imports of what was sent in a month; NaN unless every partner is held."""
    if not partners:
        return math.nan
    return sum((each.at(month + lag.months) for each, lag in zip(partners, lags, strict=True)), 0.0)


def _answers(partner: Series, month: Month) -> bool:
    """True where a figure of imports is held that may answer to exports of a month."""
    return any(math.isfinite(partner.at(month + lag)) for lag in range(LONGEST_LAG + 1))


def _counted(lags: Sequence[ShippingLag]) -> str:
    """When imports are counted, and by how many pairs' own past."""
    first, last = min(lag.months for lag in lags), max(lag.months for lag in lags)
    learned = sum(lag.learned for lag in lags)
    when = f"{first} to {last} months after" if last > first else after(first)
    if learned in {0, len(lags)}:
        return f"{when} ({'by default' if learned == 0 else 'as the past of each pair says'})"
    return f"{when} ({learned} of {len(lags)} lags learned, the others by default)"


def _log_ratio(sent: float, arrived: float) -> float:
    return math.log(arrived / sent) if sent > 0 and arrived > 0 else math.nan
