"""The table of forecasting/shipped.py, from training parts: ``python -m tests.benchmarks.learn_calibration``.

Every 6th M3 series less its test part, every 6th ``forecast_ok`` trade series less its last 18 months:
residuals of the 18 months before. Also what LEAST_DEVIATION and USUAL_CHANGE of ``calibration`` rest on.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting import calibration, metrics
from forecasting.engine import past_residuals, uncalibrated
from forecasting.forecast import Forecast
from forecasting.models.state_space import fill
from forecasting.publication import unlimited
from forecasting.series import Series
from services.usecases.forecast_panel import processes
from services.usecases.panel_file import Columns, read_panel

DATA = Path("../shared/data")
HELD_BACK = 18
EVERY = 6
LEVELS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
PORTFOLIO = "standard"
THIRD = 1 / 3
CANDIDATES = (
    ((0.5, 0.5, 0.0), 0.3),
    ((0.5, 0.5, 0.0), 0.2),
    ((1.0, 0.0, 0.0), 0.2),
    ((0.5, 0.0, 0.5), 0.2),
    ((THIRD, THIRD, THIRD), 0.0),
    ((THIRD, THIRD, THIRD), 0.2),
    ((THIRD, THIRD, THIRD), 0.3),
)
"""Powers of native deviation, change and steady change in the spread, and of the relative error."""


def training_parts() -> list[Series]:
    """The series less what is held back for the test."""
    table = pd.read_csv(DATA / "trade" / "series.csv")
    usable = set(table[table["forecast_ok"]]["series_id"])
    m3 = read_panel(DATA / "m3" / "m3_monthly.parquet", Columns("unique_id", "ds", "y")).series
    trade = [one for one in read_panel(DATA / "trade" / "panel.parquet").series if one.id in usable]
    return [one.until(one.end - HELD_BACK) for one in (*m3[::EVERY], *trade[::EVERY])]


def native_of(series: Series) -> tuple[float, float] | None:
    """Native deviation one month ahead, a share of the last year's mean size; steady change over it."""
    forecast = uncalibrated(series, 1, PORTFOLIO, guard=unlimited)
    filled = fill(series).values  # noqa: PD011  a Series of ours
    if forecast is None or not (filled > 0).all():
        return None
    deviation = float(calibration.native_deviation(forecast)[0])
    moved = np.log(filled[12:] / filled[:-12])
    change = float(np.mean(np.abs(moved - np.median(moved))) * forecast.median[0])
    return deviation / float(filled[-12:].mean()), change / deviation


def origins(series: Series) -> list[tuple[Series, np.ndarray, Forecast, bool]]:
    """Past, what came, and the uncalibrated forecast 18 and 36 months ago; whether it is the later one."""
    made = []
    for back in (HELD_BACK, 2 * HELD_BACK):
        whole = series.until(series.end - (back - HELD_BACK))
        if len(whole.values) < calibration.SHORTEST_HISTORY + HELD_BACK:
            continue
        past = whole.until(whole.end - HELD_BACK)
        actual = whole.values[-HELD_BACK:]  # noqa: PD011  a Series of ours
        native = None if np.isnan(actual).any() else uncalibrated(past, HELD_BACK, PORTFOLIO, guard=unlimited)
        if native is not None:
            made.append((fill(past), actual, native, back == HELD_BACK))
    return made


def compare(panel: list[Series], pool: ProcessPoolExecutor) -> None:
    """Learn at the earlier origin, apply at the later; and learn on one set, apply on the other."""
    each = [(one.id[0] == "N" and one.id[1:].isdigit(), one) for one in panel]
    found = list(pool.map(origins, [one for _, one in each], chunksize=4))
    rows = [(is_m3, *part) for (is_m3, _), parts in zip(each, found, strict=True) for part in parts]
    say = partial(print, flush=True)
    say("| shares, power | learned on | applied to | coverage 80 / 95 | MSIS95 |\n|---|---|---|---|---|")
    for shares, power in CANDIDATES:
        parts = [calibration.residuals(row[1], row[2], row[3], shares, guard=unlimited) for row in rows]
        pairs = [(row, part) for row, part in zip(rows, parts, strict=True) if part is not None]
        for learned, applied in (((0, 1), 0), ((0, 1), 1), ((0,), 1), ((1,), 0)):
            crossed = len(learned) == 1
            own = [part for row, part in pairs if row[0] in learned and (crossed or not row[4])]
            made = calibration.pooled(own, LEVELS, shares=shares, power=power)
            scores = [
                calibrated_score(made, row[1], row[2], row[3], part.relative)
                for row, part in pairs
                if row[0] == applied and row[4]
            ]
            held80, held95, msis = np.nanmean(scores, axis=0)
            names = "trade", "M3"
            source = names[learned[0]] if crossed else "both, 18 months before"
            said = " ".join(f"{share:.2g}" for share in shares)
            held = f"{held80:.1%} / {held95:.1%}"
            say(f"| {said}, {power} | {source} | {names[applied]} | {held} | {msis:.2f} |")


def calibrated_score(
    made: calibration.Calibration, past: Series, actual: np.ndarray, native: Forecast, relative: float | None
) -> tuple[float, float, float]:
    """Shares of months inside the 80 and 95 % intervals, and MSIS95."""
    scale = calibration.scale_ahead(past, native, made.shares)
    shape = made.quantiles(HELD_BACK, (0.025, 0.1, 0.9, 0.975))
    width = np.zeros(HELD_BACK) if scale is None else made.factor(relative) * scale
    rows = native.median[:, None] + width[:, None] * shape
    low95, low80, high80, high95 = np.maximum(rows, 0.0 if past.non_negative else -np.inf).T
    unit = metrics.seasonal_scale(past.values)
    return (
        metrics.coverage(actual, low80, high80),
        metrics.coverage(actual, low95, high95),
        metrics.msis(actual, low95, high95, unit) if unit > 0 else np.nan,
    )


def main() -> None:
    """Print the table as it stands in the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--compare", action="store_true", help="scales and powers instead, on training parts")
    given = parser.parse_args()
    panel = training_parts()
    with processes(given.jobs) as pool:
        if given.compare:
            compare(panel, pool)
            return
        work = partial(past_residuals, horizon=HELD_BACK, portfolio=PORTFOLIO, guard=unlimited)
        parts = [one for one in pool.map(work, panel, chunksize=4) if one is not None]
        natives = np.array([one for one in pool.map(native_of, panel, chunksize=4) if one is not None])
    made = calibration.pooled(parts, LEVELS)
    say = partial(print, flush=True)
    for line in made.table:
        say("        [" + ", ".join(f"{value:.2f}" for value in line) + "],")
    say(f"typical={made.typical:.3f}, series={made.series}")
    smallest, usual = natives[:, 0].min(), np.median(natives[:, 1])
    say(f"smallest native deviation {smallest:.4f} of the size, median change over it {usual:.2f}")


if __name__ == "__main__":
    main()
