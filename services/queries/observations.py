"""Observations: the figures of a series as they were known at a moment, standing or print by print."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection

from forecasting.months import Month, Span
from services.queries.slices import Slice, sliced
from services.storage import observations
from services.storage.observations import ObservationRecord, as_of_today

__all__ = ["ObservationRecord", "UnknownCursorError", "figures", "standing_values"]


class UnknownCursorError(LookupError):
    """A cursor that no row of the list has."""

    def __init__(self, after: int) -> None:
        self.after = after
        super().__init__(f"{after} is no cursor of this list.")


def figures(
    connection: Connection,
    series_id: str,
    *,
    as_of: dt.datetime | None = None,
    first: Month | None = None,
    last: Month | None = None,
    revisions: bool = False,
    after: int | None = None,
    limit: int,
) -> Slice[ObservationRecord]:
    """The standing figure of each month in the order of months, known at a moment, by default now.

    With ``revisions`` every print of each. ``after`` is the id of the last row that is had; without revisions
    a month has one place: a print that came since stands where that one stood. UnknownCursorError.
    """
    rows = observations.history(connection, [series_id], as_of=as_of).get(series_id, [])
    shown = [row for row in (_every(rows) if revisions else _standing(rows)) if _within(row, first, last)]
    if after is not None:
        mark = next((row for row in rows if row.id == after), None)
        if mark is None:
            raise UnknownCursorError(after)
        place = _place if revisions else _months
        shown = [row for row in shown if place(row) > place(mark)]
    return sliced(shown, limit)


def standing_values(connection: Connection, ids: Collection[str]) -> dict[str, dict[Span, float]]:
    """Figures as they stand now, by series and span."""
    return {
        series_id: {
            row.observation.span: row.observation.value
            for row in as_of_today(rows)
            if row.observation.value is not None
        }
        for series_id, rows in observations.history(connection, ids).items()
    }


def _standing(rows: Sequence[ObservationRecord]) -> list[ObservationRecord]:
    latest: dict[Span, ObservationRecord] = {row.observation.span: row for row in rows}
    return [latest[span] for span in sorted(latest)]


def _every(rows: Sequence[ObservationRecord]) -> list[ObservationRecord]:
    return sorted(rows, key=_place)


def _months(row: ObservationRecord) -> tuple[Any, ...]:
    return (row.observation.span,)


def _place(row: ObservationRecord) -> tuple[Any, ...]:
    return row.observation.span, row.observation.known_from


def _within(row: ObservationRecord, first: Month | None, last: Month | None) -> bool:
    span = row.observation.span
    return (first is None or span.last >= first) and (last is None or span.first <= last)
