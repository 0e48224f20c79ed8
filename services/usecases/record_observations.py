"""The hot path: a batch of figures is recorded, judged and followed in the caller's one transaction."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection

from forecasting.months import Month
from forecasting.series import Observation
from forecasting.vintages import known
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.figures import ArrivingFigure
from services.storage import (
    forecasts,
    jobs,
    observations,
    outbox,
    releases,
    restrictions,
    series,
    verdicts,
)
from services.storage.forecasts import ForecastRecord
from services.storage.jobs import Job
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.storage.verdicts import VerdictRecord
from services.telemetry import LATENESS_SECONDS
from services.usecases.follow_release import follow_release
from services.usecases.judge_figures import Judgement, judge_figure, judging
from services.usecases.order_scoring import scoring
from services.usecases.tell_desks import tell_desks

REFRESH = "refresh_forecast"


class IdempotencyKeyReusedError(Exception):
    """A key that came first with other figures; nothing is recorded."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"The idempotency key {key!r} came first with other figures; use a new one.")


@dataclass(frozen=True, slots=True)
class RecordedFigure:
    """What became of one row."""

    row: int
    series_id: str
    month: str
    outcome: str
    verdict: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a batch: rows recorded for the first time, revised, and held already."""

    release_id: int
    recorded: int
    revised: int
    unchanged: int
    alerts: dict[str, int]
    figures: tuple[RecordedFigure, ...]


def record_observations(
    connection: Connection,
    arriving: Sequence[ArrivingFigure],
    *,
    source: str,
    now: dt.datetime,
    budget: float,
    portfolio: str,
    history: bool = False,
    replayed: bool = False,
    idempotency_key: str | None = None,
    sender: str = "",
    desk: str | None = None,
) -> dict[str, Any]:
    """Record a batch and all that follows from it; the report, as JSON.

    Each figure is judged by the forecast published before it was known, as of its own ``known_from``, in the
    order in which the figures became known. ``history`` records and judges but wakes no rule: for the past
    that a new installation begins with. ``replayed`` tells the past as it became known: what is published
    after its figures counts as published when they were known, and not today. UploadRefusedError with every
    fault, and then nothing is recorded.
    The same ``idempotency_key`` of a ``sender`` with the same figures gives the first report again. To a
    ``desk`` there is no series that it may not see.
    """
    digest = hashlib.sha256(repr([(source, figure) for figure in arriving]).encode()).hexdigest()
    if idempotency_key is not None:
        earlier = releases.by_idempotency_key(connection, idempotency_key, sender=sender)
        if earlier is not None:
            if earlier[0] != digest:
                raise IdempotencyKeyReusedError(idempotency_key)
            return earlier[1]
    figures = sorted(
        (replace(each, known_from=each.known_from or now) for each in arriving),
        key=lambda each: (each.known_from or now, each.series_id, each.span),
    )
    registered = series.lock(connection, {figure.series_id for figure in figures})
    for series_id in restrictions.hidden(connection, registered, desk):
        del registered[series_id]
    _refuse(figures, registered, now)
    release_id = releases.open_release(
        connection,
        source=source,
        known_from=max(figure.known_from or now for figure in figures),
        recorded_at=now,
        idempotency_key=idempotency_key,
        request_hash=digest,
        sender=sender,
    )
    batch = _Batch(
        connection,
        registered,
        release_id,
        now=now,
        budget=budget,
        portfolio=portfolio,
        replayed=replayed,
        months={figure.span.first for figure in figures},
    )
    report = batch.record(figures, source=source, history=history)
    releases.close_release(connection, release_id, report)
    return report


def _refuse(
    figures: Sequence[ArrivingFigure], registered: Mapping[str, SeriesRecord], now: dt.datetime
) -> None:
    """UploadRefusedError where a row names no series, another unit, or a time that cannot be."""
    faults: list[Fault] = []
    for figure in figures:
        held = registered.get(figure.series_id)
        moment = figure.known_from or now
        if held is None:
            faults.append(Fault(figure.row, f"there is no series {figure.series_id!r}; register it first"))
        elif held.unit != figure.unit:
            faults.append(
                Fault(figure.row, f"the unit is {figure.unit!r}, and {held.id} is held in {held.unit!r}")
            )
        elif moment > now:
            faults.append(Fault(figure.row, f"known_from {moment.isoformat()} lies in the future"))
        elif moment.date() < figure.span.last.first_day:
            faults.append(Fault(figure.row, f"{figure.span} had not begun at known_from, {moment.date()}"))
    if faults:
        raise UploadRefusedError(sorted(faults, key=lambda fault: fault.row))


def _refuse_second_value(
    figure: ArrivingFigure, record: ObservationRecord, past: Sequence[ObservationRecord]
) -> None:
    """UploadRefusedError where another value for the span is held as known from the very same moment."""
    observation = record.observation
    for each in past:
        held = each.observation
        if held.span == observation.span and held.known_from == observation.known_from:
            moment = observation.known_from.isoformat()
            reason = (
                f"{figure.series_id} {observation.span} is held with another value, known from {moment} as "
                "this one is; a revision is known from a later moment"
            )
            raise UploadRefusedError([Fault(figure.row, reason)])


class _Batch:
    """One release on its way through the transaction."""

    def __init__(
        self,
        connection: Connection,
        registered: Mapping[str, SeriesRecord],
        release_id: int,
        *,
        now: dt.datetime,
        budget: float,
        portfolio: str,
        replayed: bool,
        months: Collection[Month],
    ) -> None:
        self.replayed = replayed
        self.connection = connection
        self.registered = registered
        self.release_id = release_id
        self.now = now
        self.budget = budget
        self.portfolio = portfolio
        self.held = observations.history(connection, registered.keys())
        self.newest = {
            series_id: max(each.observation.known_from for each in rows)
            for series_id, rows in self.held.items()
        }
        model = forecasts.judging(portfolio)
        self.published = forecasts.of_series(connection, registered.keys(), model=model)
        self.judges = verdicts.judges(connection, registered.keys(), months)

    def record(self, figures: Sequence[ArrivingFigure], *, source: str, history: bool) -> dict[str, Any]:
        """Rows, verdicts, alerts, messages and refit jobs; the report."""
        told: list[RecordedFigure] = []
        judged: list[Judgement] = []
        for figure in figures:
            record = _row(figure, source, self.now)
            past = [
                each
                for each in self.held.get(figure.series_id, [])
                if each.observation.known_from <= record.observation.known_from
            ]
            standing = known((each.observation for each in past), record.observation.known_from)
            before = standing.get(figure.span)
            if before is not None and before.value == figure.value:
                told.append(RecordedFigure(figure.row, figure.series_id, str(figure.span), "unchanged"))
                continue
            _refuse_second_value(figure, record, past)
            judgement = judge_figure(
                self.registered[figure.series_id],
                record,
                past,
                self._judge(record),
                published=self.published[figure.series_id],
                budget=self.budget,
            )
            self.judges.setdefault((figure.series_id, figure.span), judgement.forecast_id)
            judged.append(judgement)
            self.held.setdefault(figure.series_id, []).append(record)
            detection = judgement.facts.detection
            outcome = "recorded" if before is None else "revised"
            told.append(
                RecordedFigure(
                    figure.row, figure.series_id, str(figure.span), outcome,
                    detection.verdict.value, detection.reason,
                )
            )  # fmt: skip
        ids = self._store(judged)
        moved, failed = (
            ([], [])
            if history
            else follow_release(self.connection, judged, ids, series=self.registered, now=self.now)
        )
        if not history:
            for each in judged:
                late = self.now - each.facts.known_from
                LATENESS_SECONDS.observe(max(late.total_seconds(), 0.0))
        tell_desks(self.connection, moved, now=self.now, beside=outbox.address(self.connection, failed))
        foretold = sorted({each.facts.series_id for each in judged if self.published[each.facts.series_id]})
        if foretold:
            jobs.add(self.connection, [scoring(f"release {self.release_id}", foretold)], now=self.now)
        self._order_refits(judged, history=history)
        outcomes = [each.outcome for each in told]
        kinds = [str(each.transition.kind) for each in moved]
        return asdict(
            Report(
                release_id=self.release_id,
                recorded=outcomes.count("recorded"),
                revised=outcomes.count("revised"),
                unchanged=outcomes.count("unchanged"),
                alerts={kind: kinds.count(kind) for kind in sorted(set(kinds))},
                figures=tuple(sorted(told, key=lambda each: each.row)),
            )
        )

    def _judge(self, record: ObservationRecord) -> ForecastRecord | None:
        """The forecast that judges a figure; a revision is judged by that of its first print."""
        published = self.published[record.series_id]
        span = record.observation.span
        if (record.series_id, span) not in self.judges:
            return judging(published, span, record.observation.known_from)
        first = self.judges[record.series_id, span]
        return next((each for each in published if each.id == first), None)

    def _store(self, judged: Sequence[Judgement]) -> list[int]:
        ids = observations.append(
            self.connection,
            [judgement.record for judgement in judged],
            release_id=self.release_id,
            recorded_at=self.now,
        )
        verdicts.add(
            self.connection,
            [
                VerdictRecord(
                    observation_id=observation_id,
                    series_id=judgement.facts.series_id,
                    forecast_id=judgement.forecast_id,
                    detection=judgement.facts.detection,
                    revision_of=judgement.facts.revision_of,
                    change_month=judgement.facts.change_month,
                    change_year=judgement.facts.change_year,
                    records=judgement.facts.records,
                    change_records=judgement.facts.change_records,
                    rank_in_month=judgement.facts.rank_in_month,
                    judged_at=self.now,
                )
                for judgement, observation_id in zip(judged, ids, strict=True)
            ],
        )
        return ids

    def _order_refits(self, judged: Sequence[Judgement], *, history: bool) -> None:
        """One refit a series and vintage; of a history only the last, since no figure waits for more.

        The refits of a release go before those of a history. A figure that comes late also has the newest
        vintage refitted, whose forecast was made without it.
        """
        priority = jobs.BACKGROUND if history else jobs.AWAITED
        wanted: dict[str, list[dt.datetime]] = {}
        for judgement in judged:
            vintages = wanted.setdefault(judgement.facts.series_id, [])
            if history:
                vintages.clear()
            if judgement.facts.known_from not in vintages:
                vintages.append(judgement.facts.known_from)
        jobs.add(
            self.connection,
            (
                refit(
                    series_id,
                    vintage,
                    self.portfolio,
                    self._late(series_id, vintage),
                    priority=priority,
                    replayed=self.replayed,
                )
                for series_id, vintages in wanted.items()
                for vintage in dict.fromkeys(
                    (*vintages, max(vintages[-1], self.newest.get(series_id, vintages[-1])))
                )
            ),
            now=self.now,
        )

    def _late(self, series_id: str, vintage: dt.datetime) -> int | None:
        """The release, where a refit as of the vintage may have been made without its figures."""
        newest = self.newest.get(series_id, vintage)
        return self.release_id if series_id in self.newest and vintage <= newest else None


def refit(
    series_id: str,
    vintage: dt.datetime,
    portfolio: str,
    late: int | None = None,
    *,
    priority: int = jobs.AWAITED,
    replayed: bool = False,
) -> Job:
    """The job that publishes a series as of a vintage; once more where a ``late`` release adds to it.

    What a ``replayed`` figure orders counts as published at its vintage.
    """
    again = "" if late is None else f" with release {late}"
    return Job(
        kind=REFRESH,
        key=f"{series_id} {portfolio} {vintage.isoformat()}{again}",
        arguments={"vintage": vintage.isoformat(), "portfolio": portfolio, "replayed": replayed},
        series_id=series_id,
        priority=priority,
    )


def _row(figure: ArrivingFigure, source: str, now: dt.datetime) -> ObservationRecord:
    return ObservationRecord(
        figure.series_id,
        Observation(figure.span, figure.value, figure.known_from or now, figure.stage),
        figure.known_basis,
        figure.source or source,
        figure.source_url,
        figure.claim,
    )
