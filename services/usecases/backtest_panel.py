"""A panel's past forecast again from earlier origins, and scored: every member and the combination."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import asdict
from functools import partial

import pandas as pd

from forecasting import backtest
from forecasting.backtest import Fold, Score
from forecasting.forecast import Forecast
from forecasting.models.state_space import fill
from forecasting.publication import Fit, Publication
from services.usecases.forecast_panel import CHUNK, Engine, learn, publish_chunk
from services.usecases.panel_file import Panel
from services.usecases.time_limit import limited

Scored = tuple[str, Score, tuple[float, float], float]
"""Model name, its score, Naive2's sMAPE and MASE on the same fold, CPU seconds of the fit."""


def backtest_panel(
    panel: Panel,
    *,
    folds: int,
    horizon: int,
    portfolio: str,
    pool: Executor,
    progress: Callable[[int], None] = lambda _: None,
) -> pd.DataFrame:
    """``scored_folds`` of a panel whose origins are one horizon apart, counted from the end of each series.

    Where series end in different months, an origin of one lies in months that are past for another: what is
    learned of the panel has seen the other's. Cut them to one end where that matters.
    """
    cuts = [
        [one for series in panel.series if (one := backtest.fold(series, horizon, back)) is not None]
        for back in range(folds)
    ]
    return scored_folds(cuts, horizon=horizon, portfolio=portfolio, pool=pool, progress=progress)


def scored_folds(
    cuts: Sequence[Sequence[Fold]],
    *,
    horizon: int,
    portfolio: str,
    pool: Executor,
    progress: Callable[[int], None] = lambda _: None,
) -> pd.DataFrame:
    """One row a member and one for the combination, means over all origins and series.

    ``cuts`` are the series at each origin; at each the global model and the calibration are learned again
    from the pasts of that origin. ``cpu_s`` is CPU seconds a series: of the fit alone for a member, of all
    that is done for the combination, with its share of what was learned.
    """
    scores: dict[str, list[tuple[Score, tuple[float, float]]]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    for cut in cuts:
        if not cut:
            continue
        engine = learn([one.past for one in cut], portfolio, horizon, pool)
        learned = engine.seconds / len(cut)
        chunks = [cut[first : first + CHUNK] for first in range(0, len(cut), CHUNK)]
        for scored in pool.map(partial(score_chunk, engine=engine), chunks):
            for name, score, naive, cpu in scored:
                scores[name].append((score, naive))
                seconds[name].append(cpu + (learned if name == portfolio else 0.0))
            progress(CHUNK)
    rows = []
    for name, pairs in scores.items():
        summary = backtest.summarise(pairs)
        if summary is not None:
            rows.append({"model": name, **asdict(summary), "cpu_s": sum(seconds[name]) / len(seconds[name])})
    table = pd.DataFrame(rows)
    return table.sort_values("owa", ignore_index=True) if len(table) else table


def score_chunk(cut: Sequence[Fold], *, engine: Engine) -> list[Scored]:
    """Scores of every member and of the combination on a few folds, published together.

    What the batch shares, the global model's forecasts first of all, is divided evenly among its series.
    """
    spent: dict[tuple[str, str], float] = {}
    limit = limited()

    def timed(fit: Fit) -> Forecast:
        before = time.process_time()
        try:
            return limit(fit)
        finally:
            spent.setdefault((fit.series_id, fit.model), time.process_time() - before)

    before = time.process_time()
    publications = publish_chunk([fold.past for fold in cut], engine=engine, guard=timed)
    each = (time.process_time() - before) / len(cut)
    scored: list[Scored] = []
    for fold, publication in zip(cut, publications, strict=True):
        naive = backtest.yardstick(fold, fill(fold.past))
        if naive is not None:
            cpu = {member.name: spent[fold.past.id, member.name] for member in publication.members}
            scored.extend(_scored(fold, publication, naive, cpu | {engine.portfolio: each}))
    return scored


def _scored(
    fold: Fold, publication: Publication, naive: tuple[float, float], cpu: dict[str, float]
) -> list[Scored]:
    """Scores of the members and, where more than one was asked for, of their combination."""
    forecasts = {member.name: member.forecast for member in publication.members}
    asked = publication.forecast
    if asked is not None:
        forecasts[asked.model] = asked
    return [
        (name, one, naive, cpu[name])
        for name, forecast in forecasts.items()
        if forecast is not None and (one := backtest.score(fold, forecast)) is not None
    ]
