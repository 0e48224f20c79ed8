"""What forecasting/learned_weights.py holds, learned: ``python -m tests.benchmarks.learn_weights --write``.

Every M3 series less its test part, and those ``forecast_ok`` trade series that the accuracy table leaves
out, less their last 18 months; members forecast the 18 months before. Also prints what the weights come to
on series that they were not learned from, beside equal ones.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

from forecasting import backtest, metrics, portfolios
from forecasting.models import global_trees, registry
from forecasting.models.state_space import fill
from forecasting.series import Series
from forecasting.weights import FARTHEST, SHORTEST, LearnedWeights, features, softmax
from services.usecases.forecast_panel import processes
from services.usecases.panel_file import Columns, read_panel

Array = NDArray[np.float64]

HORIZON = 18
PARTS = 5
"""Parts of the series, each forecast with weights learned from the others."""
PENALTIES = (1e-2, 3e-3, 1e-3, 3e-4)
CHOSEN = 1e-3
"""Penalty of a squared weight, chosen by the parts."""
OUT = Path("forecasting/learned_weights.py")

say = partial(print, flush=True)


@dataclass(frozen=True, slots=True)
class Window:
    """What members said of one panel: features (n, f), forecasts (n, m, h), actual (n, h), scales (n,)."""

    features: Array
    said: Array
    actual: Array
    scale: Array
    naive: Array

    def errors(self, path: Array) -> Array:
        """Mean of sMAPE and MASE (n,) of paths (n, h), each over Naive2's on all: its mean is the OWA."""
        own, naive = self._pair(path), self._pair(self.naive).mean(axis=0)
        return np.asarray((own / naive).mean(axis=1))

    def _pair(self, path: Array) -> Array:
        rows = zip(self.actual, path, self.scale, strict=True)
        return np.array([(metrics.smape(a, p), metrics.mase(a, p, s)) for a, p, s in rows])

    def of(self, members: Sequence[int]) -> Window:
        """What some of the members said."""
        return replace(self, said=self.said[:, list(members)])

    def part(self, places: Array) -> Window:
        """Some of the series."""
        held = (self.features, self.said, self.actual, self.scale, self.naive)
        return Window(*(each[places] for each in held))


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


def window(series: Sequence[Series], names: Sequence[str], jobs: int) -> Window:
    """Forecasts of all members for the last 18 months of each series that can be scored on them."""
    folds = [one for each in series if (one := backtest.fold(each, HORIZON)) is not None]
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


def seen(windows: Sequence[Window], learned: LearnedWeights) -> list[Array]:
    """Features as the table takes them: a one, then standard deviations from the mean."""
    return [
        np.column_stack(
            [
                np.ones(len(one.said)),
                np.clip((one.features - learned.centre) / learned.spread, -FARTHEST, FARTHEST),
            ]
        )
        for one in windows
    ]


def midway(one: Window, shares: Array) -> Array:
    """Half way between weighted mean and plain median, as the engine combines them."""
    mean = np.einsum("nm,nmh->nh", shares, one.said)
    return np.asarray((mean + np.median(one.said, axis=1)) / 2)


def learn(
    windows: Sequence[Window], names: Sequence[str], penalty: float, *, fixed: bool = False
) -> LearnedWeights:
    """Weights that make the mean OWA over the windows, with the penalty, as small as they can.

    They start at equal shares. ``fixed`` learns the same for every series.
    """
    every = np.concatenate([one.features for one in windows])
    empty = LearnedWeights(
        tuple(names), every.mean(axis=0), every.std(axis=0) + 1e-9, np.zeros((1 + every.shape[1], len(names)))
    )
    inputs = seen(windows, empty)
    if fixed:
        inputs = [each[:, :1] for each in inputs]
    shape = inputs[0].shape[1], len(names)
    units = [_units(one) for one in windows]

    def cost(flat: Array) -> tuple[float, Array]:
        table = flat.reshape(shape)
        total, slope = penalty * float((table**2).sum()), 2 * penalty * table
        for one, held, (size, step) in zip(windows, inputs, units, strict=True):
            shares = softmax(held @ table)
            value, by_path = _cost(one, midway(one, shares), size, step)
            by_share = np.einsum("nh,nmh->nm", by_path / 2, one.said)
            by_logit = shares * (by_share - (shares * by_share).sum(axis=1, keepdims=True))
            total += value / len(windows)
            slope = slope + held.T @ by_logit / len(windows)
        return total, slope.ravel()

    found = minimize(
        cost, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200}
    )
    table = np.zeros_like(empty.table)
    table[: shape[0]] = found.x.reshape(shape)
    return LearnedWeights(empty.members, empty.centre, empty.spread, table)


def _units(one: Window) -> tuple[float, Array]:
    """Naive2's sMAPE on the panel, and of each series (n, 1) its scale times Naive2's MASE."""
    rows = list(zip(one.actual, one.naive, one.scale, strict=True))
    smape = float(np.mean([metrics.smape(actual, path) for actual, path, _ in rows]))
    mase = float(np.mean([metrics.mase(actual, path, scale) for actual, path, scale in rows]))
    return smape, one.scale[:, None] * mase


