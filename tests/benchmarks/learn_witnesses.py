"""Learn the witnesses' pooled spreads and the shape of their errors; prints forecasting/shocks/pooled.py.

Run: python tests/benchmarks/learn_witnesses.py DATA_DIR KEPT > pooled.py.new
DATA_DIR holds panel.parquet and shocks.csv, KEPT the forecasts that shocks.py --keep wrote. Uses the
training half of the panel's series (sha256 of the id is even). Spreads are of every fourth. The shape is of
the quarters drawn, by the mix with the forecast that judges them; beyond the published levels it goes on as
that of the witnesses alone does, over more quarters. The first twelve months of each label are left out.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from judged import Quarter, quarters, read, read_complete

from forecasting.forecast import HORIZON, LEVELS
from forecasting.months import Month
from forecasting.shocks import pooled, witnesses

CRISES = (2008, 2009, 2020, 2021)
TAILS = (0.0005, 0.001, 0.0025, 0.005)
"""Levels beyond the published ones, each side: the smallest budgets are spent there."""
EVERY = 4
"""Of so many training series one gives the spreads."""
MORE = 8_000
"""Quarters drawn for the tails, which need more months than forecasts can be made for."""


def training(series_id: str) -> bool:
    """True for the half of the series that may be learned from."""
    return hashlib.sha256(series_id.encode()).digest()[0] % 2 == 0


def scored(values: np.ndarray) -> np.ndarray | None:
    """The figures on the witnesses' scale; None where they are not used."""
    sizes = values[values > 0]
    if sizes.size < 24 or (values < 0).any():
        return None
    return np.log(values + witnesses.FLOOR_SHARE * np.median(sizes))


def spread_ahead(series: list[np.ndarray], name: str) -> tuple[float, ...]:
    """Median over the series of one witness's spread, 1 to HORIZON months ahead, in logs."""
    medians = []
    for step in range(1, HORIZON + 1):
        own = []
        for scores in series:
            errors = scores - witnesses.said(scores, step)[name][: len(scores)]
            found = witnesses.record(errors, 0.0, None)
            if found is not None and np.isfinite(errors).sum() >= 24:
                own.append(found[1])
        medians.append(round(float(np.median(own)), 3))
    return tuple(medians)


def standardised(quarter: Quarter, labelled: set[Month]) -> list[float]:
    """Errors of the mix over its spread, in the months of a quarter that no label covers."""
    errors = []
    for month in quarter.months:
        mix = witnesses.mixed(quarter.series.until(month - 1), quarter.published, horizon=1)
        if mix is not None and month not in labelled:
            errors.append(float((mix.score(quarter.series.at(month)) - mix.centre[0]) / mix.spread[0]))
    return errors


def main() -> None:
    """Print the module."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path)
    options.add_argument("kept", type=Path)
    asked = options.parse_args()
    panel = read_complete(asked.data)
    figures = [scored(series.values) for series in panel if training(series.id)][::EVERY]
    scores = [found for found in figures if found is not None]
    pooled.SPREAD.update({name: spread_ahead(scores, name) for name in pooled.SPREAD})
    labelled = defaultdict(set)
    for label in pd.read_csv(asked.data / "shocks.csv").itertuples():
        labelled[label.series_id] |= {Month.parse(label.month) + lag for lag in range(12)}
    learned = [each for each in read(asked.kept, panel) if each.drawn and training(each.series.id)]
    errors = [error for each in learned for error in standardised(each, labelled[each.series.id])]
    more = [each for each in quarters(panel, asked.data, MORE) if each.drawn and training(each.series.id)]
    plain = [error for each in more for error in standardised(each, labelled[each.series.id])]
    shape = {level: float(np.quantile(errors, level)) for level in LEVELS}
    for level in TAILS:
        for far, end in ((level, LEVELS[0]), (1 - level, LEVELS[-1])):
            shape[far] = shape[end] * float(np.quantile(plain, far) / np.quantile(plain, end))
    lines = [
        '"""Pooled spreads of the witnesses, and the shape of the errors of their mix with a forecast.',
        "",
        f"Written by tests/benchmarks/learn_witnesses.py from {len(scores)} training series (spread),",
        f"and from {len(errors)} months of them, beyond the published levels from {len(plain)} (shape).",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "SPREAD: dict[str, tuple[float, ...]] = {",
        *(f'    "{name}": {values},' for name, values in pooled.SPREAD.items()),
        "}",
        '"""Median spread over the series of errors 1 to 18 months ahead, in logs; the last holds beyond."""',
        "",
        "SHAPE: dict[float, float] = {",
        *(f"    {level:.6g}: {shape[level]:.3f}," for level in sorted(shape)),
        "}",
        '"""Quantile by level of the errors one month ahead divided by their spread."""',
    ]
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
