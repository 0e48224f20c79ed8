"""The runner: the one loop that every kind of job runs through, and the one place that settles jobs.

Claim, commit, work with no transaction open, settle. Whatever a job raises is that job's outcome: its typed
error is kept with it, it is tried again later, and after MOST_RUNS it is failed for good and shown. A batch
that raises is split, so that one job keeps the error and the others their work. What a run did not come to
is given back as if it had not been claimed.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from services.storage.jobs import Job
from services.work import queue, turns
from services.work.errors import AloneNextTimeError
from services.work.turns import Place

LOOP_SECONDS = 240.0
"""Seconds after which a run takes no more work: with its last piece well below a task's limit of 540."""

R = TypeVar("R")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What work on some jobs came to; they are done with the note, or due ``again_at`` with its error.

    Work that settled its jobs in a transaction of its own says ``settled``.
    """

    came_to: R
    note: str | None = None
    again_at: dt.datetime | None = None
    error: str = ""
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """A kind of job, and how its jobs are done.

    ``work`` does up to ``batch`` jobs at once, for which ``together`` says the same. A run of a kind that is
    done ``once`` is one turn. What raises is due again ``again_after`` later, and told to ``failed``.
    """

    name: str
    work: Callable[[Sequence[Job]], Outcome[R]]
    lease: dt.timedelta
    again_after: dt.timedelta
    batch: int = 1
    together: Callable[[Job], Hashable] = lambda _: None
    once: bool = False
    failed: Callable[[Job], None] = lambda _: None


@dataclass(slots=True)
class Turn(Generic[R]):
    """What one claim came to: jobs claimed, what their work came to, and how many raised."""

    claimed: Sequence[Job] = ()
    came_to: list[R] = field(default_factory=list)
    failed: int = 0


def run(
    engine: Engine,
    kind: Kind[R],
    hands: Sequence[Place],
    *,
    clock: Callable[[], dt.datetime],
    begins: Callable[[Sequence[Job]], None] = lambda _: None,
    ended: Callable[[Turn[R]], None] = lambda _: None,
) -> Place | None:
    """Take turns while those of this kind are next among all that share its ``hands``; whose turn is then.

    So a kind is asked for again where the time was over, another where it has come before, and none where
    nothing is due. ``begins`` is told of what was claimed before it is worked on, ``ended`` of each turn
    after it is settled.
    """
    until = time.monotonic() + LOOP_SECONDS
    over = False
    while True:
        with engine.begin() as connection:
            following = turns.following(connection, hands, now=clock())
        if following is None or following.kind != kind.name or over:
            return following
        done = turn(engine, kind, clock=clock, enough=lambda: time.monotonic() >= until, begins=begins)
        if not done.claimed:
            return None  # another worker came before
        ended(done)
        over = kind.once or time.monotonic() >= until


def turn(
    engine: Engine,
    kind: Kind[R],
    *,
    clock: Callable[[], dt.datetime],
    enough: Callable[[], bool] = lambda: False,
    begins: Callable[[Sequence[Job]], None] = lambda _: None,
) -> Turn[R]:
    """One claim, worked on and settled; once ``enough`` says so nothing more of it is begun.

    A worker that dies leaves its claim to the lease. OperationalError where the database is away.
    """
    with engine.begin() as connection:
        claimed = queue.claim(
            connection, kind.name, now=clock(), lease=kind.lease, limit=kind.batch, owner=uuid.uuid4().hex
        )
    done: Turn[R] = Turn(claimed)
    left = deque(_batches(claimed, kind.together))
    begun: set[int | None] = set()
    try:
        if claimed:
            begins(claimed)
        while left and not (begun and enough()):
            batch = left.popleft()
            begun |= {job.id for job in batch}
            left.extendleft(reversed(_worked(engine, kind, batch, done, clock)))
    finally:
        rest = [job for batch in left for job in batch]
        _give_back(engine, [job for job in rest if job.id in begun], begun=True)
        _give_back(engine, [job for job in rest if job.id not in begun], begun=False)
    return done


def _worked(
    engine: Engine, kind: Kind[R], batch: list[Job], done: Turn[R], clock: Callable[[], dt.datetime]
) -> list[list[Job]]:
    """Work on a batch and settle it; the batches it is to be split into where it raised."""
    try:
        outcome = kind.work(batch)
        if not outcome.settled:
            _settle(engine, batch, outcome, clock())
    except (AloneNextTimeError, Exception) as error:
        # whatever it was: kept with the job, tried again, failed for good in the end
        if isinstance(error, AloneNextTimeError) and len(batch) > 1:
            log.warning("a batch took too long", kind=kind.name, series=_series(batch), error=str(error))
            _give_back(engine, batch, begun=True)
            return []
        log.exception("work failed", kind=kind.name, jobs=[job.id for job in batch], series=_series(batch))
        if len(batch) > 1:
            return [[job] for job in batch]
        done.failed += 1
        now = clock()
        with engine.begin() as connection:
            reason = f"{type(error).__name__}: {error}"
            queue.retry(connection, batch[0], now=now, due_at=now + kind.again_after, error=reason)
        kind.failed(batch[0])
    else:
        done.came_to.append(outcome.came_to)
    return []


def _settle(engine: Engine, batch: Sequence[Job], outcome: Outcome[R], now: dt.datetime) -> None:
    with engine.begin() as connection:
        if outcome.again_at is None:
            ids = [job.id for job in batch if job.id is not None]
            queue.finish(connection, ids, now=now, note=outcome.note)
            return
        for job in batch:
            queue.retry(connection, job, now=now, due_at=outcome.again_at, error=outcome.error)


def _give_back(engine: Engine, jobs: Sequence[Job], *, begun: bool) -> None:
    if not jobs:
        return
    try:
        with engine.begin() as connection:
            queue.release(connection, jobs, begun=begun)
    except OperationalError as error:
        log.warning("not given back; their lease will end", jobs=len(jobs), error=str(error.orig))


def _batches(claimed: Iterable[Job], together: Callable[[Job], Hashable]) -> list[list[Job]]:
    batches: dict[Hashable, list[Job]] = {}
    for job in claimed:
        batches.setdefault(together(job), []).append(job)
    return list(batches.values())


def _series(batch: Iterable[Job]) -> list[str]:
    return sorted({job.series_id for job in batch if job.series_id is not None})
