"""Learn the witnesses' pooled spreads and the shape of their errors; prints forecasting/shocks/pooled.py.

Run: python tests/benchmarks/learn_witnesses.py PANEL.parquet > forecasting/shocks/pooled.py.new
Uses the training half of the panel's series (sha256 of the id is even), outside 2008-09 and 2020-21, whose
shocks are real.
"""

from __future__ import annotations

import hashlib
import sys

import numpy as np
import pandas as pd

from forecasting.forecast import HORIZON, LEVELS
from forecasting.months import Month
from forecasting.shocks import pooled, witnesses

CRISES = (2008, 2009, 2020, 2021)
FIRST_JUDGED = Month.of(2005, 1)


def training(series_id: str) -> bool:
    """True for the half of the series that may be learned from."""
    return hashlib.sha256(series_id.encode()).digest()[0] % 2 == 0


def scored(group: pd.DataFrame) -> tuple[np.ndarray, Month] | None:
    """The series on the witnesses' scale with its first month; None where it is not used."""
    ordinals = np.array([Month.parse(month).ordinal for month in group["month"]])
    values = np.full(ordinals.max() - ordinals.min() + 1, np.nan)
    values[ordinals - ordinals.min()] = group["value"]
    sizes = values[values > 0]
    if sizes.size < 24 or (values < 0).any():
        return None
    return np.log(values + witnesses.FLOOR_SHARE * np.median(sizes)), Month(int(ordinals.min()))


def spread_ahead(series: list[tuple[np.ndarray, Month]], name: str) -> tuple[float, ...]:
    """Median over the series of one witness's spread, 1 to HORIZON months ahead, in logs."""
    medians = []
    for step in range(1, HORIZON + 1):
        own = []
        for scores, _ in series:
            errors = scores - witnesses.said(scores, step)[name][: len(scores)]
            found = witnesses.record(errors, 0.0, 1e-9)
            if found is not None and np.isfinite(errors).sum() >= 24:
                own.append(found[1])
        medians.append(round(float(np.median(own)), 3))
    return tuple(medians)


def main() -> None:
    """Print the module."""
    panel = pd.read_parquet(sys.argv[1])
    series = [
        found
        for series_id, group in panel.groupby("series_id")
        if training(str(series_id)) and (found := scored(group)) is not None
    ]
    spreads = {name: spread_ahead(series, name) for name in pooled.SPREAD}
    standard = []
    for scores, start in series:
        words = witnesses.said(scores, 1)
        for place in range(24, len(scores)):
            month = start + place
            if month < FIRST_JUDGED or month.year in CRISES or not np.isfinite(scores[place]):
                continue
            voices = [
                voice
                for name, word in words.items()
                if (voice := witnesses.record((scores - word[:-1])[:place], word[place], spreads[name][0]))
            ]
            if voices:
                centre, spread = np.mean(voices, axis=0)
                standard.append((scores[place] - centre) / spread)
    shape = np.quantile(standard, LEVELS)
    lines = [
        '"""Pooled spreads of the witnesses, and the shape of their standardised errors.',
        "",
        f"Written by tests/benchmarks/learn_witnesses.py from {len(standard)} months",
        f"of {len(series)} training series.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "SPREAD: dict[str, tuple[float, ...]] = {",
        *(f'    "{name}": {values},' for name, values in spreads.items()),
        "}",
        '"""Median spread over the series of errors 1 to 18 months ahead, in logs; the last holds beyond."""',
        "",
        "SHAPE: dict[float, float] = {",
        *(f"    {level}: {value:.3f}," for level, value in zip(LEVELS, shape, strict=True)),
        "}",
        '"""Quantile by level of the errors one month ahead divided by their spread."""',
    ]
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
