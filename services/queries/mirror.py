"""Reported exports against partners' reported imports, by what was known at a moment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from forecasting.months import Month
from forecasting.shocks.mirror import MirrorGap, mirror_gap
from forecasting.shocks.newest_gap import newest_gap
from forecasting.shocks.partners import LeftOut
from services.storage.beside import Beside
from services.storage.series import SeriesRecord


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A series' mirror gap beside the partners it was made from; None for ``reason``.

    ``left_out`` are series that would have counted a partner twice.
    """

    series: SeriesRecord
    partners: tuple[SeriesRecord, ...]
    left_out: tuple[LeftOut[SeriesRecord], ...]
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
    beside = Beside(connection, desk=desk, shipped={})  # no calendar is asked for
    found = beside.partners(watched, as_of)
    partners = found.taken
    if not partners:
        reason = "no series of partners' imports of these goods is held; see the tag `imports`"
        return Mirrored(watched, (), (), None, reason)
    held = next(iter(beside.known([watched], as_of)), None)
    known = beside.known(partners, as_of)
    gap = None
    if held is not None and len(known) == len(partners):
        gap = newest_gap(held, known, held.end) if month is None else mirror_gap(held, known, month)
    nothing = (
        "a figure of it is not held, fewer than six earlier months are, "
        "or the partners usually take less than 60 % of the exports"
    )
    return Mirrored(watched, partners, found.left_out, gap, nothing if gap is None else gap.reason)
