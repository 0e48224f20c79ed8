"""Backtests that were ordered: each is run by a forecast worker, and what it came to is kept with its job."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from importlib import metadata
from typing import Any

from sqlalchemy import Engine

from forecasting.backtest import SHORTEST_PAST
from services.storage import backtests, series
from services.storage.backtests import BACKTEST, BacktestRecord
from services.storage.jobs import Job
from services.storage.known_series import known_series
from services.usecases.backtest_panel import backtest_panel
from services.usecases.panel_file import Panel
from services.usecases.train_models import LIBRARIES
from services.work.runner import Kind, Outcome

RETRY_AFTER = dt.timedelta(minutes=5)
MOST_SECONDS = 300.0
"""Seconds after which a backtest is given up: below the time that a task may take."""


class BacktestTooLongError(Exception):
    """A backtest took longer than a worker may be kept from refits."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"it took more than {seconds:g} s: ask for fewer series or origins or for a cheaper portfolio, "
            "or use tonnage backtest on a file of them"
        )


class _Here(Executor):
    """Does at once, in this process, what it is given.

    A worker is one of several already, and a fit's time limit is heard in the main thread alone.
    """

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*args, **kwargs))
        return done


def backtests_due(engine: Engine, *, lease: dt.timedelta) -> Kind[int]:
    """Backtests as a kind of work: one a run; what each comes to is the number of its lines."""

    def work(claimed: Sequence[Job]) -> Outcome[int]:
        (job,) = claimed
        try:
            made = run_backtest(engine, job)
        except BacktestTooLongError as error:
            return Outcome(0, note=f"Nothing came of it: {error}.")
        with engine.begin() as connection:
            backtests.keep(connection, job, made)
        return Outcome(len(made.lines), note=_note(made, job.arguments["folds"]))

    return Kind(BACKTEST, work, lease=lease, again_after=RETRY_AFTER, once=True)


def run_backtest(engine: Engine, job: Job) -> BacktestRecord:
    """Score every origin of the series that a job names, as they were known at its moment."""
    asked = job.arguments
    with engine.begin() as connection:
        registered = series.of_ids(connection, asked["series"])
        known = [
            each
            for each, _ in known_series(connection, registered, dt.datetime.fromisoformat(asked["as_of"]))
        ]
    table = backtest_panel(
        Panel(tuple(known), numbered=False),
        folds=asked["folds"],
        horizon=asked["horizon"],
        portfolio=asked["portfolio"],
        pool=_Here(),
        progress=_in_time(MOST_SECONDS),
    )
    lines = [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]
    versions = {name: metadata.version(name) for name in LIBRARIES}
    return BacktestRecord(len(known), lines, versions)


def _note(made: BacktestRecord, folds: int) -> str | None:
    """What was asked for and could not be scored, in words; None where all was."""
    scored = max((int(each["folds"]) for each in made.lines), default=0)
    wanted = made.series * folds
    if scored == wanted:
        return None
    short = f"{SHORTEST_PAST} months stand before no other origin, or no figure behind it"
    return f"{scored:,} of {wanted:,} pairs of a series and an origin could be scored: {short}."


def _in_time(seconds: float) -> Callable[[int], None]:
    """Progress that raises once so much time has passed: nothing keeps a worker from refits for ever."""
    until = time.monotonic() + seconds

    def progress(_: int) -> None:
        if time.monotonic() > until:
            raise BacktestTooLongError(seconds)

    return progress


def _plain(value: Any) -> Any:
    """A cell as JSON knows it: a whole number, a number, or text; NaN is none of them."""
    if isinstance(value, str):
        return value
    number = float(value)
    return None if number != number else number  # noqa: PLR0124 - NaN alone differs from itself
