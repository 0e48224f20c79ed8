"""A whole panel forecast offline, on all cores, by the engine that the service publishes with."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd

from forecasting import backtest, calibration, portfolios
from forecasting.calibration import Calibration, Residuals
from forecasting.engine import past_residuals, publish
from forecasting.errors import CalibrationError, GlobalModelError
from forecasting.forecast import LEVELS
from forecasting.hierarchy import Derived
from forecasting.models.global_trees import NAMES, GlobalTrees, train
from forecasting.publication import Guard, Publication
from forecasting.series import Series
from services.telemetry import quiet_libraries
from services.usecases.family_file import adding_up, with_derived
from services.usecases.panel_file import Panel
from services.usecases.time_limit import limited

WRITTEN = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Quantile levels that stand in the output."""
CHUNK = 24
"""Series a process takes at once: the global model costs a third a series of what it does alone, and all
cores still end together."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Engine:
    """What is learned from a panel before its series are forecast, and why it could not be.

    ``seconds`` is the CPU that learning took, in all processes.
    """

    portfolio: str
    horizon: int
    trees: GlobalTrees | None = None
    calibration: Calibration | None = None
    notes: tuple[str, ...] = field(default=())
    seconds: float = 0.0


@contextmanager
def processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes compute with one thread each, and whose models write no lines."""
    quiet_libraries()
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        with ProcessPoolExecutor(jobs) as pool:
            yield pool
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def learn(panel: Sequence[Series], portfolio: str, horizon: int, pool: Executor, seed: int = 0) -> Engine:
    """Global model and calibration of a panel, from its history only.

    Residuals come from one origin, ``horizon`` months before the end of at most ENOUGH_SERIES series, spread
    over the panel: refitting them all would double the cost. A panel too small for either goes without, with
    a note. A model asked for by name learns nothing; the note says what its own intervals held on the past.
    """
    asked = portfolios.portfolio(portfolio)
    if len(asked.members) == 1 and asked.name not in NAMES:
        return Engine(portfolio, horizon, notes=(_held(panel, portfolio, horizon, pool),))
    notes = []
    scored = pool.map(partial(_residuals, horizon=horizon, portfolio=portfolio), calibration.sample(panel))
    before = time.process_time()
    trees = None
    try:
        trees = train(panel, seed)
    except GlobalModelError as error:
        notes.append(f"{error} The other members have its weight.")
    training = time.process_time() - before
    parts = list(scored)
    pooled = None
    try:
        pooled = calibration.pooled([one for one, _ in parts if one is not None], LEVELS)
    except CalibrationError as error:
        notes.append(f"{error} Intervals are by the table that ships with the engine.")
    seconds = training + sum(spent for _, spent in parts)
    return Engine(portfolio, horizon, trees, pooled, tuple(notes), seconds)


def _held(panel: Sequence[Series], name: str, horizon: int, pool: Executor) -> str:
    """What the own intervals of one model held on this panel's past: a sentence to stand beside them."""
    work = partial(_coverage, name=name, horizon=horizon)
    held = [one for one in pool.map(work, calibration.sample(panel)) if one is not None]
    if not held:
        return f"{name}: no series is long enough to measure its coverage on."
    inside80, inside95 = np.mean(held, axis=0)
    return (
        f"{name}, its own intervals from {horizon} months ago, on {len(held)} series: "
        f"80 % held {inside80:.1%}, 95 % held {inside95:.1%}."
    )


def _coverage(series: Series, *, name: str, horizon: int) -> tuple[float, float] | None:
    fold = backtest.fold(series, horizon)
    if fold is None:
        return None
    (made,) = publish([fold.past], horizon=horizon, portfolio=name, guard=limited())
    one = None if made.forecast is None else backtest.score(fold, made.forecast)
    return None if one is None else (one.coverage80, one.coverage95)


def _residuals(series: Series, *, horizon: int, portfolio: str) -> tuple[Residuals | None, float]:
    """Residuals with the CPU seconds that they took; each fit under the time limit."""
    before = time.process_time()
    made = past_residuals(series, horizon, portfolio, guard=limited())
    return made, time.process_time() - before


def publish_chunk(
    batch: Sequence[Series], *, engine: Engine, guard: Guard | None = None
) -> tuple[Publication, ...]:
    """Publications of a few series with what was learned; each fit under the time limit."""
    return publish(
        batch,
        horizon=engine.horizon,
        portfolio=engine.portfolio,
        global_model=engine.trees,
        calibration=engine.calibration,
        guard=guard or limited(),
    )


def forecast_panel(
    panel: Panel,
    *,
    horizon: int,
    portfolio: str,
    jobs: int,
    family: Sequence[Derived] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[pd.DataFrame, Engine]:
    """One row a series and month ahead; a series without a forecast is one row with its reason.

    Columns: series_id, h, month, mean (the point forecast: the median, the same as q0.5), q0.025 … q0.975,
    members (those with a weight), left_out (member: reason, …), reason. The result is the same for any number
    of jobs. What ``family`` derives is forecast too, and its sums add up in ``mean``. ``progress`` is called
    with the count of series done since the last call.
    """
    panel = with_derived(panel, family)
    publications: list[Publication] = []
    with processes(jobs) as pool:
        engine = learn(panel.series, portfolio, horizon, pool)
        chunks = [panel.series[first : first + CHUNK] for first in range(0, len(panel.series), CHUNK)]
        for published in pool.map(partial(publish_chunk, engine=engine), chunks):
            publications.extend(published)
            progress(len(published))
    told, reason = adding_up(publications, panel.series, family)
    rows = [row for publication in told for row in _rows(publication, panel)]
    notes = engine.notes if reason is None else (*engine.notes, reason)
    # whole numbers beside a missing one, which would be 1.0
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"h": "Int64"})
    return table, replace(engine, notes=notes)


COLUMNS = (
    "series_id",
    "h",
    "month",
    "mean",
    *(f"q{level:g}" for level in WRITTEN),
    "members",
    "left_out",
    "reason",
)


def _rows(publication: Publication, panel: Panel) -> Iterator[dict[str, object]]:
    said: dict[str, object] = {
        "series_id": publication.series_id,
        "members": ", ".join(member.name for member in publication.members if member.weight > 0),
        "left_out": "; ".join(f"{one.name}: {one.left_out}" for one in publication.members if one.left_out),
        "reason": publication.reason,
    }
    forecast = publication.forecast
    if forecast is None:
        yield said
        return
    paths = {f"q{level:g}": forecast.quantile(level) for level in WRITTEN}
    for step in range(forecast.horizon):
        month = panel.label(forecast.first + step)
        quantiles = {name: float(path[step]) for name, path in paths.items()}
        yield {**said, "h": step + 1, "month": month, "mean": float(forecast.median[step]), **quantiles}
