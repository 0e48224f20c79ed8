"""How the series of a family part ways in one month, by what was known at a moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection

from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.divergence import Divergence, divergences, share
from forecasting.shocks.siblings import Findings, findings
from services.storage.known_series import known_series
from services.storage.series import SeriesRecord


@dataclass(frozen=True, slots=True)
class Shares:
    """A series' share in the sum of its family's figures, in the month and in the same month a year before.

    Both None where a figure of the family is not held, or units differ. Where one series is part of another,
    so is its share.
    """

    series_id: str
    now: float | None
    year_before: float | None


@dataclass(frozen=True, slots=True)
class FamilyDivergence:
    """Pairs of a family in one month, the widest gap first; ``reason`` says why there is none.

    ``beyond`` is what else stands out, of ranks, shares and amounts that match.
    """

    family: str
    span: Span | None
    pairs: tuple[Divergence, ...]
    shares: tuple[Shares, ...]
    reason: str | None
    beyond: Findings = field(default_factory=Findings)


def divergence_as_of(
    connection: Connection,
    family: str,
    registered: Sequence[SeriesRecord],
    *,
    as_of: dt.datetime,
    month: Month | None = None,
) -> FamilyDivergence:
    """Divergence in a month, by default the last of which two siblings' changes on the year are known."""
    series = [known for known, _ in known_series(connection, registered, as_of)]
    if len(series) < 2:
        return FamilyDivergence(
            family, None, (), (), f"{len(series)} series of the family are known; two are needed"
        )
    span = _last_shared(series) if month is None else Span(month)
    if span is None:
        reason = "no month is held for two of them together with the same month a year before"
        return FamilyDivergence(family, None, (), (), reason)
    pairs = divergences(series, span)
    before = Span(span.first - 12, span.months)
    shares = tuple(Shares(each.id, share(each, series, span), share(each, series, before)) for each in series)
    nothing = f"no two of them hold {span.name} and the same month a year before"
    return FamilyDivergence(family, span, pairs, shares, None if pairs else nothing, findings(series, span))


def _last_shared(series: Sequence[Series]) -> Span | None:
    """The last month that two series hold together with the same month a year before."""
    last = max(each.end for each in series)
    first = min(each.start for each in series)
    for back in range(last.since(first) + 1):
        month = last - back
        held = [each for each in series if np.isfinite(each.at(month)) and np.isfinite(each.at(month - 12))]
        if len(held) > 1:
            return Span(month)
    return None
