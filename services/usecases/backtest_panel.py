"""A panel's past forecast again from earlier origins, and scored: every member and the combination."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

import pandas as pd

from forecasting import backtest
from forecasting.backtest import Fold, Score
from forecasting.engine import Publication, publish
from forecasting.forecast import Forecast
from forecasting.models.state_space import fill
from services.usecases.forecast_panel import CHUNK, Engine, learn, processes
from services.usecases.panel_file import Panel

Scored = tuple[str, Score, tuple[float, float], float]
"""Model name, its score, Naive2's sMAPE and MASE on the same fold, CPU seconds of the fit."""


def backtest_panel(
    panel: Panel,
    *,
    folds: int,
    horizon: int,
    portfolio: str,
    jobs: int,
    progress: Callable[[int], None] = lambda _: None,
) -> pd.DataFrame:
    """One row a member and one for the combination, means over all folds and series.

    Folds end one horizon apart; in each the global model and the calibration are learned again from what
    stands before the origin. ``cpu_s`` is CPU seconds a series: of the fit alone for a member, of all that is
    done for the combination, with its share of what was learned.
    """
    scores: dict[str, list[tuple[Score, tuple[float, float]]]] = defaultdict(list)
    seconds: dict[str, list[float]] = defaultdict(list)
    with processes(jobs) as pool:
        for back in range(folds):
            cut = [
                one for series in panel.series if (one := backtest.fold(series, horizon, back)) is not None
            ]
            if not cut:
                continue
            before = time.process_time()
            engine = learn([one.past for one in cut], portfolio, horizon, pool)
            learned = (time.process_time() - before) / len(cut)
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
    """Scores of every member and of the combination on a few folds."""
    scored: list[Scored] = []
    for fold in cut:
        spent: list[float] = []

        def timed(fit: Callable[[], Forecast], spent: list[float] = spent) -> Forecast:
            before = time.process_time()
            try:
                return fit()
            finally:
                spent.append(time.process_time() - before)

        before = time.process_time()
        (publication,) = publish(
            [fold.past],
            horizon=engine.horizon,
            portfolio=engine.portfolio,
            global_model=engine.trees,
            calibration=engine.calibration,
            guard=timed,
        )
        total = time.process_time() - before
        naive = backtest.yardstick(fold, fill(fold.past))
        if naive is not None:
            scored.extend(_scored(fold, publication, naive, engine.portfolio, [*spent, total]))
    return scored


def _scored(
    fold: Fold, publication: Publication, naive: tuple[float, float], portfolio: str, spent: Sequence[float]
) -> list[Scored]:
    """Members' fits were timed in their order, refits after them; the last time is that of the whole."""
    scored: list[Scored] = []
    for member, cpu in zip(publication.members, spent, strict=False):
        if member.forecast is not None and member.name != portfolio:
            one = backtest.score(fold, member.forecast)
            if one is not None:
                scored.append((member.name, one, naive, cpu))
    if publication.forecast is not None:
        one = backtest.score(fold, publication.forecast)
        if one is not None:
            scored.append((portfolio, one, naive, spent[-1]))
    return scored
