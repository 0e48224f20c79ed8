"""Writes diebold_mariano.csv: ``python tests/forecasting/reference/diebold_mariano.py``.

The test of Diebold and Mariano by statsmodels alone: the mean of the losses' differences as a regression on a
constant, its standard error by Newey and West's with h - 1 lags, the correction of Harvey, Leybourne and
Newbold and Student's t by scipy.stats. Differences are drawn once by numpy with the seed of each case.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy import stats

CASES = [
    (seed, months, ahead)
    for seed, months in enumerate((8, 12, 37, 120))
    for ahead in (1, 2, 6)
    if 2 * ahead <= months
]


def differences(seed: int, months: int) -> np.ndarray:
    """Differences of losses with some memory, about a mean that is not zero."""
    drawn = np.random.default_rng(seed).normal(0.1, 0.5, months + 1)
    return np.round(drawn[1:] + 0.4 * drawn[:-1], 6)


def row(seed: int, months: int, ahead: int) -> list[str]:
    """Statistic and p-value of one case."""
    drawn = differences(seed, months)
    fitted = sm.OLS(drawn, np.ones(months)).fit(
        cov_type="HAC", cov_kwds={"maxlags": ahead - 1, "use_correction": False}
    )
    few = math.sqrt((months + 1 - 2 * ahead + ahead * (ahead - 1) / months) / months)
    statistic = few * float(fitted.tvalues[0])
    p_value = 2 * stats.t.sf(abs(statistic), months - 1)
    return [str(ahead), " ".join(map(str, drawn)), f"{statistic:.12g}", f"{p_value:.12g}"]


if __name__ == "__main__":
    with Path(__file__).with_suffix(".csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ahead", "differences", "statistic", "p_value"])
        writer.writerows(row(*case) for case in CASES)
