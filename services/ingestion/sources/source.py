"""What a source is to us: how it is asked, at what pace, on what terms, and what it says of a figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from forecasting.months import Month, Span
from services.ingestion.sources.faults import SourceFault
from services.storage.series import SeriesRecord
from services.storage.snapshots import Snapshot
from services.storage.sources import Followed


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked of a source: a path below its address, parameters, and a JSON body where it is a POST.

    The key is never in it, so that no log, snapshot or error can show it. ``release`` names which of the
    source's releases is asked for and is not sent; a request with one is asked until it has a good answer.
    A good answer that last came less than ``holds`` ago is not asked for again.
    """

    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    bears_figures: bool = True
    release: str = ""
    holds: dt.timedelta = dt.timedelta()

    def __str__(self) -> str:
        query = "?" + urlencode(self.parameters, safe=",:$*") if self.parameters else ""
        asked = f"GET {self.path}{query}" if self.body is None else f"POST {self.path}{query} {self.body}"
        return f"{asked}#{self.release}" if self.release else asked


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a source may be asked: time between two calls, calls a day, when to look again."""

    apart: dt.timedelta
    calls_a_day: int
    quick: dt.timedelta = dt.timedelta(minutes=5)
    slow: dt.timedelta = dt.timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a source's figures may be used; not ``redistributable``: only to the key's desk."""

    text: str
    url: str
    redistributable: bool


@dataclass(frozen=True, slots=True)
class KeyUse:
    """Where a source wants its key: in a header or a parameter of this name; some do without one."""

    place: str
    name: str
    needed: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure as an answer gives it: ``value`` is the total over ``span`` in the unit of its series.

    ``value`` None is a withdrawal that the source dates itself: from then on it has no figure of the span.

    ``public_from`` is what the source's own evidence says of when it was public, ``basis`` which evidence;
    ``None`` is our first sight of it. Used for the past alone, unless the source keeps ``true_vintage``.
    """

    series_id: str
    span: Span
    value: float | None
    stage: str
    public_from: dt.datetime | None = None
    basis: str = "first_seen"
    true_vintage: bool = False


@dataclass(frozen=True, slots=True)
class Covered:
    """A series that an answer is of, and the months of which it would hold a figure; None is without end.

    What we hold of the source within them, and the answer does not hold, is there no more.
    """

    series_id: str
    first: Month | None = None
    last: Month | None = None

    def holds(self, span: Span) -> bool:
        """True where a whole span lies within the months."""
        return (self.first is None or self.first <= span.first) and (
            self.last is None or span.last <= self.last
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A series that a source offers: how it calls it, and how we would register it."""

    code: Mapping[str, str]
    series: SeriesRecord


Ask = Callable[[Request], Snapshot]
"""Asks a source one thing at its pace, and keeps the answer before it is read; else SourceFault."""


Visit = Generator[Request, Snapshot | SourceFault | None, None]
"""Requests one after another; each is sent back its answer, kept, or the fault that it met."""


class Source(Protocol):
    """One public source; it asks for nothing but through ``ask``."""

    @property
    def name(self) -> str:
        """The word by which commands know it."""
        ...

    @property
    def title(self) -> str:
        """Its name in full."""
        ...

    @property
    def address(self) -> str:
        """Scheme and host, without a slash at the end."""
        ...

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its calendar."""
        ...

    @property
    def pace(self) -> Pace:
        """How often it may be asked."""
        ...

    @property
    def terms(self) -> Terms:
        """On what terms."""
        ...

    @property
    def key(self) -> KeyUse | None:
        """Where its key goes; None where it has none."""
        ...

    @property
    def parser(self) -> int:
        """Version of ``read``; a new one has kept answers read again."""
        ...

    def due(self, month: Month) -> dt.datetime:
        """The moment at which the figures of a month are expected."""
        ...

    def visit(self, followed: Sequence[Followed], now: dt.datetime, ask: Ask) -> Visit:
        """What may hold news on the series followed; ``ask`` is for what says where that is."""
        ...

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Exception | None:
        """The fault that this source's own way of refusing means; None where there is none of its own."""
        ...

    def read(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Reading]:
        """Figures of the series followed that an answer holds; SourceFault where it is not to be trusted."""
        ...

    def covered(self, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Covered]:
        """Of the series followed those that an answer is of, which ``read`` has taken, with its months."""
        ...

    def probe(self, now: dt.datetime) -> Request:
        """The smallest request that shows whether the source answers us."""
        ...

    def search(self, words: str, now: dt.datetime, ask: Ask) -> list[Entry]:
        """What it offers under some words, or under ``name=value`` pairs of its own codes."""
        ...
