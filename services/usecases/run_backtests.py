"""Backtests that were ordered: each is run by a forecast worker, and what it came to is kept with its job."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine

from forecasting.backtest import SHORTEST_PAST, Fold, fold_at, known_fold
from forecasting.months import Month
from services.storage import backtests, series
from services.storage.backtests import BACKTEST, BacktestRecord
from services.storage.jobs import Job
from services.storage.known_series import known_series
from services.storage.series import SeriesRecord
from services.usecases.backtest_panel import scored_folds
from services.usecases.train_models import LIBRARIES
from services.work.runner import Kind, Outcome

RETRY_AFTER = dt.timedelta(minutes=5)
MOST_SECONDS = 300.0
"""Seconds after which a backtest is given up: with its last piece below the time that a task may take."""


class BacktestTooLongError(Exception):
    """A backtest took longer than a worker may be kept from refits."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"it took more than {seconds:g} s: ask for fewer series or origins or for a cheaper portfolio, "
            "or use tonnage backtest on a file of them"
        )


class Here(Executor):
    """Does in this process what it is given, each piece when its outcome is asked for.

    A worker is one of several already, and a fit's time limit is heard in the main thread alone. No piece is
    begun once ``seconds`` are over: BacktestTooLongError.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def map(
        self,
        work: Callable[..., Any],
        /,
        *parts: Any,
        timeout: float | None = None,  # noqa: ARG002  as Executor has it
        chunksize: int = 1,  # noqa: ARG002
    ) -> Iterator[Any]:
        for each in zip(*parts, strict=False):  # as Executor does
            if time.monotonic() > self._until:
                raise BacktestTooLongError(self._seconds)
            yield work(*each)


def backtests_due(engine: Engine, *, lease: dt.timedelta) -> Kind[int]:
    """Backtests as a kind of work: one a run; what each comes to is the number of its lines."""

    def work(claimed: Sequence[Job]) -> Outcome[int]:
        (job,) = claimed
        try:
            made, note = run_backtest(engine, job)
        except BacktestTooLongError as error:
            return Outcome(0, note=f"Nothing came of it: {error}.")
        with engine.begin() as connection:
            backtests.keep(connection, job, made)
        return Outcome(len(made.lines), note=note)

    return Kind(BACKTEST, work, lease=lease, again_after=RETRY_AFTER, once=True)


@dataclass(frozen=True, slots=True)
class _Origins:
    """The series at each origin; ``held`` had a figure at last, ``cut`` pairs were not known yet then."""

    folds: list[list[Fold]]
    held: int
    cut: int


def run_backtest(engine: Engine, job: Job) -> tuple[BacktestRecord, str | None]:
    """Score every origin of the series that a job names; with a note on what could not be as it was asked."""
    asked = job.arguments
    horizon = asked["horizon"]
    with engine.begin() as connection:
        registered = series.of_ids(connection, asked["series"])
        as_of = dt.datetime.fromisoformat(asked["as_of"])
        past = _origins(connection, registered, as_of=as_of, folds=asked["folds"], horizon=horizon)
    pool = Here(MOST_SECONDS)
    table = scored_folds(past.folds, horizon=horizon, portfolio=asked["portfolio"], pool=pool)
    lines = [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]
    versions = {name: metadata.version(name) for name in LIBRARIES}
    made = BacktestRecord(past.held, lines, versions)
    return made, _note(made, past, asked["folds"])


def _origins(
    connection: Connection,
    registered: Sequence[SeriesRecord],
    *,
    as_of: dt.datetime,
    folds: int,
    horizon: int,
) -> _Origins:
    """Origins in whole months before ``as_of``, each with what was known then, against what is known now.

    A history that was loaded later was not known then: it is cut by months, which for all such series are the
    same, so that nothing is learned of one from months that another is still to foretell. An origin at which
    a series ends where it did at the one before, since no figure came between, is no other origin.
    """
    latest = {each.id: each for each, _ in known_series(connection, registered, as_of)}
    if not latest:
        return _Origins([], 0, 0)
    cuts: list[list[Fold]] = []
    ended: dict[str, Month] = {}
    cut = 0
    end = max(each.end for each in latest.values())
    for back in range(1, folds + 1):
        moment = (pd.Timestamp(as_of) - pd.DateOffset(months=back * horizon)).to_pydatetime()
        then = {each.id: each for each, _ in known_series(connection, registered, moment)}
        found: list[Fold] = []
        for series_id, now in latest.items():
            known = then.get(series_id)
            if known is not None and known.held >= SHORTEST_PAST:
                one = known_fold(known, now, horizon)
            else:
                one = fold_at(now, end - back * horizon, horizon)
                cut += one is not None
            if one is not None and ended.get(series_id) != one.past.end:
                found.append(one)
                ended[series_id] = one.past.end
        cuts.append(found)
    return _Origins(cuts, len(latest), cut)


def _note(made: BacktestRecord, past: _Origins, folds: int) -> str | None:
    """What could not be scored, or not as it was known then, in words; None where all could."""
    scored = max((int(each["folds"]) for each in made.lines), default=0)
    wanted = made.series * folds
    said = []
    if scored < wanted:
        short = f"{SHORTEST_PAST} months stand before no other origin, or no figure behind it"
        said.append(f"{scored:,} of {wanted:,} pairs of a series and an origin could be scored: {short}.")
    if past.cut:
        said.append(
            f"{past.cut:,} pairs are of a history that was loaded later than their origin: cut by months "
            "from the latest figures, revisions included."
        )
    return " ".join(said) or None


def _plain(value: Any) -> Any:
    """A cell as JSON knows it: a whole number, a number, or text; NaN is none of them."""
    if isinstance(value, str):
        return value
    number = float(value)
    return None if number != number else number  # noqa: PLR0124 - NaN alone differs from itself
