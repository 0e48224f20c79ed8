"""Forecasts of plain witnesses, made once of the same figures: a rehearsal makes one for each of its figures.

What witnesses say follows from the months held and from nothing else, so it is kept by these, in the memory
of the process: nothing has to be found stale, as rows would, and a second rehearsal of the same past, another
rule on it and ``mode=latest`` find what the first has made.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from forecasting.forecast import Forecast
from forecasting.months import Month
from forecasting.series import Series
from forecasting.shocks.witnesses import Mix, mixed, spoken

MOST_KEPT = 40_000
"""Mixes kept: those of 300 series over 10 years. The one that nobody has asked for longest goes first."""
ANY = Month.of(2000, 1)
"""The start that the series has whose figures are mixed: witnesses do not look at it."""


def witnessed(held: Series, reach: int) -> Forecast | None:
    """What ``steadied`` makes of a series alone, so many months long; None where nothing speaks."""
    mix = _mix(held.values.tobytes(), reach)
    return None if mix is None else spoken(held, None, mix)


@lru_cache(maxsize=MOST_KEPT)
def _mix(values: bytes, reach: int) -> Mix | None:
    return mixed(Series("", "", ANY, np.frombuffer(values)), None, horizon=reach)
