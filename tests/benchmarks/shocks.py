"""Recall of labelled shocks at equal false alarms, the budget kept, typing and shortfall (make bench-shocks).

Run: python tests/benchmarks/shocks.py DATA_DIR [--series all] [--refit-every 3] [--portfolio fast] [--jobs 2]
DATA_DIR holds panel.parquet, shocks.csv and calm.csv. Spreads, shapes and the prior of the service were
learned from half of the series (learn_witnesses.py) and from the labels (learn_shock_prior.py, types only);
events are therefore reported for all and for those none of whose series was in the training half. The mix of
witnesses was chosen on one half of the events and of the calm windows, and is reported on each half with the
limit that the calm windows of that half set (decision 0005). The budget is checked on every tenth of the
other series too (--other N takes every N-th).
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from learn_witnesses import CRISES, training
from rich.console import Console
from rich.progress import Progress
from shock_peers import PEERS

from forecasting.months import Month
from forecasting.series import Series
from forecasting.shocks.detection import threshold
from services.usecases.absent_months import zeros_for_absent
from services.usecases.detect_panel import Judging, detect_panel
from services.usecases.panel_file import read_panel

RATES = (0.02, 0.05, 0.1)
WIDTHS = (5, 9, 7, 9, 6, 7, 6)
Scores = dict[tuple[str, int], float]


def ours(rows: pd.DataFrame) -> Scores:
    """Surprise by series and month ordinal."""
    judged = rows.dropna(subset=["surprise"])
    months = [Month.parse(month).ordinal for month in judged["month"]]
    return dict(zip(zip(judged["series_id"], months, strict=True), judged["surprise"], strict=True))


def theirs(panel: list[Series], rule: Callable[[Series], np.ndarray], jobs: int) -> Scores:
    """A peer's scores by series and month ordinal."""
    with ProcessPoolExecutor(jobs) as pool:
        found = list(pool.map(rule, panel, chunksize=4))
    return {
        (series.id, series.start.ordinal + step): float(value)
        for series, scores in zip(panel, found, strict=True)
        for step, value in enumerate(scores)
        if np.isfinite(value)
    }


def calm_scores(scores: Scores, calm: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float]:
    """Absolute scores in the calm windows, largest first, with whether the window is noisy; series-years."""
    found = []
    for window in calm.itertuples():
        first, last = Month.parse(window.window_start).ordinal, Month.parse(window.window_end).ordinal
        found += [
            (abs(scores[window.series_id, month]), window.calm_class != "smooth")
            for month in range(first, last + 1)
            if (window.series_id, month) in scores
        ]
    ordered = sorted(found, reverse=True)
    return (
        np.array([score for score, _ in ordered]),
        np.array([noisy for _, noisy in ordered]),
        len(found) / 12,
    )


def event_scores(scores: Scores, labels: pd.DataFrame) -> pd.DataFrame:
    """One row an event: its best score in the labelled direction, in the onset month and by the next."""
    rows = []
    for label in labels.itertuples():
        sign = -1.0 if label.direction == "down" else 1.0
        onset = Month.parse(label.month).ordinal
        now, following = (sign * scores.get((label.series_id, onset + lag), -np.inf * sign) for lag in (0, 1))
        rows.append((label.description, now, max(now, following), training(label.series_id)))
    table = pd.DataFrame(rows, columns=["event", "onset", "by_next", "trained"])
    return table.groupby("event").max()


def first_half(event: str) -> bool:
    """True for the half of the events on which the mix of witnesses was chosen."""
    return hashlib.sha256(event.encode()).digest()[1] % 2 == 0


def halves(scores: Scores, labels: pd.DataFrame, calm: pd.DataFrame) -> None:
    """Print our recall on each half of the events, by the limit of the same half of the calm windows."""
    events = event_scores(scores, labels)
    for name, first in (("A, on which the mix was chosen", True), ("B, held out of the choice", False)):
        windows = calm[[training(each) == first for each in calm["series_id"]]]
        quiet, _, years = calm_scores(scores, windows)
        mine = events[[first_half(str(event)) == first for event in events.index]]
        recalls = ", ".join(
            f"{(mine['by_next'] > quiet[int(rate * years)]).mean():.3f} at {rate}" for rate in RATES
        )
        say(f"half {name}: {len(mine)} events, {years:.0f} calm series-years, recall {recalls}")


