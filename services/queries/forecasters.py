"""Forecasters that a desk sees, and what each of them submitted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import Connection

from alerts.rules import Rule
from forecasting.months import Month
from forecasting.submitted_forecasts import Forecaster
from services.queries.slices import Slice, one_more, sliced
from services.storage import forecasters, submitted_forecasts
from services.storage.submitted_forecasts import SubmittedRecord

__all__ = ["Forecaster", "SubmittedRecord", "listed", "names", "one", "said_by", "standing"]


def listed(connection: Connection, *, desk: str | None = None) -> list[Forecaster]:
    """Forecasters by id; with ``desk`` its own and those of every desk."""
    return forecasters.listed(connection, desk=desk)


def names(connection: Connection, rules: Iterable[Rule], *, desk: str | None = None) -> dict[str, str]:
    """The names of forecasters that rules speak of, by id; with ``desk`` of those that it sees."""
    asked = {each for rule in rules for each in rule.forecasters}
    if not asked:
        return {}
    return {each.id: each.name for each in forecasters.listed(connection, desk=desk) if each.id in asked}


def one(connection: Connection, forecaster_id: str, *, desk: str | None = None) -> Forecaster | None:
    """One forecaster; None where there is none, or it is another desk's."""
    found = forecasters.get(connection, forecaster_id)
    return found if found is not None and (desk is None or found.desk in {None, desk}) else None


def said_by(
    connection: Connection,
    forecaster_id: str,
    *,
    series_id: str | None = None,
    as_of: dt.datetime | None = None,
    superseded: bool = False,
    desk: str | None = None,
    after: int = 0,
    limit: int | None = None,
) -> Slice[SubmittedRecord]:
    """What a forecaster had submitted by a moment, in the order of submission; see storage."""
    found = submitted_forecasts.listed(
        connection,
        forecaster_id,
        series_ids=None if series_id is None else [series_id],
        as_of=as_of,
        superseded=superseded,
        desk=desk,
        after=after,
        limit=one_more(limit),
    )
    return sliced(found, limit)


def standing(
    connection: Connection, series_id: str, *, after: Month, as_of: dt.datetime, desk: str | None = None
) -> list[tuple[Forecaster, SubmittedRecord]]:
    """What is submitted of the months of a series after one, by span and forecaster, as of a moment."""
    return submitted_forecasts.standing(connection, series_id, after=after, as_of=as_of, desk=desk)
