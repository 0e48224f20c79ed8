"""A whole panel forecast offline, on all cores, by the engine that the service publishes with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from forecasting import calibration, portfolios
from forecasting.calibration import Calibration
from forecasting.engine import Publication, past_residuals, publish
from forecasting.errors import CalibrationError, GlobalModelError
from forecasting.forecast import LEVELS
from forecasting.models.global_trees import NAME as GLOBAL
from forecasting.models.global_trees import GlobalTrees, train
from forecasting.series import Series
from services.usecases.panel_file import Panel

WRITTEN = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Quantile levels that stand in the output."""
CHUNK = 8
"""Series a process takes at once: small enough that all cores end together."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Engine:
    """What is learned from a panel before its series are forecast, and why it could not be."""

    portfolio: str
    horizon: int
    trees: GlobalTrees | None = None
    calibration: Calibration | None = None
    notes: tuple[str, ...] = field(default=())


@contextmanager
def processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes compute with one thread each."""
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


def learn(
    panel: Sequence[Series], portfolio: str, horizon: int, pool: ProcessPoolExecutor, seed: int = 0
) -> Engine:
    """Global model and calibration of a panel, from its history only.

    Residuals come from one origin, ``horizon`` months before the end of at most ENOUGH_SERIES series, spread
    over the panel: refitting them all would double the cost. A panel too small for either goes without, with
    a note.
    """
    asked = portfolios.portfolio(portfolio)
    if len(asked.members) == 1 and GLOBAL not in asked.members:
        return Engine(portfolio, horizon)
    notes = []
    scored = pool.map(partial(_residuals, horizon=horizon, portfolio=portfolio), calibration.sample(panel))
    trees = None
    try:
        trees = train(panel, seed)
    except GlobalModelError as error:
        notes.append(str(error))
    pooled = None
    try:
        pooled = calibration.pooled([one for one in scored if one is not None], LEVELS)
    except CalibrationError as error:
        notes.append(str(error))
    return Engine(portfolio, horizon, trees, pooled, tuple(notes))


def _residuals(series: Series, *, horizon: int, portfolio: str) -> calibration.Residuals | None:
    return past_residuals(series, horizon, portfolio)


def publish_chunk(batch: Sequence[Series], *, engine: Engine) -> tuple[Publication, ...]:
    """Publications of a few series with what was learned."""
    return publish(
        batch,
        horizon=engine.horizon,
        portfolio=engine.portfolio,
        global_model=engine.trees,
        calibration=engine.calibration,
    )


def forecast_panel(
    panel: Panel,
    *,
    horizon: int,
    portfolio: str,
    jobs: int,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[pd.DataFrame, Engine]:
    """One row a series and month ahead; a series without a forecast is one row with its reason.

    Columns: series_id, h, month, mean (the published point forecast: the members' weighted mean), q0.025 …
    q0.975, members (those with a weight), left_out (member: reason, …), reason. The result is the same for
    any number of jobs. ``progress`` is called with the count of series done since the last call.
    """
    rows: list[dict[str, object]] = []
    with processes(jobs) as pool:
        engine = learn(panel.series, portfolio, horizon, pool)
        chunks = [panel.series[first : first + CHUNK] for first in range(0, len(panel.series), CHUNK)]
        for published in pool.map(partial(publish_chunk, engine=engine), chunks):
            for publication in published:
                rows.extend(_rows(publication, panel))
            progress(len(published))
    return pd.DataFrame(rows, columns=list(COLUMNS)), engine


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
