"""The one runner: fair turns, an end before the limit, an outcome for each job whatever it raises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from sqlalchemy import Engine, select
from structlog.testing import capture_logs

from services.storage import jobs, tables
from services.storage.jobs import AWAITED, BACKGROUND, Job
from services.work import queue, runner, turns
from services.work.errors import AloneNextTimeError
from services.work.queue import MOST_RUNS
from services.work.runner import Kind, Outcome, run, turn
from services.work.turns import Place

NOW = dt.datetime(2025, 7, 1, 12, tzinfo=dt.UTC)
LEASE = dt.timedelta(minutes=10)
LATER = dt.timedelta(seconds=30)
HANDS = (Place("dig", "dig_task"), Place("rake", "rake_task"), Place("plan", "plan_task", after=("dig",)))


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> dt.datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


def order(
    engine: Engine, *keys: str, kind: str = "dig", at: dt.datetime = NOW, priority: int = AWAITED
) -> None:
    with engine.begin() as connection:
        jobs.add(connection, [Job(kind, key, {}, priority=priority) for key in keys], now=at)


def row(engine: Engine, key: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(select(tables.jobs).where(tables.jobs.c.key == key)).one()


def kind(work: Callable[[Sequence[Job]], Any], *, batch: int = 4, once: bool = False) -> Kind[Any]:
    """A kind whose work answers what it came to, or an Outcome."""

    def done(claimed: Sequence[Job]) -> Outcome[Any]:
        came_to = work(claimed)
        return came_to if isinstance(came_to, Outcome) else Outcome(came_to)

    return Kind("dig", done, lease=LEASE, again_after=LATER, batch=batch, once=once)


def keys(claimed: Sequence[Job]) -> list[str]:
    return [job.key for job in claimed]


def test_each_job_keeps_its_own_outcome_whatever_it_raises(engine: Engine, clock: Clock) -> None:
    """One of a batch raises: its typed error is kept, the traceback logged, the others are done."""
    order(engine, "a", "bad", "c")

    def work(claimed: Sequence[Job]) -> list[str]:
        if "bad" in keys(claimed):
            raise ZeroDivisionError("a\0stone")
        return keys(claimed)

    with capture_logs() as logs:
        done = turn(engine, kind(work), clock=clock)
    assert (keys(done.claimed), done.came_to, done.failed) == (["a", "bad", "c"], [["a"], ["c"]], 1)
    bad = row(engine, "bad")
    assert (bad.status, bad.error, bad.due_at) == ("pending", "ZeroDivisionError: a\ufffdstone", NOW + LATER)
    assert (bad.lease_until, bad.lease_owner, bad.runs) == (None, None, 1)
    assert {row(engine, each).status for each in "ac"} == {"done"}
    assert all(log["exc_info"] for log in logs if log["event"] == "work failed")


def test_a_job_that_failed_for_good_says_when(engine: Engine, clock: Clock) -> None:
    """However a job ends it has an end: done, failed by its error, or lost with its workers."""
    order(engine, "well", "badly", "lost")

    def work(claimed: Sequence[Job]) -> None:
        if "well" not in keys(claimed):
            raise ValueError("no")

    turn(engine, kind(work, batch=1), clock=clock)
    for _ in range(2 * MOST_RUNS):
        turn(engine, kind(work, batch=1), clock=clock)
        clock.at += LATER
    ended = row(engine, "badly")
    assert (ended.status, ended.runs, ended.error) == ("failed", MOST_RUNS, "ValueError: no")
    assert NOW < ended.finished_at < clock.at
    assert row(engine, "well").finished_at == NOW
    with engine.begin() as connection:
        assert queue.ask_again(connection, row(engine, "lost").id, now=clock.at)
    for _ in range(MOST_RUNS + 1):
        with engine.begin() as connection:
            queue.claim(connection, "dig", now=clock.at, lease=LEASE, limit=1, owner="dies")
        clock.at += LEASE
    lost = row(engine, "lost")
    assert (lost.status, lost.error) == ("failed", f"no run of {MOST_RUNS} came to its end")
    assert lost.finished_at == clock.at - LEASE


def test_what_a_run_does_not_come_to_is_given_back_as_it_was(engine: Engine, clock: Clock) -> None:
    """Once it is enough nothing more is begun, and the rest is nobody's and untried; the first always is."""
    order(engine, "a", "b", "c")
    apart = replace(kind(keys), together=lambda job: job.key)
    done = turn(engine, apart, clock=clock, enough=lambda: True)
    assert done.came_to == [["a"]]
    for each in "bc":
        left = row(engine, each)
        assert (left.status, left.runs, left.lease_until, left.due_at) == ("pending", 0, None, NOW)
    assert turn(engine, apart, clock=clock).came_to == [["b"], ["c"]]


