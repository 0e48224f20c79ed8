"""A dated measure is added, or the one of its id is described anew."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from services.storage import measures
from services.storage.measures import MeasureRecord


def put_measure(connection: Connection, record: MeasureRecord, *, now: dt.datetime) -> MeasureRecord | None:
    """Add a measure or describe it anew; the record that it takes the place of, None where it is new."""
    earlier = measures.get(connection, record.measure.id)
    measures.put(connection, record, now=now)
    return earlier
