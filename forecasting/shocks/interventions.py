"""What kind of shock it is: probabilities from a prior at first sight, revised as months arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecasting.shocks import prior
from forecasting.shocks.counterfactual import Counterfactual

Floats = NDArray[np.float64]
Side = Literal["down", "up"]

DECAY = 0.7
"""Share of a temporary change left after a month (Chen and Liu 1993, doi:10.1080/01621459.1993.10594321)."""
GIVEN_BACK = 0.35
"""Share of a rush that each of the two months after it loses."""
MISFIT = 0.15
"""Standard deviation of a real path around its type's, as a share of the effect; it bounds certainty."""


class Intervention(StrEnum):
    """The types of a shock."""

    AO = "AO"
    LS = "LS"
    TC = "TC"
    ANTICIPATION = "anticipation"

    @property
    def phrase(self) -> str:
        """In plain words."""
        return {"AO": "one month", "LS": "it lasts", "TC": "it fades", "anticipation": "a rush, given back"}[
            self
        ]


Probabilities = Mapping[Intervention, float]


@dataclass(frozen=True, slots=True)
class Typing:
    """Probabilities of the types, at first sight and now; each set sums to one.

    ``months_seen`` counts months from onset on; 1 is the onset alone.
    """

    at_first_sight: Probabilities
    now: Probabilities
    months_seen: int

    @property
    def likeliest(self) -> Intervention:
        """The type with the largest probability now."""
        return max(self.now, key=lambda kind: self.now[kind])


def path(kind: Intervention, months: int) -> Floats:
    """Effect (months,) of a shock of size one at onset, on the working scale."""
    steps = np.arange(months)
    if kind is Intervention.AO:
        return np.asarray(steps == 0, dtype=np.float64)
    if kind is Intervention.LS:
        return np.ones(months)
    if kind is Intervention.TC:
        return np.asarray(DECAY**steps, dtype=np.float64)
    return np.where(steps == 0, 1.0, np.where(steps <= 2, -GIVEN_BACK, 0.0))


def prior_of(side: Side, *, measure_ahead: bool = False) -> dict[Intervention, float]:
    """Probabilities before any month after onset, learned from labelled shocks (see prior.py).

    ``measure_ahead`` says that a dated measure was announced and not yet in force: a rush then weighs as much
    as all other types of an upward shock together, which is a judgement and not learned.
    """
    weights = {Intervention(name): weight for name, weight in prior.PRIOR[side].items()}
    if measure_ahead and side == "up":
        rest = sum(weight for kind, weight in weights.items() if kind is not Intervention.ANTICIPATION)
        weights[Intervention.ANTICIPATION] = max(weights[Intervention.ANTICIPATION], rest)
    total = sum(weights.values())
    return {kind: weight / total for kind, weight in weights.items()}


def typing(
    baseline: Counterfactual, figures: Floats, onset: int, side: Side, *, measure_ahead: bool = False
) -> Typing:
    """Types of a shock at step ``onset`` of the baseline, from figures (months,) of its first months.

    NaN where a month is not held. By Bayes' rule: the deviation from the baseline is the effect times the
    type's path, plus forecast error, plus a misfit of the path; the effect has a flat prior on the shock's
    side within ten times its first deviation, so the onset alone leaves the prior as it is.
    """
    first = prior_of(side, measure_ahead=measure_ahead)
    deviations = baseline.score(figures) - baseline.score(baseline.median[: len(figures)])
    seen = np.flatnonzero(np.isfinite(deviations[onset:])) + onset
    months = int(seen[-1]) - onset + 1 if seen.size else 1
    if seen.size < 2:
        return Typing(first, first, months)
    logs = {
        kind: np.log(weight) + evidence(baseline, deviations, onset, seen, kind)
        for kind, weight in first.items()
    }
    best = max(logs.values())
    weights = {kind: float(np.exp(value - best)) for kind, value in logs.items()}
    total = sum(weights.values())
    return Typing(first, {kind: weight / total for kind, weight in weights.items()}, months)


def evidence(
    baseline: Counterfactual, deviations: Floats, onset: int, seen: NDArray[np.intp], kind: Intervention
) -> float:
    """Log likelihood of the deviations seen under one type, relative to a common constant.

    Effects are integrated on a grid of 81 multiples, 0.25 to 2, of the first deviation.
    """
    covariance = baseline.covariance[np.ix_(seen, seen)]
    observed = deviations[seen]
    shape = path(kind, len(deviations) - onset)[seen - onset]
    first = float(observed[0])
    misfit = np.diag(np.where(seen > onset, (MISFIT * first) ** 2, 0.0))
    inverse = np.linalg.inv(covariance + misfit)
    effects = first * np.linspace(0.25, 2.0, 81)
    residuals = observed[None, :] - effects[:, None] * shape[None, :]
    exponents = -0.5 * np.einsum("ei,ij,ej->e", residuals, inverse, residuals)
    peak = float(exponents.max())
    return peak + float(np.log(np.exp(exponents - peak).mean()))
