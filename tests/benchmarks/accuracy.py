"""Our portfolios beside the usual libraries on one table: ``python -m tests.benchmarks.accuracy``.

M3 monthly is scored on its test part, the trade panel on its last 18 months; what is held back is never seen.
Each line stands in a file as soon as it is made, and ``--resume`` goes on from there.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from forecasting import backtest
from forecasting.backtest import Fold, Summary
from forecasting.forecast import Forecast
from forecasting.models import registry
from forecasting.models.state_space import fill
from services.usecases.backtest_panel import Scored, score_chunk
from services.usecases.forecast_panel import CHUNK, learn, processes
from services.usecases.panel_file import Columns, Panel, read_panel

HORIZON = 18
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
SCUM = ("ets", "arima", "ces", "theta")
"""Simple combination of univariate models: Petropoulos and Svetunkov 2020, median of four."""
PEERS = (("seasonal_naive",), ("ets", "arima", "scum"), ("prophet",), ("statsmodels_ets",))
"""Fitted together where one is made of others: SCUM costs no second fit of its members."""
SAMPLED = ("full", "statsmodels_ets")
"""Scored on every nth series, since each takes over half a second: ``standard`` stands beside on the same."""

say = partial(print, flush=True)


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


def fitted(fold: Fold, names: Sequence[str]) -> dict[str, tuple[Forecast, float]]:
    """Forecasts of peers as their libraries give them, with CPU seconds; one that raises is left out."""
    made: dict[str, tuple[Forecast, float]] = {}
    wanted = dict.fromkeys((*SCUM, *names) if "scum" in names else names)
    for name in wanted:
        if name == "scum":
            continue
        before = time.process_time()
        try:
            with warnings.catch_warnings(action="ignore"):
                forecast = alone(fold, name)
        except Exception:  # noqa: BLE001, S112  a peer that fails is counted by its smaller number of series
            continue
        made[name] = forecast, time.process_time() - before
    if "scum" in names and all(one in made for one in SCUM):
        four = [made[one] for one in SCUM]
        middle = np.median([one.values for one, _ in four], axis=0)  # noqa: PD011  Forecasts of ours
        made["scum"] = replace(four[0][0], values=middle, model="scum"), sum(spent for _, spent in four)
    return {name: made[name] for name in names if name in made}


def alone(fold: Fold, name: str) -> Forecast:
    """One model's forecast; one that takes no gaps is given a filled history."""
    if name == "statsmodels_ets":
        return statsmodels_ets(fold)
    model = registry.model(name)
    return model.forecast(fold.past if model.takes_gaps else fill(fold.past), HORIZON, LEVELS)


def score_peers(fold: Fold, *, names: Sequence[str]) -> list[Scored]:
    """Scores of some peers on one fold; none where nothing can be scaled."""
    naive = backtest.yardstick(fold, fill(fold.past))
    return [
        (name, one, naive, spent)
        for name, (forecast, spent) in fitted(fold, names).items()
        if naive is not None and (one := backtest.score(fold, forecast)) is not None
    ]


@dataclass(frozen=True, slots=True)
class Desk:
    """What each measurement needs: processes, the progress bar, and the lines that stand already."""

    pool: ProcessPoolExecutor
    progress: Progress
    lines: Lines

    def gathered(self, label: str, work: Callable[[Any], list[Scored]], parts: Sequence[Any]) -> list[Scored]:
        """Rows of all parts, with a bar."""
        task = self.progress.add_task(label, total=len(parts))
        rows = []
        for made in self.pool.map(work, parts):
            rows.extend(made)
            self.progress.advance(task)
        self.progress.remove_task(task)
        return rows


class Lines:
    """Lines of the table in a file, one JSON object each, so that an interrupted run loses none."""

    def __init__(self, path: Path, resume: bool) -> None:
        self.path = path
        if not resume:
            path.unlink(missing_ok=True)
        held = path.read_text().splitlines() if path.exists() else []
        self.known = {(line["set"], line["method"]): line for line in map(json.loads, held)}

    def add(self, label: str, method: str, summary: Summary | None, cpu: float) -> None:
        """Keep a line and print it."""
        line = {"set": label, "method": method, "cpu_s": cpu, **({} if summary is None else asdict(summary))}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        self.known[label, method] = line
        say(row(line))


