"""Recall of labelled shocks at equal false alarms, the alert budget kept, and power (make bench-shocks).

Run: python tests/benchmarks/shocks.py DATA_DIR [--keep FILE] [--draws 6000] [--portfolio fast] [--jobs 2]
DATA_DIR holds panel.parquet, shocks.csv and calm.csv. Each label's onset, every quarter of the calm windows
and --draws quarters drawn of all series from 2004 on are judged, each by a forecast of the months before it.
Spreads and shapes of the service were learned from half of the series (learn_witnesses.py) and the prior
from the labels (learn_shock_prior.py, types only); so every table says what holds for the other half. Budget
and power are of the quarters drawn, in the months that no label covers. --keep holds the forecasts between
runs. --rows scores what ``tonnage detect`` wrote instead, and says nothing of power.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd
from judged import Quarter, fitted, judged, keep, quarters, read, read_complete
from learn_witnesses import CRISES, training
from rich.console import Console
from rich.progress import Progress
from shock_peers import PEERS

from forecasting.months import Month
from forecasting.series import Series
from forecasting.shocks.detection import threshold
from forecasting.shocks.tails import tails

RATES = (0.02, 0.05, 0.1)
BUDGETS = (0.02, 0.05, 0.1, 0.5, 1.0)
CHANGES = (-0.2, -0.4, -0.6, -0.8, -1.0, 0.5, 1.5)
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
    """True for half A of the events."""
    return hashlib.sha256(event.encode()).digest()[1] % 2 == 0


def halves(scores: Scores, labels: pd.DataFrame, calm: pd.DataFrame) -> None:
    """Print our recall on each half of the events, by the limit of the same half of the calm windows."""
    events = event_scores(scores, labels)
    for name, first in (("A", True), ("B", False)):
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


def unlabelled(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Rows judged that lie in no label's first twelve months, with what they are told apart by."""
    scored = rows.dropna(subset=["surprise"])
    labelled = {
        (label.series_id, str(Month.parse(label.month) + lag))
        for label in labels.itertuples()
        for lag in range(12)
    }
    if "drawn" in scored:
        scored = scored[scored["drawn"]]
    keys = zip(scored["series_id"], scored["month"], strict=True)
    found = scored[[key not in labelled for key in keys]]
    half = {series_id: training(series_id) for series_id in found["series_id"].unique()}
    return found.assign(
        trained=found["series_id"].map(half), crisis=found["month"].str[:4].astype(int).isin(CRISES)
    )


def budget_kept(rows: pd.DataFrame, labels: pd.DataFrame, calm: pd.DataFrame) -> None:
    """Print measured false alarms a series-year at each nominal budget, and the PIT's distance.

    The distance is Kolmogorov's of the predictive probabilities from the uniform.
    """
    found = unlabelled(rows, labels)
    windows = {row.series_id: (row.window_start, row.window_end) for row in calm.itertuples()}
    none = ("9999-12", "0000-01")
    quiet = [
        windows.get(series_id, none)[0] <= month <= windows.get(series_id, none)[1]
        for series_id, month in zip(rows["series_id"], rows["month"], strict=True)
    ]
    parts = {
        "all": found,
        "training": found[found["trained"]],
        "held out": found[~found["trained"]],
        "no crises": found[~found["crisis"]],
        "of them held out": found[~found["crisis"] & ~found["trained"]],
        "calm windows": rows[quiet].dropna(subset=["surprise"]),
    }
    say("\nfalse alarms a series-year, measured (and over nominal), over months without a label")
    say(f"{'budget':>8} " + " ".join(f"{name:>18}" for name in parts))
    say(f"{'months':>8} " + " ".join(f"{len(part):18d}" for part in parts.values()))
    for budget in BUDGETS:
        rates = [12 * float((part["tail_probability"] < threshold(budget)).mean()) for part in parts.values()]
        say(f"{budget:8} " + " ".join(f"{rate:10.4f} ({rate / budget:5.2f})" for rate in rates))
    distances = []
    for part in parts.values():
        chance = part["tail_probability"].to_numpy(dtype=np.float64)
        ordered = np.sort(np.where(part["surprise"] < 0, chance, 1 - chance))
        distances.append(np.abs(ordered - (np.arange(len(ordered)) + 0.5) / len(ordered)).max())
    say(f"{'PIT':>8} " + " ".join(f"{distance:18.3f}" for distance in distances))


