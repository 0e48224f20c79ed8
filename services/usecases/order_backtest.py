"""A backtest as somebody asks for it: one job for the same question about the same figures."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from forecasting.portfolios import portfolio
from services.storage import jobs, observations
from services.storage.backtests import BACKTEST
from services.storage.jobs import BACKGROUND, Job
from services.storage.series import SeriesRecord

MOST_FOLDS, MOST_HORIZON = 12, 18
MOST_FITTED = 400
"""Series times origins of one backtest: by 0.06 CPU s each (`make bench-accuracy`, `standard`) half a minute
of a worker, beside what is learned at each origin. A dearer portfolio ends by run_backtests.MOST_SECONDS."""
MOST_WAITING = 20
"""Backtests that may wait at once, over all desks: one is done after the other, behind every refit."""


class BacktestTooLargeError(ValueError):
    """More series times origins than one worker can fit in the time of a task; nothing was ordered."""

    def __init__(self, series: int, folds: int) -> None:
        self.series = series
        self.folds = folds
        super().__init__(
            f"{series:,} series at {folds} origins are {series * folds:,} fits of each model, more than "
            f"{MOST_FITTED:,}: ask for fewer series or origins, or use tonnage backtest on a file of them."
        )


class TooManyBacktestsError(Exception):
    """As many backtests wait as may; nothing was ordered."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        super().__init__(
            f"{waiting} backtests wait already, as many as may: ask again when some are done, or use tonnage "
            "backtest on a file."
        )


class NothingToBacktestError(LookupError):
    """No series was meant, or nothing was known of those that were."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be scored: ``folds`` origins, each ``horizon`` months before the next, of a portfolio."""

    portfolio: str
    folds: int
    horizon: int


def order_backtest(
    connection: Connection,
    registered: Sequence[SeriesRecord],
    wanted: Wanted,
    *,
    as_of: dt.datetime | None,
    now: dt.datetime,
) -> tuple[Job, bool]:
    """The job that backtests some series, scored as known now or at ``as_of``, and whether it is new.

    The same question about the same figures is the same job; one that failed is due again by its retry.
    Raises UnknownModelError, NothingToBacktestError, BacktestTooLargeError and TooManyBacktestsError; then
    nothing is ordered.
    """
    portfolio(wanted.portfolio)
    ids = [each.id for each in registered]
    if not ids:
        raise NothingToBacktestError("No series that you may see is meant: name some, a family or a tag.")
    if len(ids) * wanted.folds > MOST_FITTED:
        raise BacktestTooLargeError(len(ids), wanted.folds)
    newest = observations.newest(connection, as_of=as_of or now, series_ids=ids)
    if newest is None:
        raise NothingToBacktestError("None of these series holds a figure, so there is no past to forecast.")
    arguments = {
        "series": ids,
        "portfolio": wanted.portfolio,
        "folds": wanted.folds,
        "horizon": wanted.horizon,
        "as_of": newest.isoformat(),
    }
    digest = hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
    held = jobs.get(connection, BACKTEST, digest)
    if held is not None:
        return held, False
    waiting = jobs.unfinished(connection, BACKTEST)
    if waiting >= MOST_WAITING:
        raise TooManyBacktestsError(waiting)
    job = Job(kind=BACKTEST, key=digest, arguments=arguments, priority=BACKGROUND)
    jobs.add(connection, [job], now=now)
    return jobs.get(connection, BACKTEST, digest) or job, True
