"""When a source is to be asked: one job a slot of its calendar, whatever the number of clocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import Connection

from alerts.releases import LEARNED_FROM, Lateness, learned
from forecasting.months import Month
from services.ingestion.sources.source import Source
from services.storage import jobs, sources
from services.storage.jobs import Job

POLL = "poll_source"
BEFORE = dt.timedelta(hours=1)
AFTER = dt.timedelta(hours=24)
"""Around a release a source is asked quickly: it may be early by minutes and late by hours."""
TAUGHT_BY = 200
"""Series, the first by id, whose arrivals teach when a source really comes: its figures come together."""


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
        if source.name not in followed or resting:
            continue
        begins = slot(source, now, learned_of(connection, source, now=now))
        key = f"{source.name} {begins:%Y-%m-%dT%H:%M:%SZ}"
        if jobs.get(connection, POLL, key) is None:
            wanted.append(Job(kind=POLL, key=key, arguments={"source": source.name}))
    return jobs.add(connection, wanted, now=now)


def learned_of(connection: Connection, source: Source, *, now: dt.datetime) -> Lateness:
    """How late a source's releases have been that came while it was followed, by when we first saw them."""
    since = Month.from_date(now.date()) - (LEARNED_FROM + 2)
    seen = sources.first_sights(connection, source.name, since=since, of=TAUGHT_BY)
    return learned([at - source.due(span.last) for span, at in sorted(seen.items())])


NOT_LEARNED = Lateness(0)


def slot(source: Source, now: dt.datetime, lateness: Lateness = NOT_LEARNED) -> dt.datetime:
    """The beginning of the slot that ``now`` lies in: slots are short around a release, long otherwise."""
    pace = source.pace.quick if near_release(source, now, lateness) else source.pace.slow
    since = (now - dt.datetime(2000, 1, 1, tzinfo=dt.UTC)) // pace
    return dt.datetime(2000, 1, 1, tzinfo=dt.UTC) + since * pace


def near_release(source: Source, now: dt.datetime, lateness: Lateness = NOT_LEARNED) -> bool:
    """True from an hour before a release of the last months to a day after it.

    That release is when figures usually come, up to the delay that nine in ten keep to. A slow poll sees them
    up to its own pace late, so less than that is no lateness, and a later one is awaited that much sooner.
    """
    month, coarse = Month.from_date(now.date()), source.pace.slow
    usual, last = (_beyond(each, coarse) for each in (lateness.usual, lateness.nearly_always))
    first = usual - coarse if usual else usual
    return any(
        source.due(month - back) + first - BEFORE <= now <= source.due(month - back) + last + AFTER
        for back in range(4)
    )


def _beyond(delay: dt.timedelta | None, coarse: dt.timedelta) -> dt.timedelta:
    return dt.timedelta() if delay is None or abs(delay) <= coarse else delay
