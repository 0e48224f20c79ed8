"""What a release writes of its figures, however they were judged: rows, verdicts, refits, and the report."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from sqlalchemy import Connection

from services.ingestion.figures import ArrivingFigure
from services.storage import jobs, observations, verdicts
from services.storage.series import SeriesRecord
from services.storage.verdicts import VerdictRecord
from services.usecases.judge_release import News
from services.usecases.order_refits import refits


class RecordedFigure(TypedDict):
    """What became of one row: ``recorded`` for the first time, ``revised``, or ``unchanged``.

    ``discovery`` is True where it is among the figures of which at most DISCOVERY_RATE are no shocks, all
    figures of the upload taken together; None where it was not judged.
    """

    row: int
    series_id: str
    month: str
    outcome: str
    verdict: str | None
    reason: str | None
    discovery: bool | None


DISCOVERY_RATE = 0.1
"""Share of false ones among the figures of an upload named discoveries; a verdict keeps a budget a series."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One release on its way through the transaction; see record_observations."""

    connection: Connection
    registered: Mapping[str, SeriesRecord]
    release_id: int
    source: str
    now: dt.datetime
    budget: float
    portfolio: str
    replayed: bool
    history: bool


def store(recording: Recording, news: Sequence[News]) -> list[int]:
    """Write what is new, each with its verdict; ids of the observations, in the order given."""
    ids = observations.append(
        recording.connection,
        [each.record for each in news],
        release_id=recording.release_id,
        recorded_at=recording.now,
    )
    verdicts.add(
        recording.connection,
        [
            VerdictRecord(
                observation_id=observation_id,
                series_id=facts.series_id,
                forecast_id=forecast_id,
                detection=facts.detection,
                revision_of=facts.revision_of,
                change_month=facts.change_month,
                change_year=facts.change_year,
                records=facts.records,
                change_records=facts.change_records,
                rank_in_month=facts.rank_in_month,
                judged_at=recording.now,
            )
            for (facts, forecast_id), observation_id in zip(
                ((each.judgement.facts, each.judgement.forecast_id) for each in news), ids, strict=True
            )
        ],
    )
    return ids


def order(
    recording: Recording, news: Iterable[tuple[str, dt.datetime]], newest: Mapping[str, dt.datetime]
) -> None:
    """Order the refits of what is new; see ``refits``."""
    wanted = refits(
        news,
        newest,
        portfolio=recording.portfolio,
        release_id=recording.release_id,
        history=recording.history,
        replayed=recording.replayed,
    )
    jobs.add(recording.connection, wanted, now=recording.now)


def became_known(news: Iterable[News]) -> list[tuple[str, dt.datetime]]:
    """Series and moments of what is new."""
    return [(each.judgement.facts.series_id, each.judgement.facts.known_from) for each in news]


def chance(news: News | None) -> float:
    """Tail probability of a figure; NaN where it was not judged."""
    tail = None if news is None else news.judgement.facts.detection.tail_probability
    return math.nan if tail is None else tail


def told(figure: ArrivingFigure, news: News | None) -> RecordedFigure:
    """What a report says of a figure; whether it is a discovery is known when all are judged."""
    said = RecordedFigure(
        row=figure.row,
        series_id=figure.series_id,
        month=str(figure.span),
        outcome="unchanged",
        verdict=None,
        reason=None,
        discovery=None,
    )
    if news is not None:
        judgement = news.judgement
        said["outcome"] = "recorded" if judgement.first_print else "revised"
        said["verdict"] = judgement.facts.detection.verdict.value
        said["reason"] = judgement.facts.detection.reason
    return said
