"""A forecaster is added, or the one of its id is named anew."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from forecasting.submitted_forecasts import Forecaster
from services.storage import forecasters, shared_things

MOST_FORECASTERS = 50
"""Forecasters of one desk, and of every desk together: each is read for every figure that it foretold."""


class UnknownForecasterError(Exception):
    """There is no such forecaster, or another desk's, which is the same to whoever asks."""

    def __init__(self, forecaster_id: str) -> None:
        self.forecaster_id = forecaster_id
        super().__init__(f"There is no forecaster {forecaster_id!r}; put it first.")


class SharedForecasterError(PermissionError):
    """A change by one desk to a forecaster of every desk."""

    def __init__(self, forecaster_id: str, desk: str) -> None:
        self.forecaster_id = forecaster_id
        self.desk = desk
        super().__init__(
            f"The forecaster {forecaster_id!r} is shared by all desks. Submit for it with a key of no desk, "
            f"or under a forecaster of the desk {desk!r}."
        )


class ForecasterMovedError(Exception):
    """A forecaster that would change hands: what it said would be seen by whom it was not meant for."""

    def __init__(self, forecaster_id: str, desk: str | None) -> None:
        self.forecaster_id = forecaster_id
        self.desk = desk
        whose = "every desk" if desk is None else f"the desk {desk!r}"
        super().__init__(
            f"The forecaster {forecaster_id!r} is of {whose} and stays so; put one of another id."
        )


class ForecasterTakenError(Exception):
    """An id that another desk has: ids are one space, and whose it is nobody else learns."""

    def __init__(self, forecaster_id: str) -> None:
        self.forecaster_id = forecaster_id
        super().__init__(f"The id {forecaster_id!r} is taken; put a forecaster of another id.")


class TooManyForecastersError(Exception):
    """A desk, or all desks together (None), with as many forecasters as it may have."""

    def __init__(self, desk: str | None, most: int) -> None:
        self.desk = desk
        self.most = most
        whose = "All desks share" if desk is None else f"The desk {desk!r} has"
        super().__init__(
            f"{whose} {most:,} forecasters, the most that there may be; name one of them anew and submit "
            "under it, or ask whoever runs the service."
        )


def owned(connection: Connection, forecaster_id: str, *, desk: str | None) -> Forecaster:
    """A forecaster that a desk may submit for (None: whoever sees every desk).

    UnknownForecasterError, or SharedForecasterError where it is of every desk and the caller of one.
    """
    found = forecasters.get(connection, forecaster_id)
    if found is None or (desk is not None and found.desk not in {None, desk}):
        raise UnknownForecasterError(forecaster_id)
    if desk is not None and found.desk is None:
        raise SharedForecasterError(forecaster_id, desk)
    return found


def put_forecaster(
    connection: Connection, forecaster: Forecaster, *, desk: str | None, now: dt.datetime
) -> Forecaster | None:
    """Add a forecaster or name it anew; the one that it takes the place of, None where it is new.

    ``desk`` is that of whoever asks, None for every one. ForecasterTakenError where the id is another
    desk's, SharedForecasterError where it is of every desk, ForecasterMovedError where it would change hands;
    TooManyForecastersError where a new one is above MOST_FORECASTERS.
    """
    shared_things.lock(connection, "forecaster", forecaster.id)
    earlier = forecasters.get(connection, forecaster.id)
    if earlier is None:
        shared_things.lock(
            connection, "forecasters of", forecaster.desk or ""
        )  # no other adds one till commit
        if forecasters.count(connection, forecaster.desk) >= MOST_FORECASTERS:
            raise TooManyForecastersError(forecaster.desk, MOST_FORECASTERS)
    else:
        try:
            owned(connection, forecaster.id, desk=desk)
        except UnknownForecasterError as error:
            raise ForecasterTakenError(forecaster.id) from error
        if earlier.desk != forecaster.desk:
            raise ForecasterMovedError(forecaster.id, earlier.desk)
    forecasters.put(connection, forecaster, now=now)
    return earlier
