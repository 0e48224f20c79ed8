"""Kept answers read again by a newer parser: what changes is reported, and recorded when asked for."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from forecasting.months import Span
from forecasting.vintages import known
from services.ingestion.figures import ArrivingFigure
from services.ingestion.sources import parsing
from services.ingestion.sources.faults import SourceFault
from services.ingestion.sources.source import Source
from services.storage import observations, series, snapshots, sources
from services.usecases.derive_figures import keep_to_desk
from services.usecases.record_observations import record_observations


@dataclass(frozen=True, slots=True)
class Change:
    """One figure that is read otherwise now; ``before`` is what is held, None where nothing is."""

    series_id: str
    span: Span
    before: float | None
    after: float | None
    snapshot: int

    def __str__(self) -> str:
        was, now = ("nothing" if each is None else f"{each:,.10g}" for each in (self.before, self.after))
        return f"{self.series_id} {self.span}: {was} is now {now} (snapshot {self.snapshot})"


@dataclass(slots=True)
class Rederived:
    """What a second reading came to: answers read, figures that stay the same, changes, refusals."""

    answers: int = 0
    same: int = 0
    changes: list[Change] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def rederive_snapshots(
    connection: Connection,
    source: Source,
    *,
    now: dt.datetime,
    budget: float,
    portfolio: str,
    record: bool = False,
) -> Rederived:
    """Read every kept answer of a source again, the oldest first, and compare with what is held.

    Of several answers of one month the last counts: where it holds no figure, that of an earlier one is
    withdrawn, unless another hand has put one in its place. What differs is recorded, where asked for, as a
    revision known from now: whoever looks back still sees what we believed then. No rule is woken by it. An
    answer that the newer parser refuses is reported, and its figures are left for a person to withdraw; so
    are figures that no answer holds by the newer parser.
    """
    followed = sources.following(connection, source.name)
    done = Rederived()
    newest: dict[str, dict[Span, tuple[float | None, int]]] = defaultdict(dict)
    for snapshot in snapshots.derived(connection, source.name):
        done.answers += 1
        try:
            taken = parsing.read(source, snapshot, followed)
        except SourceFault as fault:
            done.refused.append(f"snapshot {snapshot.id}: {fault}")
            continue
        if taken.fault is not None:
            done.refused.append(f"snapshot {snapshot.id}: {taken.fault}")
        for covered in parsing.covered(source, snapshot, taken.followed):
            of_series = newest[covered.series_id]
            of_series |= {span: (None, snapshot.id) for span in of_series if covered.holds(span)}
        for reading in taken.readings:
            newest[reading.series_id][reading.span] = reading.value, snapshot.id
    held = observations.history(connection, [each.series_id for each in followed])
    for series_id, of_series in sorted(newest.items()):
        rows = held.get(series_id, [])
        ours = known((row.observation for row in rows if row.source == source.title), now)
        standing = {row.observation.span: row for row in rows}
        for span, (value, snapshot_id) in sorted(of_series.items()):
            before = ours[span].value if span in ours else None
            by_hand = span in standing and standing[span].source != source.title
            if before == value or (value is None and by_hand):
                done.same += 1
            else:
                done.changes.append(Change(series_id, span, before, value, snapshot_id))
    if record and done.changes:
        _record(connection, source, done.changes, now=now, budget=budget, portfolio=portfolio)
    return done


def _record(
    connection: Connection,
    source: Source,
    changes: Sequence[Change],
    *,
    now: dt.datetime,
    budget: float,
    portfolio: str,
) -> None:
    units = {each.id: each.unit for each in series.of_ids(connection, {each.series_id for each in changes})}
    figures = [
        ArrivingFigure(
            0,
            each.series_id,
            each.span,
            each.after,
            units[each.series_id],
            now,
            "first_seen",
            "reread",
            source.title,
        )
        for each in changes
    ]
    keep_to_desk(connection, source, units.keys(), now=now)
    record_observations(
        connection, figures, source=source.title, now=now, budget=budget, portfolio=portfolio, history=True
    )
