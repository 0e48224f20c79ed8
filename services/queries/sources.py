"""Sources: where figures come from by themselves, how each has been doing, and its next release."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from forecasting.months import Month
from services.ingestion.sources.registry import SOURCES
from services.ingestion.sources.source import Source
from services.storage import sources
from services.storage.sources import Health

__all__ = ["Health", "PolledSource", "followed", "polled"]


@dataclass(frozen=True, slots=True)
class PolledSource:
    """A source, how it has been doing, and how many series are followed there."""

    source: Source
    health: Health
    followed: int

    def next_release(self, now: dt.datetime) -> dt.datetime:
        """The next moment, in UTC, at which the source's calendar expects figures."""
        month = Month.from_date(now.date())
        moments = (self.source.due(month + step).astimezone(dt.UTC) for step in range(-4, 8))
        return min(each for each in moments if each > now)


def polled(connection: Connection) -> list[PolledSource]:
    """Every source that the service knows, by its place in the registry."""
    counts, health = sources.counts(connection), sources.health(connection)
    return [
        PolledSource(source, health.get(name, Health(name)), counts.get(name, 0))
        for name, source in SOURCES.items()
    ]


def followed(connection: Connection) -> dict[str, tuple[int, Health]]:
    """How many series are followed at each source that some are, and how it has been doing, by name."""
    health = sources.health(connection)
    return {
        name: (count, health.get(name, Health(name))) for name, count in sources.counts(connection).items()
    }
