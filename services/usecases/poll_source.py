"""A poll: a source is asked for what may be new, each answer is kept, and its figures are recorded."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Engine

from alerts.quantities import counted
from services.ingestion.sources import parsing
from services.ingestion.sources.faults import (
    BudgetSpentFault,
    KeyRefusedFault,
    QueuedFault,
    SourceFault,
    TooManyCallsFault,
    UnreachableFault,
)
from services.ingestion.sources.line import Line
from services.ingestion.sources.source import Source, Visit
from services.settings import Settings
from services.storage import snapshots, sources
from services.storage.jobs import Job
from services.storage.snapshots import Snapshot
from services.usecases.derive_figures import Derived, derive_figures, note_faults
from services.usecases.follow_source import key_of
from services.usecases.order_polls import POLL
from services.work.runner import Kind, Outcome, turn

ENDING = (TooManyCallsFault, BudgetSpentFault, KeyRefusedFault, UnreachableFault)
"""Faults after which nothing more is asked; after another the rest of the poll goes on."""
RETRY_AFTER = dt.timedelta(minutes=5)

Progress = Callable[[str, int, int | None], None]


def silent(_what: str, _done: int, _of: int | None) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Poll:
    """What a poll came to: calls made, what was derived, the fault that ended the asking, seconds."""

    source: str
    calls: int
    derived: Derived
    fault: SourceFault | None
    seconds: float
    waited: float

    def __str__(self) -> str:
        did = self.derived
        alerts = ", ".join(f"{count} {kind}" for kind, count in sorted(did.alerts.items())) or "none"
        return (
            f"{self.source}: {counted(self.calls, 'request')}, {counted(did.answers, 'new answer')}, "
            f"{counted(did.rows, 'row')}; "
            f"{did.recorded:,} recorded, {did.revised:,} revised, "
            f"{did.unchanged:,} held already; "
            f"{len(did.refused)} refused; alerts: {alerts}; {self.seconds:.1f} s, "
            f"of which {self.waited:.1f} s at the source's pace"
        )


def line_to(
    engine: Engine,
    settings: Settings,
    source: Source,
    *,
    clock: Callable[[], dt.datetime],
    wait: Callable[[float], None] = time.sleep,
) -> Line:
    """A line to a source with the installation's address and key for it."""
    return Line(
        engine,
        source,
        address=settings.source_addresses.get(source.name),
        key=key_of(engine, settings, source),
        clock=clock,
        wait=wait,
    )


def poll_source(
    engine: Engine,
    settings: Settings,
    source: Source,
    *,
    clock: Callable[[], dt.datetime],
    wait: Callable[[float], None] = time.sleep,
    progress: Progress = silent,
) -> Poll:
    """Ask a source for whatever may be new on what is followed there, and record it.

    An answer that is refused does not keep the others from being recorded; ENDING faults end the asking.
    Answers that an earlier poll kept and did not live to read are read too.
    """
    began, started = time.monotonic(), clock()
    with engine.begin() as connection:
        followed = sources.following(connection, source.name)
    with closing(line_to(engine, settings, source, clock=clock, wait=wait)) as line:
        passed, fault = _ask(line, source.visit(followed, clock(), line.ask), progress)
    derived = derive_figures(
        engine,
        source,
        now=clock(),
        budget=settings.alert_budget,
        portfolio=settings.portfolio,
        told=lambda done, of: progress("reading", done, of),
    )
    derived.refused += [f"{met.kind}: {met}" for met in passed]
    ended = passed if fault is None else [*passed, fault]
    with engine.begin() as connection:
        note_faults(connection, source, [(met, None) for met in ended], now=clock())
        if fault is None:
            well = not passed and not snapshots.refused_since(connection, source.name, started)
            in_now = [each.series_id for each in followed if well or each.series_id in derived.series]
            sources.begin(connection, in_now, now=clock())
            if well:
                sources.went_well(connection, source.name, now=clock())
    return Poll(source.name, line.calls, derived, fault, time.monotonic() - began, line.waited)


def _ask(line: Line, visit: Visit, progress: Progress) -> tuple[list[SourceFault], SourceFault | None]:
    """Ask one request after another: the faults that were passed over, and the one that ended the asking.

    An extraction that the source has queued is no fault: the visit asks on for it.
    """
    passed: list[SourceFault] = []
    outcome: Snapshot | SourceFault | None = None
    try:
        for number in itertools.count(1):
            request = parsing.following(line.source, visit, outcome)
            try:
                outcome = line.ask(request)
            except ENDING:
                raise
            except SourceFault as met:
                outcome = met
                if not isinstance(met, QueuedFault):
                    passed.append(met)
            progress("asking", number, None)
    except StopIteration:
        return passed, None
    except SourceFault as met:
        return passed, met
    raise AssertionError  # pragma: no cover - the count does not end


def polls(
    engine: Engine,
    settings: Settings,
    known: dict[str, Source],
    *,
    clock: Callable[[], dt.datetime],
    lease: dt.timedelta,
    wait: Callable[[float], None] = time.sleep,
) -> Kind[Poll]:
    """Polls as a kind of work: one at a time; a source that was not reached is asked again later."""

    def work(claimed: Sequence[Job]) -> Outcome[Poll]:
        (job,) = claimed
        poll = poll_source(engine, settings, known[job.arguments["source"]], clock=clock, wait=wait)
        if isinstance(poll.fault, UnreachableFault | TooManyCallsFault):
            due = getattr(poll.fault, "until", clock() + RETRY_AFTER)
            return Outcome(poll, again_at=due, error=str(poll.fault))
        return Outcome(poll, note=str(poll))

    return Kind(POLL, work, lease=lease, again_after=RETRY_AFTER)


def poll_due(
    engine: Engine,
    settings: Settings,
    known: dict[str, Source],
    *,
    clock: Callable[[], dt.datetime],
    lease: dt.timedelta,
    wait: Callable[[float], None] = time.sleep,
) -> Poll | None:
    """Make a poll that is due; None where none was, or it failed and is due again."""
    kind = polls(engine, settings, known, clock=clock, lease=lease, wait=wait)
    return next(iter(turn(engine, kind, clock=clock).came_to), None)
