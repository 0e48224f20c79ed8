"""A family as of a moment: its series side by side, where they part, what each is of the whole."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sqlalchemy import Connection

from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.divergence import last_parted
from services.queries.divergence import FamilyDivergence, divergence_as_of
from services.queries.mirror import Mirrored, mirrored_as_of
from services.storage import series as held
from services.storage.known_series import known_series
from services.storage.series import Group, SeriesRecord

BASE = 12
"""Months whose mean is 100 in the index: the first that every sibling holds one of, and those after it."""


@dataclass(frozen=True, slots=True, eq=False)
class Sibling:
    """One series of the family over the months shown: as an index, and as shares of the family's sum.

    Both NaN where a figure is not held; a share also where one of any sibling is not, or units differ.
    """

    series: SeriesRecord
    index: list[float]
    shares: list[float]
    last: Month
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class FamilyView:
    """The siblings over ``months``; ``base`` names the months whose mean is 100.

    ``divergence`` is of the last month shown in which two of them parted, else of the last that two of them
    hold; ``latest`` is that last one.
    """

    family: str
    months: list[Month]
    base: tuple[Month, Month] | None
    siblings: tuple[Sibling, ...]
    divergence: FamilyDivergence
    latest: Span | None
    mirrors: tuple[Mirrored, ...]


def groups(connection: Connection, kind: Literal["family", "tag"], *, desk: str | None = None) -> list[Group]:
    """Every family, or every tag, by name, with how many series share it; of those that ``desk`` may see."""
    return held.groups(connection, kind, desk=desk)


def family_view(
    connection: Connection,
    family: str,
    registered: Sequence[SeriesRecord],
    *,
    as_of: dt.datetime,
    months: int,
    desk: str | None,
) -> FamilyView:
    """The family's series by what was known at a moment, over the last ``months`` of them."""
    records = {each.id: each for each in registered}
    known = [each for each, _ in known_series(connection, registered, as_of)]
    shown: list[Month] = []
    base: tuple[Month, Month] | None = None
    if known:
        last = max(each.end for each in known)
        first = max(min(each.start for each in known), last - (months - 1))
        shown = [first + step for step in range(last.since(first) + 1)]
        base = _base(known, shown)
    latest = divergence_as_of(connection, family, registered, as_of=as_of)
    parting = last_parted(known, shown[0], shown[-1]) if shown else None
    found = latest
    if parting is not None and latest.span is not None and latest.span.first != parting:
        found = divergence_as_of(connection, family, registered, as_of=as_of, month=parting)
    return FamilyView(
        family,
        shown,
        base,
        tuple(_sibling(records[each.id], each, known, shown, base) for each in known),
        found,
        latest.span,
        tuple(mirrored_as_of(connection, each, as_of=as_of, desk=desk) for each in registered),
    )


def _base(known: Sequence[Series], shown: Sequence[Month]) -> tuple[Month, Month]:
    """The first year of the months shown in which each sibling holds a figure; else all of them."""
    for place, first in enumerate(shown):
        year = shown[place : place + BASE]
        if len(year) == BASE and all(any(math.isfinite(each.at(month)) for month in year) for each in known):
            return first, year[-1]
    return shown[0], shown[-1]


def _sibling(
    record: SeriesRecord,
    series: Series,
    known: Sequence[Series],
    shown: Sequence[Month],
    base: tuple[Month, Month] | None,
) -> Sibling:
    values = np.array([series.at(month) for month in shown])
    inside = [place for place, month in enumerate(shown) if base and base[0] <= month <= base[1]]
    held = values[inside][np.isfinite(values[inside])]
    level = float(held.mean()) if held.size and held.mean() > 0 else math.nan
    one_unit = len({each.unit for each in known}) == 1  # tonnes and dollars have no sum
    total = [sum(each.at(month) for each in known) if one_unit else math.nan for month in shown]
    shares = [value / whole if whole > 0 else math.nan for value, whole in zip(values, total, strict=True)]
    last = next((month for month in reversed(shown) if math.isfinite(series.at(month))), series.end)
    return Sibling(record, (100 * values / level).tolist(), shares, last, series.at(last))
