"""Refits: claimed jobs become published forecasts, as of the vintage that caused each."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import metadata
from typing import Any

import structlog
from sqlalchemy import Engine

from forecasting.engine import publish
from forecasting.forecast import HORIZON
from forecasting.others import taken_in
from forecasting.publication import Member, Publication
from forecasting.series import Series
from forecasting.shocks.witnesses import steadied
from services import tracing
from services.storage import forecasts, jobs, observations, series
from services.storage.forecasts import ForecastRecord
from services.storage.jobs import Job
from services.storage.known_series import known_series
from services.telemetry import FITS, REFIT_FAILURES, REFIT_SECONDS
from services.usecases.explain_changes import explained, superseded
from services.usecases.hear_others import refits_outrun, voices
from services.usecases.learned import learned_as_of
from services.usecases.order_refits import REFRESH
from services.usecases.order_scoring import scoring
from services.usecases.time_limit import BATCH_SECONDS, limited
from services.work import queue
from services.work.runner import Kind, Outcome, turn

LIBRARIES = ("tonnage", "numpy", "statsmodels", "statsforecast", "prophet", "lightgbm")
"""Whose versions stand beside each published forecast."""

_version = cache(metadata.version)  # each reads a file, and a batch would read six

BATCH = 16
"""Series fitted under one claim: 16 take a second or two, far below any lease."""

RETRY_AFTER = dt.timedelta(seconds=30)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refreshed:
    """Outcome of one claim: jobs claimed, forecasts published, and jobs put back with an error."""

    claimed: int
    published: int
    failed: int


@dataclass(frozen=True, slots=True)
class _Refit:
    """What every series of a batch is fitted with."""

    vintage: dt.datetime
    portfolio: str
    replayed: bool = False

    def published_at(self, now: dt.datetime) -> dt.datetime:
        """When what is made counts as published: now, or at its vintage where the past is told again."""
        return self.vintage if self.replayed else now


def refits(
    engine: Engine, *, clock: Callable[[], dt.datetime], lease: dt.timedelta, batch: int = BATCH
) -> Kind[int]:
    """Refits as a kind of work: a run is one batch of series, fitted together where their vintage is one.

    What a worker that died had published stands and is not made twice.
    """

    def work(claimed: Sequence[Job]) -> Outcome[int]:
        vintage, portfolio, replayed = _made_with(claimed[0])
        how = _Refit(dt.datetime.fromisoformat(vintage), portfolio, replayed)
        with tracing.span("refit", parent=claimed[0].trace, series=len(claimed), portfolio=portfolio):
            return Outcome(_publish(engine, claimed, how, clock), settled=True)

    return Kind(
        REFRESH,
        work,
        lease=lease,
        again_after=RETRY_AFTER,
        batch=batch,
        together=_made_with,
        once=True,
        failed=lambda _: REFIT_FAILURES.inc(),
    )


def refresh_forecasts(
    engine: Engine, *, now: dt.datetime, lease: dt.timedelta, limit: int = BATCH
) -> Refreshed:
    """One claim of due refits, fitted, published and settled."""
    done = turn(engine, refits(engine, clock=lambda: now, lease=lease, batch=limit), clock=lambda: now)
    return Refreshed(len(done.claimed), sum(done.came_to), done.failed)


def _library_versions() -> dict[str, str]:
    return {name: _version(name) for name in LIBRARIES}


def _made_with(job: Job) -> tuple[str, str, bool]:
    """Vintage, portfolio and whether the past is told again: what a batch has in common."""
    asked = job.arguments
    return asked["vintage"], asked["portfolio"], asked.get("replayed", False)


def _publish(engine: Engine, batch: Sequence[Job], how: _Refit, clock: Callable[[], dt.datetime]) -> int:
    ids = [job.series_id for job in batch if job.series_id is not None]
    with engine.begin() as connection:
        registered = series.of_ids(connection, ids)
        held = known_series(connection, registered, how.vintage)
        learned = learned_as_of(connection, how.vintage)
        before = superseded(connection, registered, model=how.portfolio, as_of=how.vintage)
    began = time.perf_counter()
    fit = partial(
        publish,
        portfolio=how.portfolio,
        vintage=how.vintage,
        global_model=learned.global_model,
        calibration=learned.calibration(how.portfolio),
        guard=limited(together=BATCH_SECONDS),
    )
    fitted = fit([known for known, _ in held])
    heard = voices(engine, [known for known, _ in held], model=how.portfolio, vintage=how.vintage)
    publications = [
        taken_in(known, each, heard.get(known.id, ()), vintage=how.vintage)
        for (known, _), each in zip(held, fitted, strict=True)
    ]
    versions = _library_versions() | learned.versions(how.portfolio)
    changes = explained(before, [known for known, _ in held], publications, versions=versions, refit=fit)
    now = clock()  # after the fits, which take seconds: nobody could read what they made before
    records = [
        record
        for (known, figures), publication in zip(held, publications, strict=True)
        for record in _records(
            known,
            publication,
            how,
            figures=figures,
            versions=versions,
            change=changes.get(known.id),
            published_at=how.published_at(now),
        )
    ]
    with engine.begin() as connection:
        count = forecasts.publish(connection, records)
        behind = observations.known_after(connection, [known.id for known, _ in held], how.vintage)
        if behind:
            jobs.add(connection, [scoring(f"refit {batch[0].id}", behind)], now=now)
        again = refits_outrun(connection, ids, model=how.portfolio, replayed=how.replayed)
        jobs.add(connection, again, now=now)
        queue.finish(connection, [job.id for job in batch if job.id is not None], now=now)
    seconds = time.perf_counter() - began
    _count(fitted, seconds)
    log.info(
        "refitted",
        vintage=how.vintage.isoformat(),
        series=ids,
        jobs=[job.id for job in batch],
        request_ids=sorted({job.request_id for job in batch if job.request_id is not None}),
        release_ids=sorted({job.release_id for job in batch if job.release_id is not None}),
        seconds=round(seconds, 3),
    )
    return count


def _count(publications: Sequence[Publication], seconds: float) -> None:
    REFIT_SECONDS.observe(seconds)
    for member in (each for publication in publications for each in publication.members):
        absent = "refused" if member.refused else "left_out"
        outcome = absent if member.forecast is None else "used" if member.weight else "shown"
        FITS.labels(member.name, outcome).inc()


def _records(
    known: Series,
    publication: Publication,
    how: _Refit,
    *,
    figures: int,
    versions: dict[str, str],
    change: dict[str, Any] | None,
    published_at: dt.datetime,
) -> list[ForecastRecord]:
    """The publication, and the forecast that arriving figures are judged by: the same, with witnesses."""
    plain = ForecastRecord(
        series_id=publication.series_id,
        model=how.portfolio,
        origin=known.end,
        vintage=how.vintage,
        forecast=publication.forecast,
        reason=publication.reason,
        members=members(publication),
        versions=versions,
        published_at=published_at,
        figures=figures,
        member_forecasts=tuple(one.forecast for one in publication.members if one.forecast is not None),
        change=change,
    )
    steady = steadied(known, publication.forecast, horizon=HORIZON)
    if steady is None:
        return [plain]
    return [
        plain,
        replace(
            plain,
            model=forecasts.judging(how.portfolio),
            forecast=steady,
            members=[],
            member_forecasts=(),
            change=None,
        ),
    ]


def members(publication: Publication) -> list[dict[str, Any]]:
    """The members of a publication as JSON: weight, score, why one was left out, and its median path.

    A forecaster that weighs in has no path; ``moved`` is by how much it moved the median of each month.
    """
    return [_member(member) for member in publication.members]


def _member(member: Member) -> dict[str, Any]:
    moved = {"moved": {str(month): amount for month, amount in member.moved}} if member.moved else {}
    return {
        "name": member.name,
        "weight": member.weight,
        "score": member.score,
        "left_out": member.left_out,
        "note": member.note,
        "median": None if member.forecast is None else member.forecast.median.tolist(),
        **moved,
    }
