"""Whether one forecaster errs less than another on the same figures, or only seemed to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import stdtr

from forecasting.months import Month

FEWEST_MONTHS = 8
"""Months below which no test is made: as many as past errors that a surprise asks for."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The test of Diebold and Mariano (1995) for equal losses over ``months`` calendar months.

    ``difference`` is the mean loss of the one less that of the other, in the unit of the losses: below zero
    the one is better. ``statistic`` is it over its standard error, with the correction of Harvey, Leybourne
    and Newbold (1997) for few months, and ``p_value`` two-sided by Student's t with one degree less than
    months. Both are None below ``FEWEST_MONTHS`` or twice the months ahead, where what overlaps is most of
    what there is, and where every month differs by the same: nothing then tells how far it could have been
    otherwise.
    """

    months: int
    difference: float
    statistic: float | None
    p_value: float | None


class PairedLosses:
    """Differences of two losses on the same figures, one by one; of each month the mean counts once.

    Figures of one month are not independent of each other: a shock hits many series at once.
    """

    def __init__(self) -> None:
        self._months: dict[Month, tuple[float, int]] = {}
        self._ahead = 1

    def add(self, month: Month, one: float, other: float, *, ahead: int) -> None:
        """Two losses on a figure of a month that was foretold so many months ahead."""
        total, count = self._months.get(month, (0.0, 0))
        self._months[month] = total + one - other, count + 1
        self._ahead = max(self._ahead, ahead)

    def compared(self) -> Comparison | None:
        """The test over what was added; None where nothing was."""
        if not self._months:
            return None
        means = {month: total / count for month, (total, count) in self._months.items()}
        months = len(means)
        difference = math.fsum(means.values()) / months
        statistic = self._statistic(means, difference)
        p_value = None if statistic is None else 2 * float(stdtr(months - 1, -abs(statistic)))
        return Comparison(months, difference, statistic, p_value)

    def _statistic(self, means: dict[Month, float], difference: float) -> float | None:
        """Errors of forecasts made h months ahead overlap by h - 1 months, which widens the standard error.

        Bartlett's weights keep that one from being negative (Newey and West 1987).
        """
        months, ahead = len(means), self._ahead
        if months < max(FEWEST_MONTHS, 2 * ahead):
            return None
        apart = {month: mean - difference for month, mean in means.items()}
        variance = 0.0
        for lag in range(ahead):
            products = (each * apart[month + lag] for month, each in apart.items() if month + lag in apart)
            weight = 1.0 if lag == 0 else 2 * (1 - lag / ahead)
            variance += weight * math.fsum(products) / months
        largest = max(abs(each) for each in apart.values())
        if variance <= 0 or largest <= 1e-12 * max(map(abs, means.values())):
            return None
        few = (months + 1 - 2 * ahead + ahead * (ahead - 1) / months) / months
        return math.sqrt(few) * difference / math.sqrt(variance / months)