def test_whoever_is_interrupted_gives_back_what_was_not_begun(engine: Engine, clock: Clock) -> None:
    """What ends a process while it works leaves that job to its lease, and no other."""
    order(engine, "a", "b")

    def work(_: Sequence[Job]) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        turn(engine, replace(kind(work), together=lambda job: job.key), clock=clock)
    assert row(engine, "a").lease_until == NOW + LEASE
    assert (row(engine, "b").lease_until, row(engine, "b").runs) == (None, 0)


def test_what_cannot_be_announced_is_given_back_untried(engine: Engine, clock: Clock) -> None:
    """Where what is told of a claim raises, nothing of it is begun and nothing waits for a lease."""
    order(engine, "a", "b")

    def begins(_: Sequence[Job]) -> NoReturn:
        raise ValueError("nobody listens")

    with pytest.raises(ValueError, match="nobody listens"):
        turn(engine, kind(keys), clock=clock, begins=begins)
    assert [(row(engine, each).lease_until, row(engine, each).runs) for each in "ab"] == [(None, 0)] * 2
    assert turn(engine, kind(keys), clock=clock).came_to == [["a", "b"]]


def test_a_batch_that_took_too_long_is_done_one_by_one(engine: Engine, clock: Clock) -> None:
    """Its jobs are due as they were, each then alone and after what nobody has tried."""
    order(engine, "a", "b")
    claims: list[list[str]] = []

    def work(claimed: Sequence[Job]) -> None:
        claims.append(keys(claimed))
        if len(claimed) > 1:
            raise AloneNextTimeError("too long")

    assert turn(engine, kind(work), clock=clock).failed == 0
    order(engine, "new")
    for _ in range(3):
        turn(engine, kind(work), clock=clock)
    assert claims == [["a", "b"], ["new"], ["a"], ["b"]]


def test_what_is_awaited_goes_before_an_archive_even_when_it_was_tried(engine: Engine, clock: Clock) -> None:
    """A job whose worker died does not wait behind everything in the background."""
    order(engine, "release")
    with engine.begin() as connection:
        queue.claim(connection, "dig", now=NOW, lease=LEASE, limit=1, owner="dies")
    order(engine, "old", "older", at=NOW - LEASE, priority=BACKGROUND)
    clock.at += LEASE
    assert [keys(turn(engine, kind(keys), clock=clock).claimed) for _ in range(2)] == [
        ["release"],
        ["old", "older"],
    ]


def test_work_may_ask_for_another_time(engine: Engine, clock: Clock) -> None:
    """An outcome that is due again keeps its error and is tried then; a note is kept with what is done."""
    order(engine, "a")
    at = NOW + dt.timedelta(hours=2)
    turn(engine, kind(lambda _: Outcome(1, again_at=at, error="asked to wait")), clock=clock)
    assert (row(engine, "a").due_at, row(engine, "a").error) == (at, "asked to wait")
    clock.at = at
    turn(engine, kind(lambda _: Outcome(1, note="came\0in")), clock=clock)
    ended = row(engine, "a")
    assert (ended.status, ended.note, ended.error) == ("done", "came\ufffdin", None)


