"""Alerts as they stood at a moment: by what had happened to each by then, and nothing later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from alerts.states import as_told
from services.queries.alerts import Life, life
from services.queries.slices import Slice, sliced
from services.storage import alerts_as_of
from services.storage.alerts import AlertRecord
from services.storage.alerts_as_of import ToldByThen

__all__ = ["life_by", "listed_as_of", "one_as_of"]


def listed_as_of(
    connection: Connection,
    *,
    as_of: dt.datetime,
    desk: str | None = None,
    series_id: str | None = None,
    status: str | None = None,
    after: str | None = None,
    limit: int,
) -> Slice[AlertRecord]:
    """Alerts that had opened by a moment, the last opened first, each as the last word on it left it.

    ``status`` and ``after`` as in ``services.queries.alerts.listed``, and so is the order: one that opened
    again keeps the place of its first opening. A figure that said nothing of an alert moves its latest month
    only with the next that does.
    """
    found = alerts_as_of.paged(
        connection,
        as_of=as_of,
        desk=desk,
        series_id=series_id,
        status=status,
        after=after,
        limit=limit + 1,
    )
    page = sliced(found, limit)
    return Slice(_stood(connection, page.rows, as_of), page.more)


def one_as_of(
    connection: Connection, alert_id: str, *, as_of: dt.datetime, desk: str | None = None
) -> AlertRecord | None:
    """One alert as it stood; None where it had not opened, or it is not ``desk``'s."""
    found = alerts_as_of.paged(connection, as_of=as_of, alert_id=alert_id, desk=desk, limit=1)
    return next(iter(_stood(connection, found, as_of)), None)


def life_by(connection: Connection, alert_id: str, *, as_of: dt.datetime) -> Life:
    """What had happened to an alert and what had been said of it by a moment.

    No event says whose alert spoke for it: it may be left to one, or to another, long after it came, and when
    that was is not kept.
    """
    whole = life(connection, alert_id)
    return Life(
        [replace(each, inhibited_by=None) for each in whole.events if each.known_from <= as_of],
        [each for each in whole.notes if each.at <= as_of],
    )


def _stood(connection: Connection, found: Sequence[ToldByThen], as_of: dt.datetime) -> list[AlertRecord]:
    had = alerts_as_of.acknowledgements(connection, [each.record.state.id for each in found], as_of=as_of)
    return [
        replace(each.record, state=as_told(each.record.state, each.told, had.get(each.record.state.id)))
        for each in found
    ]
