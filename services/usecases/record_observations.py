"""The hot path: a batch of figures is recorded, judged and followed in the caller's one transaction."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from structlog.contextvars import bound_contextvars

from alerts.judging import Judgement
from forecasting.months import Span
from forecasting.prints import moment
from forecasting.shocks.detection import discoveries
from services.ingestion.figure_columns import FigureColumns
from services.ingestion.figures import ArrivingFigure
from services.storage import forecasts, jobs, outbox, releases, restrictions, series
from services.telemetry import LATENESS_SECONDS
from services.usecases.arriving_figures import digest, refuse, refuse_columns, together
from services.usecases.follow_release import follow_release
from services.usecases.held_alerts import Moved
from services.usecases.judge_release import judge_release, load
from services.usecases.order_scoring import scoring
from services.usecases.record_history import record_history
from services.usecases.store_judged import (
    DISCOVERY_RATE,
    RecordedFigure,
    Recording,
    became_known,
    chance,
    order,
    store,
    told,
)
from services.usecases.tell_desks import tell_desks


class IdempotencyKeyReusedError(Exception):
    """A key that came first with other figures; nothing is recorded."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"The idempotency key {key!r} came first with other figures; use a new one.")


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
    named: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Record a batch and all that follows from it; the report, as JSON.

    Each figure is judged by the forecast published before it was known, as of its own ``known_from``, in the
    order in which the figures became known. ``history`` records and judges but wakes no rule: for the past
    that a new installation begins with. ``replayed`` tells the past as it became known: what is published
    after its figures counts as published when they were known, and not today. UploadRefusedError with every
    fault, and then nothing is recorded.
    Of a history the report names the figures of the first ``named`` rows (None: of all) and counts the rest;
    what is kept of it names them only where it may be told again, under a key.
    ``progress`` is told how many figures are judged so far.
    The same ``idempotency_key`` of a ``sender`` with the same figures gives the first report again. To a
    ``desk`` there is no series that it may not see.
    """
    of_request = None if history and idempotency_key is None else digest(source, arriving)
    if idempotency_key is not None:
        earlier = releases.by_idempotency_key(connection, idempotency_key, sender=sender)
        if earlier is not None:
            if earlier[0] != of_request:
                raise IdempotencyKeyReusedError(idempotency_key)
            return earlier[1]
    figures = _columns(arriving) if history else _in_order(arriving, now)
    names = figures.ids if isinstance(figures, FigureColumns) else {each.series_id for each in figures}
    registered = series.lock(connection, set(names))
    for series_id in restrictions.hidden(connection, registered, desk):
        del registered[series_id]
    if isinstance(figures, FigureColumns):
        refuse_columns(figures, arriving, registered, now)
    else:
        refuse(figures, registered, now)
    release_id = releases.open_release(
        connection,
        source=source,
        known_from=moment(figures.known(now).max())
        if isinstance(figures, FigureColumns)
        else max(figure.known_from or now for figure in figures),
        recorded_at=now,
        idempotency_key=idempotency_key,
        request_hash=of_request,
        sender=sender,
    )
    recording = Recording(
        connection,
        registered,
        release_id,
        source=source,
        now=now,
        budget=budget,
        portfolio=portfolio,
        replayed=replayed,
        history=history,
    )
    with bound_contextvars(release_id=release_id):
        if isinstance(figures, FigureColumns):
            report = record_history(recording, figures, named=named, progress=progress)
        else:
            report = _record(recording, figures, progress)
    kept = {**report, "figures": []} if of_request is None else report
    releases.close_release(connection, release_id, kept)
    return report


def _columns(arriving: Sequence[ArrivingFigure]) -> FigureColumns:
    return arriving if isinstance(arriving, FigureColumns) else FigureColumns.of(arriving)


def _in_order(arriving: Sequence[ArrivingFigure], now: dt.datetime) -> list[ArrivingFigure]:
    """In the order in which they became known; those that do not say when became so now."""
    return sorted(
        (each if each.known_from is not None else replace(each, known_from=now) for each in arriving),
        key=lambda each: (each.known_from or now, each.series_id, each.span),
    )


def _record(
    recording: Recording, figures: Sequence[ArrivingFigure], progress: Callable[[int], None] | None
) -> dict[str, Any]:
    """Rows, verdicts, alerts, messages and refit jobs of a release; the report."""
    said: list[RecordedFigure] = []
    chances: list[float] = []
    news: list[tuple[Judgement, int]] = []
    foretold: set[str] = set()
    for part in together(figures):
        known = load(
            recording.connection,
            part,
            recording.registered,
            model=forecasts.judging(recording.portfolio),
            now=recording.now,
        )
        judged = judge_release(
            known,
            part,
            recording.registered,
            source=recording.source,
            budget=recording.budget,
            now=recording.now,
        )
        said += (told(*each) for each in judged.figures)
        chances += (chance(news) for _, news in judged.figures)
        ids = store(recording, judged.news)
        new = became_known(judged.news)
        foretold.update(series_id for series_id, _ in new if series_id in known.foretold)
        order(recording, new, known.newest)
        news += zip((each.judgement for each in judged.news), ids, strict=True)
        if progress is not None:
            progress(len(said))
    for figure, likely, found in zip(
        said, chances, discoveries(chances, rate=DISCOVERY_RATE).tolist(), strict=True
    ):
        figure["discovery"] = found if math.isfinite(likely) else None
    moved = _follow(recording, news)
    if foretold:
        cause = f"release {recording.release_id}"
        jobs.add(recording.connection, [scoring(cause, sorted(foretold))], now=recording.now)
    outcomes = Counter(each["outcome"] for each in said)
    return {
        "release_id": recording.release_id,
        **{outcome: outcomes[outcome] for outcome in ("recorded", "revised", "unchanged")},
        "alerts": _kinds(moved),
        "left_to_parents": _kinds(each for each in moved if each.inhibited_by is not None),
        "silenced": _kinds(each for each in moved if each.silenced_by is not None),
        "figures": sorted(said, key=lambda each: each["row"]),
    }


def _follow(recording: Recording, news: Sequence[tuple[Judgement, int]]) -> list[Moved]:
    """What the figures do to alerts, in the order in which they became known, and the messages of it."""
    if not news:
        return []
    connection, now = recording.connection, recording.now
    in_order = sorted(news, key=_moment_first)
    moved, failed = follow_release(
        connection,
        [judgement for judgement, _ in in_order],
        [observation_id for _, observation_id in in_order],
        series=recording.registered,
        now=now,
    )
    for judgement, _ in in_order:
        late = now - judgement.facts.known_from
        LATENESS_SECONDS.observe(max(late.total_seconds(), 0.0))
    tell_desks(connection, moved, now=now, beside=outbox.address(connection, failed))
    return moved


def _moment_first(news: tuple[Judgement, int]) -> tuple[dt.datetime, str, Span]:
    facts = news[0].facts
    return facts.known_from, facts.series_id, facts.span


def _kinds(moved: Iterable[Moved]) -> dict[str, int]:
    return dict(sorted(Counter(str(each.transition.kind) for each in moved).items()))