def _cost(one: Window, path: Array, smape: float, unit: Array) -> tuple[float, Array]:
    """OWA of paths (n, h), and its slope (n, h) along each."""
    held = np.isfinite(one.actual)
    share = held / held.sum(axis=1, keepdims=True) / len(path) / 2
    actual = np.where(held, one.actual, path)
    error, size = path - actual, np.maximum(np.abs(actual) + np.abs(path), 1e-12)
    value = share * (200 * np.abs(error) / size / smape + np.abs(error) / unit)
    turn = np.sign(error)
    slope = 200 * (turn * size - np.abs(error) * np.sign(path)) / size**2 / smape + turn / unit
    return float(value.sum()), np.asarray(share * slope)


def apart(windows: dict[str, Window], names: Sequence[str], penalty: float, *, fixed: bool = False) -> str:
    """Each panel's OWA with weights that were learned from other series of both."""
    rng = np.random.default_rng(0)
    parts = {label: rng.integers(0, PARTS, len(one.said)) for label, one in windows.items()}
    found: dict[str, list[Array]] = {label: [] for label in windows}
    for part in range(PARTS):
        others = [one.part(parts[label] != part) for label, one in windows.items()]
        learned = learn(others, names, penalty, fixed=fixed)
        for label, one in windows.items():
            found[label].append(_paths(one.part(parts[label] == part), learned))
    told = []
    for label, one in windows.items():
        order = np.concatenate([np.flatnonzero(parts[label] == part) for part in range(PARTS)])
        told.append(_against(label, one.part(order), np.concatenate(found[label])))
    return ", ".join(told)


def _paths(one: Window, learned: LearnedWeights) -> Array:
    (held,) = seen([one], learned)
    return midway(one, softmax(held @ learned.table))


def _against(label: str, one: Window, path: Array) -> str:
    """OWA, and how far it is from that of equal weights on the same series, with the standard error."""
    count = one.said.shape[1]
    own, equal = one.errors(path), one.errors(midway(one, np.full((len(path), count), 1 / count)))
    gap = own - equal
    return f"{label} {own.mean():.4f} ({gap.mean():+.4f} ± {gap.std() / np.sqrt(len(gap)):.4f})"


def tell(windows: dict[str, Window], names: Sequence[str]) -> None:
    """OWA on series that were not learned from; and of a panel that the other's weights are applied to."""
    say(f"  the same for every series: {apart(windows, names, CHOSEN, fixed=True)}")
    for penalty in PENALTIES:
        say(f"  by features, penalty {penalty:g}: {apart(windows, names, penalty)}")
        for learned_from, applied_to in (("M3", "trade"), ("trade", "M3")):
            learned = learn([windows[learned_from]], names, penalty)
            one = windows[applied_to]
            say(f"    learned from {learned_from} alone: {_against(applied_to, one, _paths(one, learned))}")


FIELDS = tuple(each.name for each in fields(Window))


def keep(path: Path, names: Sequence[str], windows: dict[str, Window]) -> None:
    """Write what members said, which is what costs."""
    arrays = {f"{label} {name}": getattr(one, name) for label, one in windows.items() for name in FIELDS}
    np.savez_compressed(path, names=np.array(names), labels=np.array(list(windows)), **arrays)


def read(path: Path, names: Sequence[str]) -> dict[str, Window]:
    """What ``keep`` wrote, of those members in that order."""
    with np.load(path) as held:
        places = [held["names"].tolist().index(name) for name in names]
        found = {label: Window(*(held[f"{label} {name}"] for name in FIELDS)) for label in held["labels"]}
    return {str(label): one.of(places) for label, one in found.items()}


HEAD = '''"""Weights of members by what a series looks like, made by tests/benchmarks/learn_weights."""

from __future__ import annotations

from typing import Any

# fmt: off
LEARNED: dict[str, dict[str, Any]] = {
'''
TAIL = '''}
# fmt: on
"""By portfolio what ``weights.LearnedWeights.dump`` says (decision 0039)."""
'''


def module(tables: dict[str, dict[str, Any]]) -> str:
    """Tables as the module that ships: a line a name or row."""
    lines = []
    for portfolio, held in tables.items():
        lines.append(f'    "{portfolio}": {{')
        lines += [
            '        "members": [',
            *(f'            "{each}",' for each in held["members"]),
            "        ],",
        ]
        for name in ("seen", "table"):
            rows = [f'            "{each}": {row},' for each, row in held[name].items()]
            lines += [f'        "{name}": {{', *rows, "        },"]
        lines.append("    },")
    return HEAD + "\n".join(lines) + "\n" + TAIL


def main() -> None:
    """Forecast, learn, print; with ``--write`` the table is replaced."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--kept", type=Path, help="file that keeps the forecasts, to be read where it is there"
    )
    parser.add_argument("--write", action="store_true", help=f"replace {OUT}")
    given = parser.parse_args()
    every = tuple(portfolios.portfolio("full").weights)
    if given.kept is not None and given.kept.exists():
        windows = read(given.kept, every)
    else:
        windows = {label: window(held, every, given.jobs) for label, held in panels(given.data).items()}
        if given.kept is not None:
            keep(given.kept, every, windows)
    tables = {}
    for name in ("standard", "full"):
        names = tuple(portfolios.portfolio(name).weights)
        places = [every.index(each) for each in names]
        own = {label: one.of(places) for label, one in windows.items()}
        say(f"{name}: {', '.join(f'{len(one.said)} series of {label}' for label, one in own.items())}")
        tell(own, names)
        tables[name] = learn(list(own.values()), names, CHOSEN).dump()
    if given.write:
        OUT.write_text(module(tables))


if __name__ == "__main__":
    main()
