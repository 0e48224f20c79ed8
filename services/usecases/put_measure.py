"""A dated measure is added, or the one of its id is described anew."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from services.storage import measures, shared_things
from services.storage.measures import MeasureRecord
from services.usecases.shared_things import check_unchanged


def put_measure(
    connection: Connection, record: MeasureRecord, *, desk: str | None = None, now: dt.datetime
) -> MeasureRecord | None:
    """Add a measure or describe it anew; the record that it takes the place of, None where it is new.

    SharedThingError where ``desk`` would change one that is there.
    """
    name = record.measure.id
    shared_things.lock(connection, "measure", name)
    earlier = measures.get(connection, name)
    check_unchanged("measure", name, earlier=earlier, given=record, desk=desk)
    measures.put(connection, record, now=now)
    return earlier
