"""Series that hold figures which may not be passed on: each is shown to the desk whose key fetched them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, exists, select, true
from sqlalchemy.dialects.postgresql import insert

from services.storage.columns import among
from services.storage.tables import restricted


def restrict(
    connection: Connection, series_ids: Collection[str], *, source: str, desk: str | None, now: dt.datetime
) -> None:
    """Keep series for a desk (None: for no desk, only for those who see every one); the first time stands."""
    rows = [{"series_id": each, "source": source, "desk": desk, "since": now} for each in sorted(series_ids)]
    if rows:
        connection.execute(insert(restricted).on_conflict_do_nothing(), rows)


def desks(connection: Connection, series_ids: Collection[str]) -> dict[str, str | None]:
    """The desk that each of the series is kept for; those that anybody may see are left out."""
    query = select(restricted.c.series_id, restricted.c.desk).where(among(restricted.c.series_id, series_ids))
    return {row.series_id: row.desk for row in connection.execute(query)}


def hidden(connection: Connection, series_ids: Collection[str], desk: str | None) -> frozenset[str]:
    """Those of the series that a desk may not see; ``desk`` None sees all."""
    if desk is None:
        return frozenset()
    kept = desks(connection, series_ids)
    return frozenset(each for each, owner in kept.items() if owner != desk)


def of_source(connection: Connection, source: str) -> set[str | None]:
    """The desks that rows of a source are kept for."""
    return set(connection.execute(select(restricted.c.desk).where(restricted.c.source == source)).scalars())


def shown_to(desk: str | ColumnElement[str] | None, series_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Condition: the series of a row may be seen by a desk; ``desk`` None sees all."""
    if desk is None:
        return true()
    others = restricted.c.desk.is_distinct_from(desk)
    return ~exists().where(restricted.c.series_id == series_id, others)
