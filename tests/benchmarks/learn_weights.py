"""What forecasting/learned_weights.py holds, learned: ``python -m tests.benchmarks.learn_weights --write``.

Weights are learned from all origins of ``weight_windows``. Also prints what they come to at an origin that
they were not learned from, and on the panel that they were not learned from, beside equal ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from forecasting import metrics, portfolios
from forecasting.weights import FARTHEST, LearnedWeights, softmax
from tests.benchmarks.weight_windows import Window, Windows, joined, keep, read, windows_of

Array = NDArray[np.float64]

PENALTIES = (1e-2, 3e-3, 1e-3, 3e-4)
CHOSEN = 3e-3
"""Penalty of a squared weight, chosen by the origins that were not learned from."""
OUT = Path("forecasting/learned_weights.py")

say = partial(print, flush=True)


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


def apart(windows: Windows, names: Sequence[str], penalty: float, *, fixed: bool = False) -> str:
    """Each panel's OWA at each origin, with weights that were learned from all other origins of both."""
    told: dict[str, list[tuple[Window, Array]]] = {label: [] for label in windows}
    for back in sorted({back for held in windows.values() for back in held}):
        others = [joined(held[each] for each in held if each != back) for held in windows.values()]
        learned = learn(others, names, penalty, fixed=fixed)
        for label, held in windows.items():
            if back in held:
                told[label].append((held[back], _paths(held[back], learned)))
    return ", ".join(_against(label, pairs) for label, pairs in told.items())


def crossed(windows: Windows, names: Sequence[str], penalty: float) -> str:
    """Each panel's OWA with weights that were learned from the other alone."""
    told = []
    for label, other in (("trade", "M3"), ("M3", "trade")):
        learned = learn([joined(windows[other].values())], names, penalty)
        told.append(_against(label, [(one, _paths(one, learned)) for one in windows[label].values()]))
    return ", ".join(told)


def _paths(one: Window, learned: LearnedWeights) -> Array:
    (held,) = seen([one], learned)
    return midway(one, softmax(held @ learned.table))


def _against(label: str, pairs: Sequence[tuple[Window, Array]]) -> str:
    """Mean OWA over the origins, how far it is from that of equal weights, and that at each of them."""
    count = pairs[0][0].said.shape[1]
    own = np.array([one.owa(path) for one, path in pairs])
    equal = np.array([one.owa(midway(one, np.full((len(path), count), 1 / count))) for one, path in pairs])
    gaps = " ".join(f"{gap:+.4f}" for gap in own - equal)
    return f"{label} {own.mean():.4f} ({(own - equal).mean():+.4f}: {gaps})"


def tell(windows: Windows, names: Sequence[str]) -> None:
    """OWA at origins that were not learned from; and of a panel that the other's weights are applied to."""
    say(f"  the same for every series: {apart(windows, names, CHOSEN, fixed=True)}")
    for penalty in PENALTIES:
        say(f"  by features, penalty {penalty:g}: {apart(windows, names, penalty)}")
        say(f"    learned from the other panel alone: {crossed(windows, names, penalty)}")


HEAD = '''"""Weights of members by what a series looks like, made by tests/benchmarks/learn_weights."""

from __future__ import annotations

from typing import Any

# fmt: off
LEARNED: dict[str, dict[str, Any]] = {
'''
TAIL = '''}
# fmt: on
"""By portfolio what ``weights.LearnedWeights.dump`` says (decisions 0039 and 0040)."""
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
        windows = windows_of(given.data, every, given.jobs)
        if given.kept is not None:
            keep(given.kept, every, windows)
    tables = {}
    for name in ("standard", "full"):
        names = tuple(portfolios.portfolio(name).weights)
        places = [every.index(each) for each in names]
        own = {label: {back: one.of(places) for back, one in held.items()} for label, held in windows.items()}
        say(name)
        tell(own, names)
        tables[name] = learn([joined(held.values()) for held in own.values()], names, CHOSEN).dump()
    if given.write:
        OUT.write_text(module(tables))


if __name__ == "__main__":
    main()
