"""A series is registered, or described anew; its unit stays as it was."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from services.storage import restrictions, series, shared_things
from services.storage.series import SeriesRecord
from services.usecases.shared_things import check_unchanged


class TakenIdError(Exception):
    """An id of a series that whoever asks may not see."""

    def __init__(self, series_id: str) -> None:
        self.series_id = series_id
        super().__init__(f"The id {series_id!r} is taken; choose another.")


class OtherUnitError(Exception):
    """A description in another unit than the series is held in."""

    def __init__(self, series_id: str, held: str, given: str) -> None:
        self.series_id = series_id
        self.held = held
        self.given = given
        super().__init__(f"{series_id} is held in {held!r} and cannot become {given!r}.")


def register_series(
    connection: Connection, record: SeriesRecord, *, desk: str | None = None, now: dt.datetime
) -> tuple[SeriesRecord | None, SeriesRecord]:
    """Register a series, or describe one that is there anew: as it was, None where it is new, and as it is.

    TakenIdError where ``desk`` may not see the one of that id; SharedThingError where it would change one
    that is there; OtherUnitError, and then the transaction is not to be committed.
    """
    if restrictions.hidden(connection, [record.id], desk):
        raise TakenIdError(record.id)
    shared_things.lock(connection, "series", record.id)
    earlier = series.get(connection, record.id)
    check_unchanged("series", record.id, earlier=earlier, given=record, desk=desk)
    series.register(connection, [record], now=now)
    held = series.get(connection, record.id) or record
    if held.unit != record.unit:
        raise OtherUnitError(record.id, held.unit, record.unit)
    return earlier, held
