"""How often AICc takes a season, by the ratio that tells beforehand: ``python -m tests.benchmarks.seasons``.

Every third series of M3 and of the ``forecast_ok`` trade panel, less the 36 months at its end: training
windows. Says what ``seasonality.LEAST_RATIO`` costs in choices, and what it saves in CPU.
"""

from __future__ import annotations

import argparse
import time
import warnings
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.models.seasonality import variance_ratio
from forecasting.models.state_space import fill
from forecasting.series import Series
from forecasting.transforms import scale_of
from services.usecases.forecast_panel import processes
from services.usecases.panel_file import Columns, read_panel

HELD_BACK = 36
SHORTEST = 36
EVERY = 3
BOUNDS = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 12.0, np.inf)
FORMS = (("ets_damped_log", "AA", True), ("ets_level_log", "AN", None))

say = partial(print, flush=True)


def panels(data: Path) -> dict[str, list[Series]]:
    """Training parts that hold enough for the ratio."""
    table = pd.read_csv(data / "trade" / "series.csv")
    usable = set(table[table["forecast_ok"]]["series_id"])
    m3 = read_panel(data / "m3" / "m3_monthly.parquet", Columns("unique_id", "ds", "y")).series
    trade = [one for one in read_panel(data / "trade" / "panel.parquet").series if one.id in usable]
    return {
        label: [
            one.until(one.end - HELD_BACK)
            for one in held[::EVERY]
            if len(one.values) >= HELD_BACK + SHORTEST and one.until(one.end - HELD_BACK).held >= SHORTEST
        ]
        for label, held in (("M3", m3), ("trade", trade))
    }


def chosen(series: Series) -> list[tuple[float, bool, float, float]]:
    """For each form: the ratio, whether AICc takes the season, CPU seconds without and with it."""
    from statsforecast.ets import ets_f  # noqa: PLC0415  seconds to import

    filled = fill(series)
    values = scale_of(filled).apply(filled.values)
    ratio = variance_ratio(values)
    rows = []
    for _, form, damped in FORMS:
        found, spent = [], []
        for season in "NA":
            began = time.process_time()
            try:
                with warnings.catch_warnings(action="ignore"):
                    found.append(float(ets_f(values, m=12, model=form + season, damped=damped)["aicc"]))
            except Exception:  # noqa: BLE001  a form that cannot be fitted is not chosen
                found.append(np.inf)
            spent.append(time.process_time() - began)
        rows.append((np.nan if ratio is None else ratio, found[1] < found[0], spent[0], spent[1]))
    return rows


def tell(label: str, rows: np.ndarray) -> None:
    """The table of one panel: rows (series, form, 4)."""
    plain, season = 1000 * rows[:, :, 2].mean(axis=0), 1000 * rows[:, :, 3].mean(axis=0)
    for (name, *_), without, held in zip(FORMS, plain, season, strict=True):
        say(f"{label}: {name} takes {without:.1f} ms without a season and {held:.1f} ms with one")
    for low, high in pairwise(BOUNDS):
        inside = rows[(rows[:, 0, 0] >= low) & (rows[:, 0, 0] < high)]
        taken = " and ".join(str(int(inside[:, place, 1].sum())) for place in range(len(FORMS)))
        say(f"{label}: ratio {low} to {high}: {len(inside)} series, a season taken in {taken}")


def main() -> None:
    """Read, fit each series both ways, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    with processes(given.jobs) as pool:
        for label, held in panels(given.data).items():
            tell(label, np.array(list(pool.map(chosen, held, chunksize=4))))


if __name__ == "__main__":
    main()
