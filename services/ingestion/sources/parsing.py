"""A source's own code at work on an answer: whatever that raises is a fault of this answer and no other."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import SQLAlchemyError

from services.ingestion.sources import editions
from services.ingestion.sources.faults import OutsideFault, SourceFault, SourceMisnamedError, UnreadableFault
from services.ingestion.sources.source import Ask, Covered, Entry, Reading, Request, Source, Visit
from services.storage.snapshots import Snapshot
from services.storage.sources import Followed

T = TypeVar("T")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Read:
    """Figures of a kept answer, the series that it was read for, and the fault that kept others out."""

    readings: list[Reading]
    followed: Sequence[Followed]
    fault: SourceFault | None = None


def read(source: Source, snapshot: Snapshot, followed: Sequence[Followed]) -> Read:
    """Figures of the series followed that a kept answer holds; SourceFault where it cannot be trusted.

    An answer that its parser was not made for, or of which it makes what no figure can be, is such a one. One
    that cannot be used for some series alone is read for the others.
    """
    try:
        readings = _read(source, snapshot, followed)
        kept, ended = editions.of_edition(source.name, source.title, readings, followed)
        return Read(kept, followed, ended)
    except SourceFault as fault:
        others = [each for each in followed if each.series_id not in fault.series]
        if len(others) == len(followed):
            raise
        return replace(read(source, snapshot, others), fault=fault)


def _read(source: Source, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Reading]:
    return _guarded(
        source, f"snapshot {snapshot.id}", lambda: _sound(source.read(snapshot, followed), followed)
    )


def covered(source: Source, snapshot: Snapshot, followed: Sequence[Followed]) -> list[Covered]:
    """The series and months that an answer is of which was read for them; none where that cannot be said.

    It was read, so its figures stand, and nothing is withdrawn by it; the log says what was not understood.
    """
    try:
        found = _guarded(source, f"snapshot {snapshot.id}", lambda: source.covered(snapshot, followed))
    except SourceFault:
        return []
    return editions.clamped(source.name, found, followed)


def _sound(readings: list[Reading], followed: Sequence[Followed]) -> list[Reading]:
    ours = {each.series_id for each in followed}
    for each in readings:
        if each.series_id not in ours:
            raise OutsideFault(f"The answer was read as one on {each.series_id}, which is not followed")
        dated = each.value is None and each.true_vintage  # a withdrawal that the source dates itself
        if not dated and (each.value is None or not math.isfinite(each.value)):
            raise UnreadableFault(f"{each.series_id} in {each.span} was read as {each.value}")
    return readings


def refusal(source: Source, status: int, headers: Mapping[str, str], body: bytes) -> Exception | None:
    """The fault that a source's own way of refusing means, or that of an answer that cannot be told apart."""
    try:
        return _guarded(source, f"an answer of {status}", lambda: source.refusal(status, headers, body))
    except SourceFault as fault:
        return fault


def following(source: Source, visit: Visit, outcome: Snapshot | SourceFault | None) -> Request:
    """What a visit asks for next; StopIteration at its end, SourceFault where it cannot go on."""
    passing = (StopIteration, SQLAlchemyError)  # a visit asks by itself too, and what is asked is kept
    return _guarded(source, "what a visit was answered", lambda: visit.send(outcome), passing)


def offered(source: Source, words: str, now: dt.datetime, ask: Ask) -> list[Entry]:
    """What a source offers under some words; SourceFault where its answer is not understood."""
    passing = (SourceMisnamedError, SQLAlchemyError)
    return _guarded(source, "an answer to a search", lambda: source.search(words, now, ask), passing)


def _guarded(
    source: Source, what: str, work: Callable[[], T], passing: tuple[type[Exception], ...] = ()
) -> T:
    """What ``work`` gives; UnreadableFault for all that it raises but faults and what is ``passing``."""
    try:
        return work()
    except (SourceFault, SoftTimeLimitExceeded):  # a worker whose time is up is no fault of the answer
        raise
    except Exception as error:
        if isinstance(error, passing):
            raise
        _log.error("a parser failed on an answer", source=source.name, answer=what, exc_info=error)
        raise UnreadableFault(
            f"Our parser of {source.title} does not understand {what} ({type(error).__name__})"
        ) from error
