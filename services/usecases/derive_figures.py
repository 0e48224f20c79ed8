"""Figures out of kept answers: read, compared with what is held, recorded once, or refused."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Engine

from alerts.service_events import source_refused_event
from services.ingestion.figures import ArrivingFigure
from services.ingestion.sources import parsing
from services.ingestion.sources.faults import SourceFault
from services.ingestion.sources.parsing import Read
from services.ingestion.sources.source import Reading, Source
from services.storage import observations, outbox, restrictions, series, snapshots, sources
from services.storage.messages import OPS, Message
from services.storage.snapshots import Snapshot
from services.storage.sources import Followed
from services.telemetry import tell_release
from services.usecases.record_observations import record_observations
from services.usecases.standing_figures import StandingFigures


@dataclass(slots=True)
class Derived:
    """What came of the answers that waited; ``refused`` holds a fault's kind, its sentence and the answer.

    ``series`` are the ids of those that an answer held a figure of.
    """

    answers: int = 0
    rows: int = 0
    recorded: int = 0
    revised: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    alerts: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    series: set[str] = field(default_factory=set)

    def add(self, report: Mapping[str, Any]) -> None:
        """Count what a batch came to."""
        self.recorded += report["recorded"]
        self.revised += report["revised"]
        self.unchanged += report["unchanged"]
        for kind, count in report["alerts"].items():
            self.alerts[kind] = self.alerts.get(kind, 0) + count


def derive_figures(
    engine: Engine,
    source: Source,
    *,
    now: dt.datetime,
    budget: float,
    portfolio: str,
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> Derived:
    """Read every answer of a source that waits, and record what is new, as one release.

    An answer that cannot be trusted is refused whole, or for some of its series: it is kept with its reason,
    and ops is told. What is held of the source, and a later answer of the same months no longer holds, is
    withdrawn. Figures of series whose past is not in yet are recorded as history and wake no rule. Answers
    and figures are settled in one transaction: whatever dies with it is done again, once. ``told`` hears of
    progress as answers read, out of so many.
    """
    done = Derived()
    with engine.begin() as connection:
        followed = sources.following(connection, source.name)
        waiting = snapshots.waiting(connection, source.name)
        read: list[tuple[Snapshot, Read]] = []
        faults: list[tuple[SourceFault, Snapshot]] = []
        for number, snapshot in enumerate(waiting, start=1):
            try:
                taken = parsing.read(source, snapshot, followed)
            except SourceFault as fault:
                faults.append((fault, snapshot))
                _settle(connection, source, snapshot, fault)
            else:
                read.append((snapshot, taken))
                if taken.fault is not None:
                    faults.append((taken.fault, snapshot))
            told(number, len(waiting))
        note_faults(connection, source, faults, now=now)
    done.answers = len(waiting)
    done.refused = [f"{fault.kind}: {fault} (snapshot {snapshot.id})" for fault, snapshot in faults]
    began, reports = time.perf_counter(), list[dict[str, Any]]()
    with engine.begin() as connection:
        still = {each.id for each in snapshots.waiting(connection, source.name)}
        read = [(snapshot, taken) for snapshot, taken in read if snapshot.id in still]
        fetched = {reading.series_id for _, taken in read for reading in taken.readings}
        keep_to_desk(connection, source, fetched, now=now)
        past, live = _arriving(connection, source, read, followed, done)
        for figures, history in ((past, True), (live, False)):
            if figures:
                reports.append(
                    record_observations(
                        connection,
                        figures,
                        source=source.title,
                        now=now,
                        budget=budget,
                        portfolio=portfolio,
                        history=history,
                    )
                )
    seconds = time.perf_counter() - began
    for report in reports:
        done.add(report)
        tell_release(report, seconds, way="poll")
    return done


def note_faults(
    connection: Connection,
    source: Source,
    faults: Sequence[tuple[SourceFault, Snapshot | None]],
    *,
    now: dt.datetime,
) -> None:
    """Note faults in the source's health; tell ops of those that are news, with the answer they are of.

    Call it once in a transaction, as it adds to the outbox.
    """
    messages = []
    for fault, snapshot in faults:
        news = sources.went_wrong(
            connection,
            source.name,
            fault=fault.kind,
            reason=str(fault),
            now=now,
            rests_until=getattr(fault, "until", None),
        )
        if news:
            body = source_refused_event(
                source=source.name,
                title=source.title,
                fault=fault.kind,
                reason=str(fault),
                snapshot=None if snapshot is None else snapshot.id,
                now=now,
            )
            messages.append(Message(OPS, body, created_at=now))
    if messages:
        outbox.enqueue(connection, outbox.address(connection, messages), now=now)


def keep_to_desk(
    connection: Connection, source: Source, series_ids: Collection[str], *, now: dt.datetime
) -> None:
    """Keep series with figures that may not be passed on for the desk whose key fetched them."""
    if not source.terms.redistributable:
        desk = sources.desk_of(connection, source.name)
        restrictions.restrict(connection, series_ids, source=source.name, desk=desk, now=now)


def _arriving(
    connection: Connection,
    source: Source,
    read: Sequence[tuple[Snapshot, Read]],
    followed: Sequence[Followed],
    done: Derived,
) -> tuple[list[ArrivingFigure], list[ArrivingFigure]]:
    """Figures of the past, and those that are news; their answers are settled.

    What is gone is told by what stands, not by an earlier answer: the same months are asked for in other
    words when a year turns or another series is followed. An answer that waited counts as what stands for
    the next. Of an answer that is read again only the series whose past is not in are looked at.
    """
    begun = {each.series_id for each in followed if each.begun}
    units = {each.id: each.unit for each in series.of_ids(connection, [each.series_id for each in followed])}
    past: list[ArrivingFigure] = []
    live: list[ArrivingFigure] = []
    months = {
        snapshot.id: [
            each
            for each in parsing.covered(source, snapshot, taken.followed)
            if snapshot.outcome != "again" or each.series_id not in begun
        ]
        for snapshot, taken in read
    }
    concerned = {each.series_id for covered in months.values() for each in covered}
    standing = StandingFigures(observations.history(connection, concerned))
    for snapshot, taken in read:
        done.rows += len(taken.readings)
        done.series.update(reading.series_id for reading in taken.readings)
        standing.advance(snapshot.first_seen)
        there = {(each.series_id, each.span) for each in taken.readings}
        gone = standing.gone(months[snapshot.id], there, source.title)
        done.withdrawn += len(gone)
        for reading in (*taken.readings, *gone):
            news = reading.series_id in begun
            if snapshot.outcome == "again" and news:
                continue
            figure = _figure(source, snapshot, reading, units)
            if reading.true_vintage or not news:
                figure = _dated(figure, reading)
            standing.add([figure])
            (live if news else past).append(figure)
        _settle(connection, source, snapshot, taken.fault)
    return past, live


def _settle(connection: Connection, source: Source, snapshot: Snapshot, fault: SourceFault | None) -> None:
    """Note that an answer was read, with the fault that refused it or some of its series."""
    if fault is None:
        snapshots.settle(connection, snapshot.id, parser=source.parser)
    else:
        snapshots.settle(connection, snapshot.id, parser=source.parser, fault=fault.kind, reason=str(fault))


def _figure(source: Source, snapshot: Snapshot, reading: Reading, units: Mapping[str, str]) -> ArrivingFigure:
    """A reading as it arrives, known since we first saw it."""
    return ArrivingFigure(
        row=0,
        series_id=reading.series_id,
        span=reading.span,
        value=reading.value,
        unit=units[reading.series_id],
        known_from=snapshot.first_seen,
        stage=reading.stage,
        source=source.title,
        source_url=(source.address + snapshot.request.split(" ", 2)[1])[:2000],
    )


def _dated(figure: ArrivingFigure, reading: Reading) -> ArrivingFigure:
    """A figure known from the source's own evidence, where that is before we saw it."""
    seen = figure.known_from
    if reading.public_from is None or seen is None or reading.public_from >= seen:
        return figure
    return replace(figure, known_from=reading.public_from, known_basis=reading.basis)
