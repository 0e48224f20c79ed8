"""What members said of training windows, for ``learn_weights``: forecasts, what came, what series look like.

Every M3 series less its test part, and those ``forecast_ok`` trade series that the accuracy table leaves
out, less their last 18 months; members forecast the 18 months after each origin.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting import backtest, metrics
from forecasting.models import global_trees, registry
from forecasting.models.state_space import fill
from forecasting.series import Series
from forecasting.weights import SHORTEST, features
from services.usecases.forecast_panel import processes
from services.usecases.panel_file import Columns, read_panel

Array = NDArray[np.float64]

HORIZON = 18
FOLDS = {"M3": 3, "trade": 6}
"""Origins, 18 months apart, of a panel. One is one stretch of history, and what went well in it for series of
all kinds need not go well again (decision 0040)."""


@dataclass(frozen=True, slots=True)
class Window:
    """What members said of one panel: features (n, f), forecasts (n, m, h), actual (n, h), scales (n,)."""

    features: Array
    said: Array
    actual: Array
    scale: Array
    naive: Array

    def owa(self, path: Array) -> float:
        """Of paths (n, h): mean of their sMAPE and MASE, each over Naive2's."""
        return float(np.mean(self._pair(path) / self._pair(self.naive)))

    def _pair(self, path: Array) -> Array:
        rows = zip(self.actual, path, self.scale, strict=True)
        return np.mean([(metrics.smape(a, p), metrics.mase(a, p, s)) for a, p, s in rows], axis=0)

    def of(self, members: Sequence[int]) -> Window:
        """What some of the members said."""
        return replace(self, said=self.said[:, list(members)])


def panels(data: Path) -> dict[str, list[Series]]:
    """Training parts of both panels."""
    table = pd.read_csv(data / "trade" / "series.csv")
    chosen = set(sorted(table[table["forecast_ok"]]["series_id"])[1::2])
    trade = [one for one in read_panel(data / "trade" / "panel.parquet").series if one.id in chosen]
    m3 = read_panel(data / "m3" / "m3_monthly.parquet", Columns("unique_id", "ds", "y")).series
    return {
        "M3": [one.until(one.end - HORIZON) for one in m3],
        "trade": [one.until(one.end - HORIZON) for one in trade],
    }


def alone(past: Series, names: Sequence[str]) -> list[Array | None]:
    """Median of each model; None where it cannot be fitted."""
    found: list[Array | None] = []
    for name in names:
        try:
            with warnings.catch_warnings(action="ignore"):
                median = registry.model(name).forecast(past, HORIZON, (0.1, 0.5, 0.9)).median
        except Exception:  # noqa: BLE001  one that fails is left out, as the engine does
            median = np.full(HORIZON, np.nan)
        found.append(median if np.isfinite(median).all() else None)
    return found


Windows = dict[str, dict[int, Window]]
"""By panel, and by how many horizons the 18 months lie before its end."""


def windows_of(data: Path, names: Sequence[str], jobs: int) -> Windows:
    """Those of both panels."""
    return {
        label: {back: window(held, back, names, jobs) for back in range(FOLDS[label])}
        for label, held in panels(data).items()
    }


def window(series: Sequence[Series], back: int, names: Sequence[str], jobs: int) -> Window:
    """Forecasts of all members, ``back`` + 1 horizons before the end of each series that can be scored."""
    folds = [one for each in series if (one := backtest.fold(each, HORIZON, back)) is not None]
    folds = [
        one
        for one in folds
        if metrics.seasonal_scale(one.past.values) > 0 and len(one.past.values) >= SHORTEST
    ]
    past = [fill(one.past) for one in folds]
    local = [name for name in names if name not in global_trees.NAMES]
    with processes(jobs) as pool:
        medians = list(pool.map(partial(alone, names=local), past, chunksize=16))
    trees = global_trees.train([one.past for one in folds], 0).named
    ahead = {name: trees[name].forecasts(past, HORIZON, (0.1, 0.5, 0.9)) for name in global_trees.NAMES}
    said = []
    for place, (each, found) in enumerate(zip(past, medians, strict=True)):
        given = {name: one for name in ahead if (one := ahead[name][place]) is not None}
        held = dict(zip(local, found, strict=True)) | {name: one.median for name, one in given.items()}
        rows = [held.get(name) for name in names]
        middle = np.median([row for row in rows if row is not None], axis=0)
        path = np.array([middle if row is None else row for row in rows])
        said.append(np.maximum(path, 0.0) if each.non_negative else path)
    return Window(
        np.array([features(each) for each in past]),
        np.array(said),
        np.array([one.actual for one in folds]),
        np.array([metrics.seasonal_scale(one.past.values) for one in folds]),
        np.array([metrics.naive2(each.values, HORIZON) for each in past]),
    )


FIELDS = tuple(each.name for each in fields(Window))


def joined(windows: Iterable[Window]) -> Window:
    """Those of several origins as one."""
    held = list(windows)
    return Window(*(np.concatenate([getattr(one, name) for one in held]) for name in FIELDS))


def keep(path: Path, names: Sequence[str], windows: Windows) -> None:
    """Write what members said, which is what costs."""
    arrays = {
        f"{label} {back} {name}": getattr(one, name)
        for label, held in windows.items()
        for back, one in held.items()
        for name in FIELDS
    }
    np.savez_compressed(path, names=np.array(names), **arrays)


def read(path: Path, names: Sequence[str]) -> Windows:
    """What ``keep`` wrote, of those members in that order."""
    with np.load(path) as held:
        places = [held["names"].tolist().index(name) for name in names]
        return {
            label: {
                back: Window(*(held[f"{label} {back} {name}"] for name in FIELDS)).of(places)
                for back in range(count)
            }
            for label, count in FOLDS.items()
        }
