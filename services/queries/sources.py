"""Sources: where figures come from by themselves, how each has been doing, and its next release."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from forecasting.months import Month
from services.ingestion.sources.registry import SOURCES
from services.ingestion.sources.source import Source
from services.queries.snapshots import may_see
from services.storage import sources
from services.storage.snapshots import last_refused
from services.storage.sources import Health

__all__ = ["Health", "PolledSource", "followed", "polled"]


@dataclass(frozen=True, slots=True)
class PolledSource:
    """A source, how it has been doing, and how many series are followed there.

    ``refused`` is the id of the answer that its fault is about; None where none was kept or may be seen.
    ``keyed`` is True where a key to it is kept.
    """

    source: Source
    health: Health
    followed: int
    refused: int | None = None
    keyed: bool = False

    def next_release(self, now: dt.datetime) -> dt.datetime:
        """The next moment, in UTC, at which the source's calendar expects figures."""
        month = Month.from_date(now.date())
        moments = (self.source.due(month + step).astimezone(dt.UTC) for step in range(-4, 8))
        return min(each for each in moments if each > now)


def polled(connection: Connection, *, desk: str | None = None) -> list[PolledSource]:
    """Every source that the service knows, by its place in the registry, as ``desk`` may see it."""
    counts, health, keyed = sources.counts(connection), sources.health(connection), sources.keyed(connection)
    told = []
    for name, source in SOURCES.items():
        here = health.get(name, Health(name))
        refused = None
        if here.fault is not None and here.reason is not None and may_see(connection, name, desk):
            refused = last_refused(connection, name, fault=here.fault, reason=here.reason)
        told.append(PolledSource(source, here, counts.get(name, 0), refused, name in keyed))
    return told


def followed(connection: Connection) -> dict[str, tuple[int, Health]]:
    """How many series are followed at each source that some are, and how it has been doing, by name."""
    health = sources.health(connection)
    return {
        name: (count, health.get(name, Health(name))) for name, count in sources.counts(connection).items()
    }
