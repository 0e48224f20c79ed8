"""What stood before the figures of a release, read in a handful of queries; and the figures judged by it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from sqlalchemy import Connection

from alerts.facts import SourceClaim
from alerts.judging import Arrived, Judge, Judgement, Placed, judge_figures, place
from forecasting.against import Against, SubmittedForecasts
from forecasting.months import Span
from forecasting.prints import Prints, moment
from forecasting.series import Observation
from services.ingestion.errors import Fault, UploadRefusedError
from services.ingestion.figures import ArrivingFigure
from services.storage import observations, standing_forecasts, submitted_forecasts, verdicts
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.storage.standing_forecasts import Asked, Stood


@dataclass(frozen=True, slots=True)
class Known:
    """What stood before a release, of the series that it has figures of.

    ``judges`` holds the forecast that judged each span's first print, None where none did; ``stood`` what
    stood before each figure asked about; ``newest`` when the last news of a series became known. ``prints``
    move forward in time as figures are placed. ``submitted`` holds what forecasters had said of each series
    that any foretold.
    """

    prints: Mapping[str, Prints]
    judges: dict[tuple[str, Span], int | None]
    stood: Mapping[Asked, Stood]
    forecasts: Mapping[int, Judge]
    foretold: frozenset[str]
    newest: Mapping[str, dt.datetime]
    submitted: Mapping[str, SubmittedForecasts]


@dataclass(frozen=True, slots=True)
class News:
    """A figure to be recorded, and its judgement."""

    record: ObservationRecord
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Judged:
    """A release's figures, each beside what is new in it, or None where it is held as it is."""

    figures: Sequence[tuple[ArrivingFigure, News | None]]

    @property
    def news(self) -> list[News]:
        """The figures that say something new."""
        return [news for _, news in self.figures if news is not None]


def load(
    connection: Connection,
    figures: Sequence[ArrivingFigure],
    registered: Mapping[str, SeriesRecord],
    *,
    model: str,
    now: dt.datetime,
) -> Known:
    """What stood before the figures, by six queries whatever their count and that of forecasts archived."""
    ids = {figure.series_id for figure in figures}
    held = observations.prints(connection, ids)
    judges = verdicts.judges(connection, ids, {figure.span.first for figure in figures})
    asked = [Asked(figure.series_id, figure.known_from or now, figure.span) for figure in figures]
    foretold = standing_forecasts.foretold_of(connection, ids, model=model)
    found = standing_forecasts.stood(connection, asked, model=model, foretold=foretold)
    stood = dict(zip(asked, found, strict=True))
    wanted = {judges[key] for figure in figures if (key := (figure.series_id, figure.span)) in judges}
    wanted |= {each for one in stood.values() for each in (one.judge, one.ahead)}
    return Known(
        {each: Prints(each, registered[each].unit, held.get(each)) for each in ids},
        judges,
        stood,
        standing_forecasts.judges(connection, {each for each in wanted if each is not None}),
        frozenset(foretold),
        {each: moment(arrays.known[-1]) for each, arrays in held.items()},
        submitted_forecasts.before(connection, _first_known(figures, now), held),
    )


def _first_known(figures: Sequence[ArrivingFigure], now: dt.datetime) -> dict[tuple[str, Span], dt.datetime]:
    """When the first of the figures of each span is known."""
    found: dict[tuple[str, Span], dt.datetime] = {}
    for figure in figures:
        key, known = (figure.series_id, figure.span), figure.known_from or now
        found[key] = min(known, found.get(key, known))
    return found


def judge_release(
    known: Known,
    figures: Sequence[ArrivingFigure],
    registered: Mapping[str, SeriesRecord],
    *,
    source: str,
    budget: float,
    now: dt.datetime,
) -> Judged:
    """Judge what is new among figures, in the order in which they became known; nothing is asked of storage.

    UploadRefusedError where another value for the same span is held as known from the same moment.
    """
    kept: list[ObservationRecord | None] = []
    placed: list[Placed] = []
    revised: dict[tuple[str, Span, dt.datetime], float | None] = {}
    for figure in figures:
        record = _row(figure, source, now)
        prints = known.prints[figure.series_id]
        prints.advance(record.observation.known_from)
        before = prints.standing(figure.span)
        if before is not None and before.value == figure.value:
            kept.append(None)
            continue
        if before is not None and before.fresh:
            refuse_second_value(figure)
        stood = known.stood[Asked(figure.series_id, record.observation.known_from, figure.span)]
        judge = known.judges.setdefault((figure.series_id, figure.span), stood.judge)
        ahead = None if stood.ahead is None else known.forecasts[stood.ahead].forecast
        by = None if judge is None else known.forecasts.get(judge)
        at = record.observation.known_from
        if before is not None:
            revised[figure.series_id, figure.span, at] = before.value
        earlier = Span(figure.span.first - figure.span.months, figure.span.months)
        placed.append(
            replace(
                place(arrived(registered[figure.series_id], record), prints, by, ahead),
                previous_revised=revised.get((figure.series_id, earlier, at)),
                against=against(known.submitted.get(figure.series_id), record.observation),
            )
        )
        kept.append(record)
    judgements = iter(judge_figures(placed, budget=budget))
    return Judged(
        [
            (figure, None if record is None else News(record, next(judgements)))
            for figure, record in zip(figures, kept, strict=True)
        ]
    )


def against(submitted: SubmittedForecasts | None, observation: Observation) -> tuple[Against, ...]:
    """A figure against what forecasters had said of it; it is told, as a past error of later figures."""
    if submitted is None:
        return ()
    submitted.tell(observation.span, observation.value, observation.known_from)
    return submitted.against(observation.span, observation.value, observation.known_from)


def arrived(series: SeriesRecord, record: ObservationRecord) -> Arrived:
    """A row as it is judged: with what its source says of it, in the source's own words."""
    if record.claim is None:
        return Arrived(series, record.observation)
    claim = SourceClaim(record.claim, record.source or "the source", record.source_url or "")
    return Arrived(series, record.observation, claim)


def refuse_second_value(figure: ArrivingFigure) -> NoReturn:
    """UploadRefusedError: another value of the figure's span is known from its own moment."""
    since = "" if figure.known_from is None else figure.known_from.isoformat()
    reason = (
        f"{figure.series_id} {figure.span} is held with another value, known from {since} as "
        "this one is; a revision is known from a later moment"
    )
    raise UploadRefusedError([Fault(figure.row, reason)])


def _row(figure: ArrivingFigure, source: str, now: dt.datetime) -> ObservationRecord:
    return ObservationRecord(
        figure.series_id,
        Observation(figure.span, figure.value, figure.known_from or now, figure.stage),
        figure.known_basis,
        figure.source or source,
        figure.source_url,
        figure.claim,
    )
