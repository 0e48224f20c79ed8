"""When a source is to be asked: one job a slot of its calendar, whatever the number of clocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import Connection

from forecasting.months import Month
from services.ingestion.sources.source import Source
from services.storage import jobs, sources
from services.storage.jobs import Job

POLL = "poll_source"
BEFORE = dt.timedelta(hours=1)
AFTER = dt.timedelta(hours=24)
"""Around a release a source is asked quickly: it may be early by minutes and late by hours."""


def order_polls(connection: Connection, known: Iterable[Source], *, now: dt.datetime) -> list[int]:
    """Order a poll of each source that is followed for its present slot, unless one stands: ids of new jobs.

    A source that asked to be left alone is not asked before then.
    """
    followed = sources.counts(connection)
    health = sources.health(connection)
    wanted = []
    for source in known:
        told = health.get(source.name)
        resting = told is not None and told.rests_until is not None and told.rests_until > now
        key = f"{source.name} {slot(source, now):%Y-%m-%dT%H:%M:%SZ}"
        if source.name in followed and not resting and jobs.get(connection, POLL, key) is None:
            wanted.append(Job(kind=POLL, key=key, arguments={"source": source.name}))
    return jobs.add(connection, wanted, now=now)


def slot(source: Source, now: dt.datetime) -> dt.datetime:
    """The beginning of the slot that ``now`` lies in: slots are short around a release, long otherwise."""
    pace = source.pace.quick if near_release(source, now) else source.pace.slow
    since = (now - dt.datetime(2000, 1, 1, tzinfo=dt.UTC)) // pace
    return dt.datetime(2000, 1, 1, tzinfo=dt.UTC) + since * pace


def near_release(source: Source, now: dt.datetime) -> bool:
    """True from an hour before a release of the last months to a day after it."""
    month = Month.from_date(now.date())
    return any(
        source.due(month - back) - BEFORE <= now <= source.due(month - back) + AFTER for back in range(1, 4)
    )