def test_who_lost_the_lease_can_fail_nothing_and_free_nothing(engine: Engine, clock: Clock) -> None:
    """A later run holds the job; the earlier can only report a success."""
    order(engine, "a")
    with engine.begin() as connection:
        (late,) = queue.claim(connection, "dig", now=NOW, lease=LEASE, limit=1, owner="late")
        (now,) = queue.claim(connection, "dig", now=NOW + LEASE, lease=LEASE, limit=1, owner="now")
        queue.retry(connection, late, now=NOW + LEASE, due_at=NOW, error="too late")
        queue.release(connection, [late], begun=False)
    held = row(engine, "a")
    assert (held.lease_owner, held.runs, held.started_at, held.error) == ("now", 2, NOW + LEASE, None)
    with engine.begin() as connection:
        queue.finish(connection, [late.id or 0], now=NOW + LEASE)
        queue.retry(connection, now, now=NOW + LEASE, due_at=NOW, error="but it is done")
    assert (row(engine, "a").status, row(engine, "a").error) == ("done", None)


def following(engine: Engine, at: dt.datetime = NOW) -> str | None:
    with engine.begin() as connection:
        found = turns.following(connection, HANDS, now=at)
    return None if found is None else found.task


def test_no_kind_waits_behind_one_that_never_ends(engine: Engine) -> None:
    """Awaited before background, untried before tried, then what is due longest; a plan after all digging."""
    assert following(engine) is None
    order(engine, "plan", kind="plan", at=NOW - LEASE, priority=BACKGROUND)
    order(engine, "archive", priority=BACKGROUND)
    assert following(engine) == "dig_task"
    order(engine, "leaves", kind="rake", at=NOW - LATER, priority=BACKGROUND)
    assert following(engine) == "rake_task"
    order(engine, "release")
    assert following(engine) == "dig_task"
    with engine.begin() as connection:
        queue.finish(connection, [row(engine, each).id for each in ("release", "archive")], now=NOW)
    assert following(engine) == "plan_task"
    with engine.begin() as connection:
        queue.claim(connection, "plan", now=NOW, lease=LEASE, limit=1, owner="dies")
    assert following(engine) == "rake_task"
    assert following(engine, NOW + LEASE) == "rake_task"


def test_a_run_goes_on_until_another_kind_is_next(engine: Engine, clock: Clock) -> None:
    """It says whose turn is next, so that nobody waits for the sweep."""
    order(engine, "a", "b", "c")
    order(engine, "leaves", kind="rake", at=NOW + LATER)
    seen: list[Any] = []

    def dig(claimed: Sequence[Job]) -> None:
        seen.extend(keys(claimed))
        if "b" in keys(claimed):
            clock.at += 2 * LATER
            order(engine, "d", at=clock.at)

    digging = kind(dig, batch=1)
    assert run(engine, digging, HANDS, clock=clock) == HANDS[1]
    assert seen == ["a", "b", "c"]


def test_a_run_stops_well_below_its_limit_and_asks_again(
    engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the time is over, or the kind is done once, the rest is asked for by its own task."""
    order(engine, "a", "b", "c", "d")
    again = run(engine, kind(keys, batch=1, once=True), HANDS, clock=clock)
    assert again == HANDS[0]
    monkeypatch.setattr(runner, "LOOP_SECONDS", 0.0)
    ended: list[Any] = []
    assert run(engine, kind(keys, batch=1), HANDS, clock=clock, ended=ended.append) == HANDS[0]
    assert [turn.came_to for turn in ended] == [[["b"]]]
    monkeypatch.undo()
    assert run(engine, kind(keys, batch=1), HANDS, clock=clock, ended=ended.append) is None
    assert [turn.came_to for turn in ended[1:]] == [[["c"]], [["d"]]]
