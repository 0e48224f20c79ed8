"""Learn the prior of shock types from labelled shocks and print the module forecasting/shocks/prior.py.

Run: python tests/benchmarks/learn_shock_prior.py SHOCKS.csv > forecasting/shocks/prior.py
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

TYPES = {"down": ("AO", "LS", "TC"), "up": ("AO", "LS", "TC", "anticipation")}
SHAPES = {"pulse": "AO", "step": "LS", "ramp": "LS", "temporary": "TC"}
SMOOTHING = 1.0
"""Pseudo-count of each type: nothing is impossible because it was not labelled (Laplace's rule)."""


def learn(labels: list[dict[str, str]]) -> tuple[dict[str, dict[str, float]], int]:
    """Weights by side and type; each event counts one, shared by its labels; and the count of events."""
    events: dict[tuple[str, str], list[str]] = defaultdict(list)
    for label in labels:
        kind = "anticipation" if label["kind"] == "anticipation" else SHAPES[label["shape"]]
        events[label["direction"], label["description"]].append(kind)
    counts: dict[str, Counter[str]] = {side: Counter() for side in TYPES}
    for (side, _), kinds in events.items():
        for kind in kinds:
            counts[side][kind] += 1 / len(kinds)
    weights = {}
    for side, kinds in TYPES.items():
        total = sum(counts[side][kind] + SMOOTHING for kind in kinds)
        weights[side] = {kind: round((counts[side][kind] + SMOOTHING) / total, 3) for kind in kinds}
    return weights, len(events)


def main() -> None:
    """Print the module."""
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    weights, events = learn(labels)
    lines = [
        '"""Prior of shock types, learned from labelled shocks.',
        "",
        f"Written by tests/benchmarks/learn_shock_prior.py from {len(labels)} labels of {events} events",
        "of official trade statistics: share of events of each type, one pseudo-event of each type added.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "PRIOR: dict[str, dict[str, float]] = {",
    ]
    for side, kinds in weights.items():
        pairs = ", ".join(f'"{kind}": {weight}' for kind, weight in kinds.items())
        lines.append(f'    "{side}": {{{pairs}}},')
    sys.stdout.write("\n".join([*lines, "}", ""]))


if __name__ == "__main__":
    main()
