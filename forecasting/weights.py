"""Weights of members by what a series looks like, learned from training windows (decisions 0039 and 0040).

Montero-Manso et al. 2020, doi:10.1016/j.ijforecast.2019.02.011, learn such weights with boosted trees; here
they are a softmax of a few features, whose numbers can be read and ship as a table.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.learned_weights import LEARNED
from forecasting.metrics import SEASON
from forecasting.models.seasonality import variance_ratio
from forecasting.series import Series

Array = NDArray[np.float64]

FEATURES = (
    "length",
    "season",
    "drift",
    "drift either way",
    "yearly noise",
    "persistence",
    "last year",
    "positive",
    "monthly noise",
)
SHORTEST = 2 * SEASON + 1
"""Months below which a series has too few yearly changes to look like anything: it gets the usual weights."""
FARTHEST = 3.0
"""Standard deviations from the training windows' mean at which a feature is cut."""
_LEAST_NOISE, _LEAST_STEP = 1e-6, 1e-4
_RATIOS = (0.1, 100.0)
_DECIMALS = 3
_USUAL = "usual"


def features(series: Series) -> Array:
    """What a complete series of SHORTEST months or more looks like: (FEATURES,), free of its unit.

    On logs where every figure is above zero, else on inverse hyperbolic sines of it over its mean size:
    length, variance ratio of the season, mean yearly change over its deviation and the size of that, the
    deviation, correlation of yearly changes a month apart, how far the last year's lie from their mean,
    whether all is positive, and the deviation of monthly changes. Lengths, ratios and deviations are in logs.
    """
    values = series.values
    positive = bool((values > 0).all())
    size = float(np.mean(np.abs(values))) or 1.0
    working = np.log(values / size) if positive else np.arcsinh(values / size)
    changes = working[SEASON:] - working[:-SEASON]
    mean, noise = float(changes.mean()), float(changes.std()) + _LEAST_NOISE
    ratio = variance_ratio(working)
    return np.array(
        [
            np.log(len(values) / 100),
            np.log(np.clip(1.0 if ratio is None else ratio, *_RATIOS)),
            mean / noise,
            abs(mean) / noise,
            np.log(noise),
            _persistence(changes),
            (float(changes[-SEASON:].mean()) - mean) / noise,
            float(positive),
            np.log(float(np.diff(working).std()) + _LEAST_STEP),
        ]
    )


def _persistence(changes: Array) -> float:
    """Correlation of changes a month apart; 0 where one side never varies."""
    early, late = changes[:-1] - changes[:-1].mean(), changes[1:] - changes[1:].mean()
    scale = float(np.sqrt((early**2).sum() * (late**2).sum()))
    return float((early * late).sum()) / scale if scale > _LEAST_NOISE**2 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class LearnedWeights:
    """A table of weights.

    Attributes
    ----------
    members
        Names (m,), in the table's order.
    centre, spread
        Mean and standard deviation (f,) of each feature in the training windows.
    table
        (1 + f, m): what each member has in any case, and for a standard deviation of each feature, in logs.
    """

    members: tuple[str, ...]
    centre: Array
    spread: Array
    table: Array

    def of(self, series: Series, votes: float) -> dict[str, float]:
        """The weight of each member for a complete series, ``votes`` together."""
        known = len(series.values) >= SHORTEST
        seen = (features(series) - self.centre) / self.spread if known else np.zeros(len(self.centre))
        shares = softmax(self.table[0] + np.clip(seen, -FARTHEST, FARTHEST) @ self.table[1:])
        return dict(zip(self.members, (votes * shares).tolist(), strict=True))

    def dump(self) -> dict[str, Any]:
        """As ``shipped`` reads it, to three decimals: a row by its feature, and what is usual first."""
        seen = zip(FEATURES, np.column_stack([self.centre, self.spread]), strict=True)
        rows = zip((_USUAL, *FEATURES), self.table, strict=True)
        return {
            "members": list(self.members),
            "seen": {name: pair.round(_DECIMALS).tolist() for name, pair in seen},
            "table": {name: row.round(_DECIMALS).tolist() for name, row in rows},
        }


def softmax(logits: Array) -> Array:
    """Shares (…, m) that add up to 1 along the last axis, in proportion to exp(logits)."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


@cache
def edition() -> str:
    """Twelve hex digits of SHA-256 of the tables that ship: another edition is another engine."""
    return hashlib.sha256(json.dumps(LEARNED).encode()).hexdigest()[:12]


@cache
def shipped(portfolio: str) -> LearnedWeights:
    """The table that ships for a portfolio, made by ``python -m tests.benchmarks.learn_weights``."""
    return read(LEARNED[portfolio])


def read(held: dict[str, Any]) -> LearnedWeights:
    """A table from what ``dump`` says; KeyError where a feature has no row in it."""
    centre, spread = np.array([held["seen"][name] for name in FEATURES]).T
    table = np.array([held["table"][name] for name in (_USUAL, *FEATURES)])
    return LearnedWeights(tuple(held["members"]), centre, spread, table)