def report(name: str, scores: Scores, labels: pd.DataFrame, calm: pd.DataFrame) -> None:
    """Print recall and delay at each rate of false alarms on the calm windows."""
    quiet, noisy, years = calm_scores(scores, calm)
    events = event_scores(scores, labels)
    held_out = events[~events["trained"]]
    for rate in RATES:
        limit = quiet[int(rate * years)]
        caught = events[events["by_next"] > limit]
        delay = float((caught["onset"] <= limit).median()) if len(caught) else float("nan")
        say(
            f"{name:40} {rate:5} {limit:9.2f} {len(caught) / len(events):7.3f} "
            f"{(held_out['by_next'] > limit).mean():9.3f} {delay:6.0f} "
            f"{int((~noisy[quiet > limit]).sum()):7d} {int(noisy[quiet > limit].sum()):6d}"
        )


def budget_kept(rows: pd.DataFrame, labels: pd.DataFrame, budget: float, of: str) -> None:
    """Print the realised alarm rate over unlabelled months outside the crises, and the PIT's distance.

    ``of`` names the series. The distance is Kolmogorov's of the predictive probabilities from the uniform.
    """
    judged = rows.dropna(subset=["surprise"])
    labelled = {
        (label.series_id, str(Month.parse(label.month) + lag))
        for label in labels.itertuples()
        for lag in range(12)
    }
    keep = [
        key not in labelled and int(key[1][:4]) not in CRISES
        for key in zip(judged["series_id"], judged["month"], strict=True)
    ]
    calm = judged[keep]
    for name, part in (
        (f"{of}, all", calm),
        (f"{of}, held-out half", calm[[not training(each) for each in calm["series_id"]]]),
    ):
        realised = 12 * float((part["tail_probability"] < threshold(budget)).mean())
        low = np.where(part["surprise"] < 0, part["tail_probability"], 1 - part["tail_probability"])
        ordered = np.sort(low)
        distance = float(np.abs(ordered - (np.arange(len(ordered)) + 0.5) / len(ordered)).max())
        say(
            f"{name}: {len(part)} months, budget {budget}, realised {realised:.3f} a series-year "
            f"(ratio {realised / budget:.2f}); PIT Kolmogorov distance {distance:.3f}"
        )


def judged(panel: list[Series], judging: Judging, jobs: int) -> pd.DataFrame:
    """Rows of a panel, with a progress bar on standard error."""
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("series judged", total=len(panel))
        return detect_panel(panel, judging, jobs=jobs, progress=lambda done: bar.advance(task, done))


def say(line: str) -> None:
    """One line of the report."""
    sys.stdout.write(line + "\n")


def main() -> None:
    """Run everything."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    options.add_argument("--series", choices=("labelled", "all"), default="labelled")
    options.add_argument("--refit-every", type=int, default=3)
    options.add_argument("--portfolio", default="fast")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument("--rows", type=Path, help="Score the rows that tonnage detect wrote (Parquet).")
    options.add_argument("--from", dest="first", default="1990-01")
    options.add_argument("--other", type=int, default=10, help="Every N-th other series; 0 is none.")
    asked = options.parse_args()
    labels, calm = pd.read_csv(asked.data / "shocks.csv"), pd.read_csv(asked.data / "calm.csv")
    panel = list(read_panel(asked.data / "panel.parquet").series)
    wanted = {*labels["series_id"], *calm["series_id"]}
    complete = zeros_for_absent(panel)
    others = [series for series in complete if series.id not in wanted][:: asked.other or len(panel)]
    panel = complete
    if asked.series == "labelled":
        panel = [series for series in complete if series.id in wanted]
    if asked.rows is None:
        began = time.perf_counter()
        judging = Judging(Month.parse(asked.first), 0.1, asked.refit_every, asked.portfolio)
        rows = judged(panel, judging, asked.jobs)
        seconds = time.perf_counter() - began
        say(f"{len(rows)} months of {len(panel)} series judged in {seconds:.0f} s on {asked.jobs} processes")
    else:
        rows = pd.read_parquet(asked.rows)
    heads = ("rate", "limit", "recall", "held-out", "delay", "smooth", "noisy")
    say(f"{'rule':40} " + " ".join(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    report("tonnage", ours(rows), labels, calm)
    halves(ours(rows), labels, calm)
    if asked.peers:
        for name, rule in PEERS.items():
            report(name, theirs(panel, rule, asked.jobs), labels, calm)
    budgets = (0.05, 0.1)
    for budget in budgets:
        budget_kept(rows, labels, budget, "labelled series")
    if asked.series == "labelled" and asked.other:
        other = judged(
            others, Judging(Month.of(2004, 1), 0.1, asked.refit_every, asked.portfolio), asked.jobs
        )
        for budget in budgets:
            budget_kept(other, labels, budget, f"{len(others)} other series")


if __name__ == "__main__":
    main()
