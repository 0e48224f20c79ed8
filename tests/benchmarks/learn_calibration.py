"""The table of forecasting/shipped.py, from training parts: ``python -m tests.benchmarks.learn_calibration``.

Every 12th M3 series less its test part, every 12th ``forecast_ok`` trade series less its last 18 months.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd

from forecasting import calibration
from forecasting.engine import past_residuals
from forecasting.series import Series
from services.usecases.forecast_panel import processes
from services.usecases.panel_file import Columns, read_panel

DATA = Path("../shared/data")
HELD_BACK = 18
EVERY = 12
LEVELS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)


def training_parts() -> list[Series]:
    """The series less what is held back for the test."""
    table = pd.read_csv(DATA / "trade" / "series.csv")
    usable = set(table[table["forecast_ok"]]["series_id"])
    m3 = read_panel(DATA / "m3" / "m3_monthly.parquet", Columns("unique_id", "ds", "y")).series
    trade = [one for one in read_panel(DATA / "trade" / "panel.parquet").series if one.id in usable]
    return [one.until(one.end - HELD_BACK) for one in (*m3[::EVERY], *trade[::EVERY])]


def main() -> None:
    """Print the table as it stands in the module."""
    with processes(2) as pool:
        work = partial(past_residuals, horizon=HELD_BACK, portfolio="standard")
        parts = [one for one in pool.map(work, training_parts(), chunksize=4) if one is not None]
    made = calibration.pooled(parts, LEVELS)
    say = partial(print, flush=True)
    for line in made.table:
        say("        [" + ", ".join(f"{value:.2f}" for value in line) + "],")
    say(f"typical={made.typical:.3f}, series={made.series}")


if __name__ == "__main__":
    main()
