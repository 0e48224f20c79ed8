"""The newest mirror gap that can be judged: imports come in later than the exports that they answer."""

from __future__ import annotations

from collections.abc import Sequence

from forecasting.months import Month
from forecasting.series import Series
from forecasting.shocks.mirror import MirrorGap, mirror_gap

MIRRORED_BACK = 6
"""Months before a figure's in which the newest mirror gap is looked for."""


def newest_gap(exports: Series, partners: Sequence[Series], last: Month) -> MirrorGap | None:
    """The gap of the newest month up to ``last`` of which exports and imports are known."""
    gaps = (mirror_gap(exports, partners, last - back) for back in range(MIRRORED_BACK + 1))
    return next((gap for gap in gaps if gap is not None), None)
