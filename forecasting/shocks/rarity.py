"""How rare a number is beside its own history: the empirical tail, with no distribution assumed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RARE = 0.05
"""Empirical tail up to which something is reported: as far out in at most one month of twenty."""
REACHED = 19
"""Earlier months from which a tail can be as small as RARE: the judged month counts as one of them."""
BACK = 120
"""Months of history that are looked at: ten years, so that a trade of long ago does not judge today's."""


def empirical_tail(now: float, earlier: Floats) -> float:
    """Share of months at least as far from the median of the earlier ones, the judged month counted in.

    ``earlier`` has shape (n,) and is finite, in the unit of ``now``; both sides count, since no side was
    chosen before looking. The smallest tail is 1 / (n + 1). Changes on the year of neighbouring months
    overlap, so that the months are fewer than they seem: the tail orders, and is no exact probability.
    """
    middle = float(np.median(earlier))
    as_far = np.count_nonzero(np.abs(earlier - middle) >= abs(now - middle))
    return (1 + int(as_far)) / (len(earlier) + 1)
