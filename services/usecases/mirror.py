"""Reported exports against partners' reported imports, by what was known at a moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from forecasting.months import Month
from forecasting.series import Series
from forecasting.shocks.mirror import MirrorGap, mirror_gap
from services.storage.series import SeriesRecord
from services.usecases.beside import Beside

MIRRORED_BACK = 6
"""Months before a figure's in which the newest mirror gap is looked for: imports come in later."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A series' mirror gap beside the partners it was made from; None for ``reason``."""

    series: SeriesRecord
    partners: tuple[SeriesRecord, ...]
    gap: MirrorGap | None
    reason: str


def mirrored_as_of(
    connection: Connection,
    watched: SeriesRecord,
    *,
    as_of: dt.datetime,
    month: Month | None = None,
    desk: str | None = None,
) -> Mirrored:
    """The gap of a month, by default the newest that can be judged, with partners that a desk may see."""
    beside = Beside(connection, desk=desk)
    partners = tuple(beside.partners(watched))
    if not partners:
        reason = "no series of partners' imports of these goods is held; see the tag `imports`"
        return Mirrored(watched, (), None, reason)
    held = next(iter(beside.known([watched], as_of)), None)
    known = beside.known(partners, as_of)
    gap = None
    if held is not None and len(known) == len(partners):
        gap = newest_gap(held, known, held.end) if month is None else mirror_gap(held, known, month)
    nothing = (
        "a figure of it is not held, fewer than six earlier months are, "
        "or the partners usually take less than 60 % of the exports"
    )
    return Mirrored(watched, partners, gap, nothing if gap is None else gap.reason)


def newest_gap(exports: Series, partners: Sequence[Series], last: Month) -> MirrorGap | None:
    """The gap of the newest month up to ``last`` of which exports and imports are known."""
    gaps = (mirror_gap(exports, partners, last - back) for back in range(MIRRORED_BACK + 1))
    return next((gap for gap in gaps if gap is not None), None)