def ours(desk: Desk, label: str, folds: Sequence[Fold], scored: Sequence[Fold], name: str) -> None:
    """The line of one portfolio that learned from the past of all folds."""
    sampled = len(scored) < len(folds)
    shown = f"{name}, {len(scored)} of them" if sampled else name
    if (label, shown) in desk.lines.known:
        say(row(desk.lines.known[label, shown]))
        return
    engine = learn([fold.past for fold in folds], name, HORIZON, desk.pool)
    chunks = [scored[first : first + CHUNK] for first in range(0, len(scored), CHUNK)]
    rows = desk.gathered(f"{label} {shown}", partial(score_chunk, engine=engine), chunks)
    own = [(one, naive, spent) for method, one, naive, spent in rows if method == name]
    cpu = sum(spent for *_, spent in own) / len(own) + engine.seconds / len(folds)
    desk.lines.add(label, shown, backtest.summarise((one, naive) for one, naive, _ in own), cpu)


def peers(desk: Desk, label: str, folds: Sequence[Fold], names: Sequence[str], *, sampled: bool) -> None:
    """Lines of peers that are fitted together."""
    shown = {name: f"{name}, {len(folds)} of them" if sampled else name for name in names}
    if all((label, each) in desk.lines.known for each in shown.values()):
        for each in shown.values():
            say(row(desk.lines.known[label, each]))
        return
    rows = desk.gathered(f"{label} {', '.join(names)}", partial(score_peers, names=names), folds)
    for name in names:
        own = [(one, naive, spent) for method, one, naive, spent in rows if method == name]
        cpu = sum(spent for *_, spent in own) / max(len(own), 1)
        desk.lines.add(label, shown[name], backtest.summarise((one, naive) for one, naive, _ in own), cpu)


def run(panels: dict[str, Panel], *, jobs: int, sample: int | None, ours_alone: bool, lines: Lines) -> None:
    """One Markdown table; OWA is always against Naive2 on the series in that very line."""
    say("| set | method | series | sMAPE | MASE | OWA | MSIS95 | coverage 80 / 95 | CPU s a series |")
    say("|---|---|---|---|---|---|---|---|---|")
    with processes(jobs) as pool, Progress(console=Console(stderr=True)) as progress:
        desk = Desk(pool, progress, lines)
        for label, panel in panels.items():
            folds = [one for series in panel.series if (one := backtest.fold(series, HORIZON)) is not None]
            few = folds[:: max(len(folds) // sample, 1)] if sample else folds
            for name in ("standard", "fast"):
                ours(desk, label, folds, folds, name)
            for names in () if ours_alone else PEERS:
                dear = sample is not None and names[0] in SAMPLED
                peers(desk, label, few if dear else folds, names, sampled=dear)
            ours(desk, label, folds, few, "full")
            if sample is not None:
                ours(desk, label, folds, few, "standard")


def row(line: dict[str, Any]) -> str:
    """A line of the table."""
    if "folds" not in line:
        return "| {set} | {method} | 0 | | | | | | {cpu_s:.3f} |".format(**line)
    return (
        "| {set} | {method} | {folds} | {smape:.2f} | {mase:.3f} | {owa:.3f} | {msis95:.2f} "
        "| {coverage80:.1%} / {coverage95:.1%} | {cpu_s:.3f} |"
    ).format(**line)


def main() -> None:
    """Read the arguments, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder with m3/ and trade/"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--series", type=int, default=702, help="trade series, at most")
    parser.add_argument("--sample", type=int, default=240, help=f"series for {' and '.join(SAMPLED)}")
    parser.add_argument("--ours", action="store_true", help="our portfolios alone")
    parser.add_argument("--every", action="store_true", help="no sampling: an hour instead of minutes")
    parser.add_argument(
        "--lines", type=Path, default=Path("accuracy.jsonl"), help="file that keeps each line"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the lines that the file holds")
    given = parser.parse_args()
    panels = {"M3": m3(given.data), "trade": trade(given.data, given.series)}
    run(
        panels,
        jobs=given.jobs,
        sample=None if given.every else given.sample,
        ours_alone=given.ours,
        lines=Lines(given.lines, given.resume),
    )


if __name__ == "__main__":
    main()