def power(rows: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Print the share found of changes put into every month without a label and outside the crises.

    Each month's figure is changed alone, and judged by what judged it: the onset of a shock of any type.
    The second share is by the limits, one a side, at which the figures as they were raise the same alarms.
    """
    found = unlabelled(rows, labels)
    found = found[~found["crisis"] & (found["value"] > 0)]
    say("\nshare found of changes put in, outside the crises: by the budget / at equal measured false alarms")
    say(f"{'half':10} {'budget':>6} " + " ".join(f"{change:>+13.0%}" for change in CHANGES))
    for half, part in (("training", found[found["trained"]]), ("held out", found[~found["trained"]])):
        quantiles, levels = np.stack(list(part["quantiles"])), part["levels"].iloc[0]
        values = part["value"].to_numpy()
        real = tails(values, quantiles, levels)
        put = [tails(values * (1 + change), quantiles, levels) for change in CHANGES]
        for budget in RATES:
            limit = threshold(budget)
            low, high = np.quantile(real.lower, limit), np.quantile(real.upper, limit)
            cells = []
            for change, each in zip(CHANGES, put, strict=True):
                chance, equal = (each.lower, low) if change < 0 else (each.upper, high)
                cells.append(f"{(chance < limit).mean():.3f} / {(chance < equal).mean():.3f}")
            say(f"{half:10} {budget:6} " + " ".join(cells))


def say(line: str) -> None:
    """One line of the report."""
    sys.stdout.write(line + "\n")


def forecasts(asked: list[Quarter], portfolio: str, jobs: int) -> list[Quarter]:
    """The quarters with their forecasts, with a progress bar on standard error."""
    with Progress(console=Console(stderr=True)) as bar, ProcessPoolExecutor(jobs) as pool:
        made = pool.map(fitted, asked, repeat(portfolio), chunksize=16)
        shown = bar.track(made, total=len(asked), description="quarters forecast")
        return [replace(each, published=forecast) for each, forecast in zip(asked, shown, strict=True)]


def main() -> None:
    """Run everything."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    options.add_argument("--portfolio", default="fast")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument("--rows", type=Path, help="Score the rows that tonnage detect wrote (Parquet).")
    options.add_argument("--keep", type=Path, help="Forecasts: read where the file is, else written there.")
    options.add_argument("--draws", type=int, default=6000, help="Quarters drawn of all series.")
    asked = options.parse_args()
    labels, calm = pd.read_csv(asked.data / "shocks.csv"), pd.read_csv(asked.data / "calm.csv")
    panel = read_complete(asked.data)
    if asked.rows is not None:
        rows = pd.read_parquet(asked.rows)
    elif asked.keep is not None and asked.keep.exists():
        rows = judged(read(asked.keep, panel))
    else:
        made = forecasts(quarters(panel, asked.data, asked.draws), asked.portfolio, asked.jobs)
        rows = judged(made)
        if asked.keep is not None:
            keep(asked.keep, made)
    say(f"{len(rows)} months of {rows['series_id'].nunique()} series")
    heads = ("rate", "limit", "recall", "held-out", "delay", "smooth", "noisy")
    say(f"{'rule':40} " + " ".join(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    report("tonnage", ours(rows), labels, calm)
    halves(ours(rows), labels, calm)
    if asked.peers:
        for name, rule in PEERS.items():
            wanted = {*labels["series_id"], *calm["series_id"]}
            named = [series for series in panel if series.id in wanted]
            report(name, theirs(named, rule, asked.jobs), labels, calm)
    budget_kept(rows, labels, calm)
    if asked.rows is None:
        power(rows, labels)


if __name__ == "__main__":
    main()
