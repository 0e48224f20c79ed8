"""The month after a shock: the outlook given the figure, beside the forecast that did not know of it.

Run: python tests/benchmarks/outlook.py DATA_DIR [--portfolio fast] (make bench-outlook)
DATA_DIR holds panel.parquet, shocks.csv and calm.csv. Each onset is judged by the forecast fitted on the
months before it, as the service does; a row counts those that are called a shock in the right direction.
Injected shocks are falls of 20 to 80 % along the path of each type, 40 % into each calm window. The rows of
calm windows are their own month there: the verdicts that are false alarms, and the rest, where the outlook is
the forecast itself. Loss is the pinball loss over the stored levels, scaled by the series' mean before the
onset; the types' prior was learned from the labels (learn_shock_prior.py), so the first row is not held out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from injected_shocks import KINDS, SIZES, injected

from forecasting.engine import publish
from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.detection import Verdict, judge
from forecasting.shocks.interventions import Side
from forecasting.shocks.outlook import outlook
from forecasting.shocks.sides import SIDES
from forecasting.shocks.witnesses import steadied
from services.usecases.panel_file import read_panel

REACH = 6
BUDGET = 0.1
HEAD = (
    "onsets",
    "count",
    "in the 80 %, given the figure",
    "in the 80 %, made before it",
    "in the 95 %, given the figure",
    "in the 95 %, made before it",
    "loss",
    "loss before",
    "change",
    "change of the absolute error",
    "ms",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One onset: the month after it under both forecasts, on the scale of the series; seconds for ours."""

    inside: bool
    inside_stale: bool
    inside_95: bool
    inside_95_stale: bool
    loss: float
    loss_stale: float
    error: float
    error_stale: float
    seconds: float


def outcome(series: Series, onset: Month, judging: Forecast, verdict: Verdict) -> Outcome | None:
    """None where the month after is not held."""
    after = onset + 1
    value = series.at(after)
    scale = float(np.nanmean(np.abs(series.until(onset - 1).values)))
    if not (np.isfinite(value) and scale > 0):
        return None
    stale = judging.over(Span(after))
    began = time.perf_counter()
    side = SIDES.get(verdict)
    found = None if side is None else outlook(judging, series.until(onset), Span(onset), side)
    seconds = time.perf_counter() - began
    given = stale if found is None else found.mixture.over(Span(after))
    levels = np.array(judging.levels)

    def loss(row: np.ndarray) -> float:
        missed = (value - row) / scale
        return float(np.mean(np.maximum(levels * missed, (levels - 1) * missed)))

    def inside(row: np.ndarray, tail: float = 0.1) -> bool:
        low, high = np.interp((tail, 1 - tail), levels, row)
        return bool(low <= value <= high)

    def error(row: np.ndarray) -> float:
        return float(abs(value - np.interp(0.5, levels, row)) / scale)

    return Outcome(
        inside(given),
        inside(stale),
        inside(given, 0.025),
        inside(stale, 0.025),
        loss(given),
        loss(stale),
        error(given),
        error(stale),
        seconds,
    )


def judging_of(series: Series, onset: Month, portfolio: str) -> Forecast | None:
    """The forecast that judges the onset, fitted on the months before it."""
    before = series.until(onset - 1)
    (publication,) = publish([before], portfolio=portfolio)
    return steadied(before, publication.forecast, horizon=REACH)


def labelled(panel: dict[str, Series], data: Path, portfolio: str) -> Iterator[Outcome]:
    for label in pd.read_csv(data / "shocks.csv").itertuples():
        series, onset = panel[label.series_id], Month.parse(label.month)
        if onset + 1 > series.end or onset.since(series.start) < 24 or not np.isfinite(series.at(onset)):
            continue
        judging = judging_of(series, onset, portfolio)
        wanted: Side = "down" if label.direction == "down" else "up"
        if judging is None:
            continue
        verdict = judge(series.at(onset), Span(onset), judging, budget=BUDGET).verdict
        if SIDES.get(verdict) == wanted and (found := outcome(series, onset, judging, verdict)) is not None:
            yield found


def in_calm(panel: dict[str, Series], data: Path, portfolio: str) -> Iterator[tuple[str, Outcome]]:
    for window in pd.read_csv(data / "calm.csv").itertuples():
        first, last = Month.parse(window.window_start), Month.parse(window.window_end)
        onset = first + int(0.4 * last.since(first))
        series = panel[window.series_id]
        figures = [series.at(onset + step) for step in range(REACH)]
        if not (np.isfinite(figures).all() and min(figures) > 0):
            continue
        judging = judging_of(series, onset, portfolio)
        if judging is None:
            continue
        verdict = judge(series.at(onset), Span(onset), judging, budget=BUDGET).verdict
        name = "calm, no shock called" if verdict not in SIDES else "calm, called a shock"
        if (found := outcome(series, onset, judging, verdict)) is not None:
            yield name, found
        for kind in KINDS:
            for size in SIZES:
                shocked = replace(injected(series, onset, kind, size), totals=())
                verdict = judge(shocked.at(onset), Span(onset), judging, budget=BUDGET).verdict
                if SIDES.get(verdict) == "down" and (found := outcome(shocked, onset, judging, verdict)):
                    yield f"injected {kind}", found
                    yield "injected, all types", found


def report(name: str, found: list[Outcome]) -> None:
    """A row of the table."""
    if not found:
        return
    mean = {each: float(np.mean([getattr(one, each) for one in found])) for each in Outcome.__slots__}
    middle = 1e3 * float(np.quantile([one.seconds for one in found], 0.5))
    cells = [
        name,
        str(len(found)),
        f"{100 * mean['inside']:.0f} %",
        f"{100 * mean['inside_stale']:.0f} %",
        f"{100 * mean['inside_95']:.0f} %",
        f"{100 * mean['inside_95_stale']:.0f} %",
        f"{mean['loss']:.4f}",
        f"{mean['loss_stale']:.4f}",
        f"{100 * (mean['loss'] / mean['loss_stale'] - 1):+.0f} %",
        f"{100 * (mean['error'] / mean['error_stale'] - 1):+.0f} %",
        f"{middle:.2f}",
    ]
    sys.stdout.write(f"| {' | '.join(cells)} |\n")


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    options.add_argument("--portfolio", default="fast")
    asked = options.parse_args()
    panel = {series.id: series for series in read_panel(asked.data / "panel.parquet").series}
    sys.stdout.write(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}\n")
    report("labelled, called a shock", list(labelled(panel, asked.data, asked.portfolio)))
    rows: dict[str, list[Outcome]] = {}
    for name, found in in_calm(panel, asked.data, asked.portfolio):
        rows.setdefault(name, []).append(found)
    for name in sorted(rows):
        report(name, rows[name])


if __name__ == "__main__":
    main()
