"""The table of forecasting/shipped.py, from training parts: ``python -m tests.benchmarks.learn_calibration``.

Every 6th M3 series less its test part, every 6th ``forecast_ok`` trade series less its last 18 months:
residuals of the 18 months before. Also what LEAST_DEVIATION and USUAL_CHANGE of ``calibration`` rest on.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting import calibration
from forecasting.engine import past_residuals, uncalibrated
from forecasting.models.state_space import fill
from forecasting.series import Series
from services.usecases.forecast_panel import processes
from services.usecases.panel_file import Columns, read_panel

DATA = Path("../shared/data")
HELD_BACK = 18
EVERY = 6
LEVELS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
PORTFOLIO = "standard"


def training_parts() -> list[Series]:
    """The series less what is held back for the test."""
    table = pd.read_csv(DATA / "trade" / "series.csv")
    usable = set(table[table["forecast_ok"]]["series_id"])
    m3 = read_panel(DATA / "m3" / "m3_monthly.parquet", Columns("unique_id", "ds", "y")).series
    trade = [one for one in read_panel(DATA / "trade" / "panel.parquet").series if one.id in usable]
    return [one.until(one.end - HELD_BACK) for one in (*m3[::EVERY], *trade[::EVERY])]


def native_of(series: Series) -> tuple[float, float] | None:
    """Native deviation one month ahead, a share of the last year's mean size; steady change over it."""
    forecast = uncalibrated(series, 1, PORTFOLIO)
    filled = fill(series).values  # noqa: PD011  a Series of ours
    if forecast is None or not (filled > 0).all():
        return None
    deviation = float(calibration.native_deviation(forecast)[0])
    moved = np.log(filled[12:] / filled[:-12])
    change = float(np.mean(np.abs(moved - np.median(moved))) * forecast.median[0])
    return deviation / float(filled[-12:].mean()), change / deviation


def main() -> None:
    """Print the table as it stands in the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    panel = training_parts()
    with processes(parser.parse_args().jobs) as pool:
        work = partial(past_residuals, horizon=HELD_BACK, portfolio=PORTFOLIO)
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
