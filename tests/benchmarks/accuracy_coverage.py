"""Coverage of ``standard`` on test months, by subset: ``python -m tests.benchmarks.accuracy_coverage``.

Every nth series, test months (M3) or the last 18 (trade) held back; each with the shipped table and with one
that the same series learn from their own past. Quarters of seasonal strength and length are of each set.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting import backtest, portfolios
from forecasting.backtest import Fold, Score
from forecasting.calibration import Calibration
from forecasting.engine import _calibrated, _combined, _from_the_end, _given, _native
from forecasting.forecast import HORIZON, LEVELS
from forecasting.members import How, fitted
from forecasting.metrics import SEASON
from forecasting.models.global_trees import GlobalTrees
from forecasting.models.state_space import fill
from forecasting.plans import plan
from forecasting.publication import unlimited
from forecasting.shipped import SHIPPED
from services.usecases.forecast_panel import CHUNK, learn, processes
from services.usecases.panel_file import Panel
from tests.benchmarks.accuracy import m3, trade

PARTS = (("micro", 474), ("industry", 808), ("macro", 1120), ("finance", 1265), ("demographic", 1376))
"""Last place of each category in the competition's order of its monthly series; what follows is other."""

say = partial(print, flush=True)


def scored(
    cut: Sequence[Fold], trees: GlobalTrees | None, tables: dict[str, Calibration]
) -> list[dict[str, Score]]:
    """Scores of a few folds with each calibration; the members are fitted once."""
    how = How(HORIZON, LEVELS, None, unlimited, SHIPPED)
    plans = [plan(fold.past, portfolios.portfolio("standard")) for fold in cut]
    rows = []
    for fold, ahead, given in zip(cut, plans, _given(plans, how, trees), strict=True):
        members = fitted(ahead, how, given)
        plain = _combined(ahead, members, own_spread=ahead.reason is not None)
        row = {}
        for name, table in tables.items():
            made = plain
            if ahead.reason is None:
                made = _calibrated(
                    ahead, plain, _native(ahead, members) or plain, replace(how, calibration=table)
                )
            one = backtest.score(fold, _from_the_end(made, ahead))
            if one is not None:
                row[name] = one
        rows.append(row)
    return rows


def seasonal_strength(values: np.ndarray) -> float:
    """Share of the variance around a yearly mean that the month of the year explains, 0 to 1."""
    scores = np.log(values) if (values > 0).all() else values
    smooth = np.convolve(np.pad(scores, 6, mode="edge"), np.r_[0.5, np.ones(11), 0.5] / SEASON, "valid")
    rest = (scores - smooth)[-(len(scores) // SEASON * SEASON) :].reshape(-1, SEASON)
    return float(1 - rest.var(axis=0).mean() / max(rest.var(), 1e-12))


def quarters(cut: Sequence[Fold], measure: Callable[[np.ndarray], float], name: str) -> list[str]:
    """Which quarter of the set each fold's past is in."""
    sizes = np.array([measure(fill(fold.past).values) for fold in cut])
    edges = np.quantile(sizes, (0.25, 0.5, 0.75))
    return [f"{name}, quarter {place + 1}" for place in np.searchsorted(edges, sizes)]


def category(label: str, fold: Fold, measures: dict[str, str]) -> str:
    """M3's category by the series' place, a trade series' measure."""
    if label == "trade":
        return measures[fold.past.id]
    place = int(fold.past.id[1:]) - 1401
    return next((name for name, last in PARTS if place <= last), "other")


def table(label: str, panel: Panel, jobs: int, measures: dict[str, str]) -> None:
    """Lines of one set."""
    cut = [one for series in panel.series if (one := backtest.fold(series, HORIZON)) is not None]
    before = time.process_time()
    with processes(jobs) as pool:
        engine = learn([fold.past for fold in cut], "standard", HORIZON, pool)
        tables = {"shipped": SHIPPED, **({} if engine.calibration is None else {"own": engine.calibration})}
        chunks = [cut[first : first + CHUNK] for first in range(0, len(cut), CHUNK)]
        rows = [
            row
            for rows in pool.map(partial(scored, trees=engine.trees, tables=tables), chunks)
            for row in rows
        ]
    groups = [["all"] * len(cut), [category(label, fold, measures) for fold in cut]]
    groups.append(quarters(cut, seasonal_strength, "season"))
    groups.append(quarters(cut, lambda values: float(len(values)), "length"))
    for group in groups:
        for name in sorted(set(group)):
            inside = [row for row, each in zip(rows, group, strict=True) if each == name]
            for calibration in tables:
                own = [row[calibration] for row in inside if calibration in row]
                if own:
                    shares = [
                        np.mean([getattr(one, part) for one in own]) for part in ("coverage80", "coverage95")
                    ]
                    msis = np.mean([one.msis95 for one in own])
                    held = " / ".join(f"{share:.1%}" for share in shares)
                    say(f"| {label} | {name} | {calibration} | {len(own)} | {held} | {msis:.2f} |")
    say(f"({label}: {time.process_time() - before:.0f} s here)")


def main() -> None:
    """Read the arguments, print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--every", type=int, default=4, help="nth M3 series, and twice as many of trade")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="M3 or trade")
    given = parser.parse_args()
    listed = pd.read_csv(given.data / "trade" / "series.csv")
    measures = dict(zip(listed["series_id"], listed["measure"], strict=True))
    say("| set | subset | table | series | coverage 80 / 95 | MSIS95 |")
    say("|---|---|---|---|---|---|")
    for label, panel in (("M3", m3(given.data)), ("trade", trade(given.data, 702))):
        step = given.every if label == "M3" else max(given.every // 2, 1)
        some = replace(panel, series=panel.series[1::step])
        if given.only in {None, label}:
            table(label, some, given.jobs, measures)


if __name__ == "__main__":
    main()
