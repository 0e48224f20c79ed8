"""Submitted forecasts are stored before the figures that they are of, all of a batch or none."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from forecasting.months import Month, Span
from forecasting.submitted_forecasts import Submitted, contradiction
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.submitted_forecasts import Arriving, ArrivingForecast
from services.storage import jobs, restrictions, series, submitted_forecasts
from services.storage.series import SeriesRecord
from services.storage.submitted_forecasts import SubmittedRecord
from services.usecases.hear_others import refits_heard
from services.usecases.put_forecaster import owned


@dataclass(frozen=True, slots=True)
class SubmissionReport:
    """What became of a batch: rows that count, rows only claimed to be older, and rows held as they are.

    ``refits`` counts the series that are fitted again, as of each moment, since the forecaster has earned a
    weight there.
    """

    forecaster: str
    submitted: int
    claimed: int
    unchanged: int
    known_from: dt.datetime
    refits: int = 0


def submit_forecasts(
    connection: Connection,
    forecaster_id: str,
    arriving: Arriving,
    *,
    now: dt.datetime,
    portfolio: str,
    desk: str | None = None,
    replayed: bool = False,
) -> SubmissionReport:
    """Store a batch as submitted ``now``; to a ``desk`` there is no series that it may not see.

    What names an earlier ``known_from`` is stored as claimed: it may be of a month that is published, and
    counts for nothing. ``replayed`` tells the past again as it became known: what names a ``known_from`` then
    counts from it, and is refused as anything is once a figure of its month is held. What stood at its moment
    as it is said again is not stored again. Where the forecaster has earned a weight in the ``portfolio``,
    a refit is ordered as of each moment of what is new. UploadRefusedError with every fault, and then nothing
    is stored; UnknownForecasterError, SharedForecasterError.
    """
    forecaster = owned(connection, forecaster_id, desk=desk)
    ids = {each.series_id for each in arriving.forecasts}
    registered = series.lock(connection, ids)  # a figure of the same series is recorded before or after
    for hidden in restrictions.hidden(connection, registered, desk):
        del registered[hidden]
    told = [(each, _record(forecaster.id, each, now, replayed=replayed)) for each in arriving.forecasts]
    _refuse(connection, arriving, told, registered, now)
    months = {each.span.first for each in arriving.forecasts}
    held = submitted_forecasts.said_of(connection, forecaster.id, ids, months, superseded=replayed)
    news = _news([record for _, record in told], held)
    new = [record for record, _ in news]
    submitted_forecasts.add(connection, new)
    moving = [record for record, stood in news if record.replayed or not _same(record, stood)]
    wanted = refits_heard(connection, forecaster, moving, model=portfolio)
    jobs.add(connection, wanted, now=now)
    claimed = sum(each.said.claimed for each in new)
    unchanged = len(told) - len(new)
    return SubmissionReport(forecaster.id, len(new) - claimed, claimed, unchanged, now, len(wanted))


def _record(
    forecaster_id: str, given: ArrivingForecast, now: dt.datetime, *, replayed: bool
) -> SubmittedRecord:
    counts_from = given.known_from if replayed else None
    claimed = given.known_from is not None and not replayed
    said = Submitted(
        forecaster_id,
        given.span,
        counts_from or now,
        given.point,
        given.levels,
        given.quantiles,
        given.low,
        given.high,
        given.count,
        claimed=claimed,
    )
    return SubmittedRecord(
        given.series_id,
        given.unit,
        said,
        given.known_from if claimed else None,
        replayed=counts_from is not None,
    )


def _news(
    told: Sequence[SubmittedRecord], held: Iterable[SubmittedRecord]
) -> list[tuple[SubmittedRecord, Submitted | None]]:
    """What says something else than stood at its moment, by moments, each beside what stood there."""
    said: dict[tuple[str, Span, dt.datetime | None], list[Submitted]] = defaultdict(list)
    for each in held:
        said[_key(each)].append(each.said)
    news = []
    for record in sorted(told, key=lambda each: each.said.known_from):
        before = [each for each in said[_key(record)] if each.known_from <= record.said.known_from]
        stood = max(reversed(before), key=lambda each: each.known_from, default=None)
        if stood is None or replace(stood, known_from=record.said.known_from) != record.said:
            news.append((record, stood))
            said[_key(record)].append(record.said)
    return news


def _same(record: SubmittedRecord, standing: Submitted | None) -> bool:
    """Whether what stands expects the same, so that a forecast made with it would be no other."""
    return standing is not None and standing.expected == record.said.expected


def _key(record: SubmittedRecord) -> tuple[str, Span, dt.datetime | None]:
    return record.series_id, record.said.span, record.claimed_from


def _refuse(
    connection: Connection,
    arriving: Arriving,
    told: list[tuple[ArrivingForecast, SubmittedRecord]],
    registered: Mapping[str, SeriesRecord],
    now: dt.datetime,
) -> None:
    """UploadRefusedError with what is wrong in any row, read or not."""
    faults = list(arriving.faults)
    published = _published(connection, arriving, registered)
    first: dict[tuple[tuple[str, Span, dt.datetime | None], dt.datetime], int] = {}
    for given, record in told:
        reason = _fault(given, record, registered.get(given.series_id), now)
        if reason is None and not record.said.claimed:
            known = published.get(given.series_id, set()) & set(given.span)
            if known:
                reason = (
                    f"a figure of {given.series_id} {min(known)} is known already, and what is said after it "
                    "is no forecast; give known_from to keep it as claimed, which counts for nothing"
                )
        earlier = first.setdefault((_key(record), record.said.known_from), given.row)
        if reason is None and earlier != given.row:
            reason = f"{given.series_id} {given.span} stands in row {earlier} already"
        if reason is not None:
            faults.append(Fault(given.row, reason))
    if faults:
        raise UploadRefusedError(sorted(faults, key=lambda each: each.row))


def _fault(
    given: ArrivingForecast, record: SubmittedRecord, held: SeriesRecord | None, now: dt.datetime
) -> str | None:
    if held is None:
        return f"there is no series {given.series_id!r}; register it first"
    if held.unit != given.unit:
        return f"the unit is {given.unit!r}, and {held.id} is held in {held.unit!r}"
    if given.known_from is not None and given.known_from > now:
        return f"known_from {given.known_from.isoformat()} lies in the future"
    return contradiction(record.said)


def _published(
    connection: Connection, arriving: Arriving, registered: Mapping[str, SeriesRecord]
) -> dict[str, set[Month]]:
    spans = [each.span for each in arriving.forecasts]
    if not spans:
        return {}
    first, last = min(each.first for each in spans), max(each.last for each in spans)
    return submitted_forecasts.published(connection, set(registered), first, last)
