"""Our portfolios beside the usual libraries on one table: ``python -m tests.benchmarks.accuracy``.

M3 monthly is scored on its test part, the trade panel on its last 18 months; what is held back is never seen.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting import backtest
from forecasting.backtest import Fold, Score, Summary
from forecasting.forecast import Forecast
from forecasting.models import registry
from forecasting.models.state_space import fill
from services.usecases.backtest_panel import score_chunk
from services.usecases.forecast_panel import CHUNK, learn, processes
from services.usecases.panel_file import Columns, Panel, read_panel

HORIZON = 18
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
PORTFOLIOS = ("fast", "standard", "full")
PEERS = ("seasonal_naive", "prophet", "ets", "arima", "scum", "statsmodels_ets")
DEAR = ("prophet", "arima", "scum", "statsmodels_ets", "full")
"""Scored on a sample unless --every is given: they take up to a second a series."""
SCUM = ("ets", "arima", "ces", "theta")
"""Simple combination of univariate models: Petropoulos and Svetunkov 2020, median of four."""

Pair = tuple[Score, tuple[float, float]]


def trade(data: Path, count: int) -> Panel:
    """Every second ``forecast_ok`` series of the trade panel, in the order of identifiers."""
    table = pd.read_csv(data / "trade" / "series.csv")
    chosen = set(sorted(table[table["forecast_ok"]]["series_id"])[::2][:count])
    panel = read_panel(data / "trade" / "panel.parquet")
    return Panel(tuple(series for series in panel.series if series.id in chosen), panel.numbered)


def m3(data: Path) -> Panel:
    """All 1,428 monthly series, test part at their ends."""
    return read_panel(data / "m3" / "m3_monthly.parquet", Columns("unique_id", "ds", "y"))


def statsmodels_ets(fold: Fold) -> Forecast:
    """ETS of statsmodels, damped trend, season additive or multiplicative by AICc."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # noqa: PLC0415  2 s to import

    past = fill(fold.past)
    figures = past.values  # noqa: PD011  a Series of ours
    size = float(np.mean(np.abs(figures)))
    values = figures / size
    kinds = ("add", "mul") if (values > 0).all() else ("add",)
    fits = [
        ETSModel(values, error="add", trend="add", damped_trend=True, seasonal=kind, seasonal_periods=12).fit(
            disp=False
        )
        for kind in kinds
    ]
    best = min(fits, key=lambda fit: float(fit.aicc))
    simulated = best.simulate(HORIZON, anchor="end", repetitions=500, rng=np.random.default_rng(0))
    draws = np.asarray(simulated) * size
    middle = np.asarray(best.forecast(HORIZON)) * size
    values = np.quantile(draws, LEVELS, axis=1).T
    values += (middle - values[:, LEVELS.index(0.5)])[:, None]
    return Forecast(past.id, past.unit, past.end, None, LEVELS, values, "statsmodels_ets")


def library(fold: Fold, name: str) -> Forecast:
    """One registered model as its library gives it; ``scum`` is the median of four."""
    if name == "statsmodels_ets":
        return statsmodels_ets(fold)
    model = registry.model(SCUM[0] if name == "scum" else name)
    past = fold.past if model.takes_gaps else fill(fold.past)
    if name != "scum":
        return model.forecast(past, HORIZON, LEVELS)
    four = [registry.model(one).forecast(past, HORIZON, LEVELS) for one in SCUM]
    every = np.median([one.values for one in four], axis=0)  # noqa: PD011  Forecasts of ours
    return Forecast(past.id, past.unit, past.end, None, LEVELS, every, name)


def score_peer(fold: Fold, *, name: str) -> tuple[Pair | None, float]:
    """Score and CPU seconds of one peer on one fold; None where it raised or nothing can be scaled."""
    before = time.process_time()
    try:
        with warnings.catch_warnings(action="ignore"):
            forecast = library(fold, name)
    except Exception:  # noqa: BLE001  a peer that fails is counted by its smaller number of series
        return None, time.process_time() - before
    spent = time.process_time() - before
    one, naive = backtest.score(fold, forecast), backtest.yardstick(fold, fill(fold.past))
    return (None, spent) if one is None or naive is None else ((one, naive), spent)


def peer(folds: Sequence[Fold], pool: ProcessPoolExecutor, name: str) -> tuple[Summary | None, float]:
    """Summary and CPU seconds a series of one peer."""
    scored = list(pool.map(partial(score_peer, name=name), folds, chunksize=CHUNK))
    summary = backtest.summarise(pair for pair, _ in scored if pair is not None)
    return summary, sum(spent for _, spent in scored) / len(scored)


def portfolio(
    folds: Sequence[Fold], scored: Sequence[Fold], pool: ProcessPoolExecutor, name: str
) -> tuple[Summary | None, float]:
    """Summary and CPU seconds a series of one portfolio that learned from the past of all folds."""
    before = time.process_time()
    engine = learn([fold.past for fold in folds], name, HORIZON, pool)
    learned = (time.process_time() - before) / len(folds)
    chunks = [scored[first : first + CHUNK] for first in range(0, len(scored), CHUNK)]
    rows = [
        row
        for chunk in pool.map(partial(score_chunk, engine=engine), chunks)
        for row in chunk
        if row[0] == name
    ]
    summary = backtest.summarise((score, naive) for _, score, naive, _ in rows)
    return summary, learned + sum(cpu for *_, cpu in rows) / len(rows)


def run(panels: dict[str, Panel], jobs: int, sample: int | None, say: Callable[[str], None]) -> None:
    """One Markdown table; OWA is always against Naive2 on the series in that very row."""
    say("| set | method | series | sMAPE | MASE | OWA | MSIS95 | coverage 80 / 95 | CPU s a series |")
    say("|---|---|---|---|---|---|---|---|---|")
    with processes(jobs) as pool:
        for label, panel in panels.items():
            folds = [one for series in panel.series if (one := backtest.fold(series, HORIZON)) is not None]
            for name in (*PORTFOLIOS, *PEERS):
                few = folds[:: max(len(folds) // sample, 1)] if sample and name in DEAR else folds
                made = portfolio(folds, few, pool, name) if name in PORTFOLIOS else peer(few, pool, name)
                say(row(label, name, *made))
            if sample:
                few = folds[:: max(len(folds) // sample, 1)]
                say(row(label, "standard, same sample", *portfolio(folds, few, pool, "standard")))


def row(label: str, name: str, summary: Summary | None, cpu: float) -> str:
    """A line of the table."""
    if summary is None:
        return f"| {label} | {name} | 0 | | | | | | {cpu:.3f} |"
    held: dict[str, Any] = asdict(summary)
    return (
        "| {label} | {name} | {folds} | {smape:.2f} | {mase:.3f} | {owa:.3f} | {msis95:.2f} "
        "| {coverage80:.1%} / {coverage95:.1%} | {cpu:.3f} |"
    ).format(label=label, name=name, cpu=cpu, **held)


def main() -> None:
    """Read the arguments, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder with m3/ and trade/"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--series", type=int, default=702, help="trade series, at most")
    parser.add_argument("--sample", type=int, default=200, help="series for the dear methods")
    parser.add_argument("--every", action="store_true", help="no sampling: hours instead of minutes")
    given = parser.parse_args()
    panels = {"M3": m3(given.data), "trade": trade(given.data, given.series)}
    run(panels, given.jobs, None if given.every else given.sample, partial(print, flush=True))


if __name__ == "__main__":
    main()
