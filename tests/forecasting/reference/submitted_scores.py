"""Writes submitted_scores.json: ``python tests/forecasting/reference/submitted_scores.py``.

Figures of three series over four years, what a forecaster said of each, our own errors and seasonal naive's,
and the means over them by pandas alone: MASE, bias, shares held, and the mean difference a month.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

KINDS = ("point", "range", "quantiles")


def rows() -> pd.DataFrame:
    """One row a figure, drawn once with a seed of its own."""
    rng = np.random.default_rng(22)
    made = []
    for place, series in enumerate(("A", "B", "C")):
        scale = (40.0, 900.0, 0.5)[place]
        for month in range(48):
            if rng.uniform() < 0.2:
                continue  # nobody foretold it
            value, expected = (round(float(each), 4) for each in scale * rng.normal(10, 1, 2))
            width = round(float(scale * rng.uniform(0.5, 2)), 4)
            made.append(
                {
                    "series_id": series,
                    "month": month,
                    "kind": KINDS[int(rng.integers(3))],
                    "value": value,
                    "expected": expected,
                    "low": round(expected - width, 4),
                    "high": round(expected + width, 4),
                    "scale": None if rng.uniform() < 0.05 else scale,
                    "ours": None if rng.uniform() < 0.05 else round(float(abs(rng.normal(0, 1))), 4),
                    "naive": round(float(abs(rng.normal(0, 1.5))), 4),
                }
            )
    return pd.DataFrame(made)


def means(table: pd.DataFrame) -> dict[str, float | int]:
    """What the scoreboard says of these figures."""
    error = (table["expected"] - table["value"]) / table["scale"].astype(float)
    inside = (table["low"] <= table["value"]) & (table["value"] <= table["high"])
    apart = (error.abs() - table["ours"].astype(float)).dropna()
    by_month = apart.groupby(table["month"]).mean()
    return {
        "figures": len(table),
        "mase": error.abs().mean(),
        "bias": error.mean(),
        "ours": table["ours"].astype(float).mean(),
        "naive": table["naive"].mean(),
        "coverage_range": float(inside[table["kind"] == "range"].mean()),
        "coverage_80": float(inside[table["kind"] == "quantiles"].mean()),
        "months": len(by_month),
        "difference": by_month.mean(),
    }


if __name__ == "__main__":
    drawn = rows()
    told = {"rows": json.loads(drawn.to_json(orient="records")), "means": means(drawn)}
    Path(__file__).with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n")
