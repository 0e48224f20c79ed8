"""The hot path: a batch of figures is recorded, judged and followed in the caller's one transaction."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict

from sqlalchemy import Connection
from structlog.contextvars import bound_contextvars

from alerts.judging import Judgement
from forecasting.months import Span
from forecasting.shocks.detection import discoveries
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
from services.storage.series import SeriesRecord
from services.storage.verdicts import VerdictRecord
from services.telemetry import LATENESS_SECONDS
from services.usecases.arriving_figures import digest, refuse, together
from services.usecases.follow_release import follow_release
from services.usecases.held_alerts import Moved
from services.usecases.judge_release import News, judge_release, load
from services.usecases.order_refits import refits
from services.usecases.order_scoring import scoring
from services.usecases.tell_desks import tell_desks


class IdempotencyKeyReusedError(Exception):
    """A key that came first with other figures; nothing is recorded."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"The idempotency key {key!r} came first with other figures; use a new one.")


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
    of_request = digest(source, arriving)
    if idempotency_key is not None:
        earlier = releases.by_idempotency_key(connection, idempotency_key, sender=sender)
        if earlier is not None:
            if earlier[0] != of_request:
                raise IdempotencyKeyReusedError(idempotency_key)
            return earlier[1]
    figures = sorted(
        (each if each.known_from is not None else replace(each, known_from=now) for each in arriving),
        key=lambda each: (each.known_from or now, each.series_id, each.span),
    )
    registered = series.lock(connection, {figure.series_id for figure in figures})
    for series_id in restrictions.hidden(connection, registered, desk):
        del registered[series_id]
    refuse(figures, registered, now)
    release_id = releases.open_release(
        connection,
        source=source,
        known_from=max(figure.known_from or now for figure in figures),
        recorded_at=now,
        idempotency_key=idempotency_key,
        request_hash=of_request,
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
        source=source,
        history=history,
    )
    with bound_contextvars(release_id=release_id):
        report = batch.record(figures)
    releases.close_release(connection, release_id, report)
    return report


def _kinds(moved: Iterable[Moved]) -> dict[str, int]:
    return dict(sorted(Counter(str(each.transition.kind) for each in moved).items()))


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
        source: str,
        history: bool,
    ) -> None:
        self.replayed = replayed
        self.connection = connection
        self.registered = registered
        self.release_id = release_id
        self.now = now
        self.budget = budget
        self.portfolio = portfolio
        self.source = source
        self.history = history

    def record(self, figures: Sequence[ArrivingFigure]) -> dict[str, Any]:
        """Rows, verdicts, alerts, messages and refit jobs; the report."""
        told: list[RecordedFigure] = []
        chances: list[float] = []
        news: list[tuple[Judgement, int]] = []
        foretold: set[str] = set()
        for part in together(figures):
            known = load(
                self.connection, part, self.registered, model=forecasts.judging(self.portfolio), now=self.now
            )
            judged = judge_release(
                known, part, self.registered, source=self.source, budget=self.budget, now=self.now
            )
            told += (_told(*each) for each in judged.figures)
            chances += (_chance(news) for _, news in judged.figures)
            ids = self._store(judged.news)
            judgements = [each.judgement for each in judged.news]
            foretold.update(
                each.facts.series_id for each in judgements if each.facts.series_id in known.foretold
            )
            self._order_refits(judgements, known.newest)
            if not self.history:
                news += zip(judgements, ids, strict=True)
        for figure, chance, found in zip(
            told, chances, discoveries(chances, rate=DISCOVERY_RATE).tolist(), strict=True
        ):
            figure["discovery"] = found if math.isfinite(chance) else None
        moved = self._follow(news)
        if foretold:
            jobs.add(self.connection, [scoring(f"release {self.release_id}", sorted(foretold))], now=self.now)
        outcomes = Counter(each["outcome"] for each in told)
        return {
            "release_id": self.release_id,
            **{outcome: outcomes[outcome] for outcome in ("recorded", "revised", "unchanged")},
            "alerts": _kinds(moved),
            "left_to_parents": _kinds(each for each in moved if each.inhibited_by is not None),
            "silenced": _kinds(each for each in moved if each.silenced_by is not None),
            "figures": sorted(told, key=lambda each: each["row"]),
        }

    def _follow(self, news: Sequence[tuple[Judgement, int]]) -> list[Moved]:
        """What the figures do to alerts, in the order in which they became known, and the messages of it."""
        if not news:
            return []
        in_order = sorted(news, key=_became_known)
        moved, failed = follow_release(
            self.connection,
            [judgement for judgement, _ in in_order],
            [observation_id for _, observation_id in in_order],
            series=self.registered,
            now=self.now,
        )
        for judgement, _ in in_order:
            late = self.now - judgement.facts.known_from
            LATENESS_SECONDS.observe(max(late.total_seconds(), 0.0))
        tell_desks(self.connection, moved, now=self.now, beside=outbox.address(self.connection, failed))
        return moved

    def _store(self, news: Sequence[News]) -> list[int]:
        ids = observations.append(
            self.connection,
            [each.record for each in news],
            release_id=self.release_id,
            recorded_at=self.now,
        )
        verdicts.add(
            self.connection,
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
                    judged_at=self.now,
                )
                for (facts, forecast_id), observation_id in zip(
                    ((each.judgement.facts, each.judgement.forecast_id) for each in news), ids, strict=True
                )
            ],
        )
        return ids

    def _order_refits(self, judged: Sequence[Judgement], newest: Mapping[str, dt.datetime]) -> None:
        wanted = refits(
            judged,
            newest,
            portfolio=self.portfolio,
            release_id=self.release_id,
            history=self.history,
            replayed=self.replayed,
        )
        jobs.add(self.connection, wanted, now=self.now)


def _became_known(news: tuple[Judgement, int]) -> tuple[dt.datetime, str, Span]:
    facts = news[0].facts
    return facts.known_from, facts.series_id, facts.span


def _chance(news: News | None) -> float:
    """Tail probability of a figure; NaN where it was not judged."""
    chance = None if news is None else news.judgement.facts.detection.tail_probability
    return math.nan if chance is None else chance


def _told(figure: ArrivingFigure, news: News | None) -> RecordedFigure:
    told = RecordedFigure(
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
        told["outcome"] = "recorded" if judgement.first_print else "revised"
        told["verdict"] = judgement.facts.detection.verdict.value
        told["reason"] = judgement.facts.detection.reason
    return told
