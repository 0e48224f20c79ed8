"""Shocks of known type and size put into calm windows: power, typing, shortfall and scenarios.

Run: python tests/benchmarks/injected_shocks.py DATA_DIR [--portfolio fast]
DATA_DIR holds panel.parquet and calm.csv. One onset a window, 40 % into it; the forecast is fitted on the
months before. Sizes are 20, 40, 60 and 80 % down; paths are those of the three types in logs.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.engine import publish
from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.counterfactual import counterfactual
from forecasting.shocks.detection import Verdict, judge
from forecasting.shocks.episodes import episode
from forecasting.shocks.interventions import Intervention, path, typing
from forecasting.shocks.scenarios import scenarios
from forecasting.shocks.witnesses import steadied
from services.usecases.panel_file import read_panel

SIZES = (0.2, 0.4, 0.6, 0.8)
KINDS = (Intervention.AO, Intervention.LS, Intervention.TC)
AFTER = 6
Tally = dict[str, list[float]]


def injected(series: Series, onset: Month, kind: Intervention, size: float) -> Series:
    """The series with a fall of ``size`` along the type's path from ``onset`` on."""
    values = np.array([series.at(series.start + step) for step in range(onset.since(series.start) + AFTER)])
    values[onset.since(series.start) :] *= np.exp(np.log(1 - size) * path(kind, AFTER))
    return replace(series, values=values)


def measure(series: Series, onset: Month, published: Forecast, tally: Tally) -> None:
    """One window: every type and size, each outcome appended to its list."""
    judging = steadied(series.until(onset - 1), published, horizon=1)
    for kind in KINDS:
        for size in SIZES:
            shocked = injected(series, onset, kind, size)
            verdict = judge(shocked.at(onset), Span(onset), judging).verdict
            caught = verdict is Verdict.SHOCK_DOWN
            tally[f"power {size:.0%}"].append(caught)
            baseline = counterfactual(published, onset + AFTER)
            figures = np.array([shocked.at(published.first + step) for step in range(AFTER)])
            for months in (0, 1, 3):
                right = typing(baseline, figures[: months + 1], 0, "down").likeliest is kind
                tally[f"typed right after {months} months, all"].append(right)
                if caught:
                    tally[f"typed right after {months} months, caught"].append(right)
            found = episode(shocked, published, Span(onset), "down")
            counted = Span.between(onset, found.last_counted)
            lost = sum(series.at(month) - shocked.at(month) for month in counted)
            inside = found.shortfall_lower <= lost <= found.shortfall_upper
            tally["loss in the 90 % interval, all"].append(inside)
            first = figures[:1]
            types = typing(baseline, first, 0, "down")
            mixed = scenarios(baseline, first, 0, types).mixture
            low, high = mixed.quantile(0.025)[0], mixed.quantile(0.975)[0]
            held = low <= figures[1] <= high
            if caught:
                tally["loss in the 90 % interval, caught"].append(inside)
                tally["month after in the scenarios' 95 %, caught"].append(held)


def main() -> None:
    """Run every calm window and print the shares."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    options.add_argument("--portfolio", default="fast")
    asked = options.parse_args()
    panel = {series.id: series for series in read_panel(asked.data / "panel.parquet").series}
    tally: Tally = defaultdict(list)
    for window in pd.read_csv(asked.data / "calm.csv").itertuples():
        first, last = Month.parse(window.window_start), Month.parse(window.window_end)
        onset = first + int(0.4 * last.since(first))
        series = panel[window.series_id]
        figures = [series.at(onset + step) for step in range(AFTER)]
        if not (np.isfinite(figures).all() and min(figures) > 0):
            continue
        (publication,) = publish([series.until(onset - 1)], portfolio=asked.portfolio)
        if publication.forecast is not None:
            measure(series, onset, publication.forecast, tally)
    for name, outcomes in sorted(tally.items()):
        sys.stdout.write(f"{name:45} {np.mean(outcomes):.3f} of {len(outcomes)}\n")


if __name__ == "__main__":
    main()
