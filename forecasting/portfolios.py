"""Portfolios: which models are fitted together, and how they become one forecast."""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.ensemble import Rule
from forecasting.errors import UnknownModelError
from forecasting.models import registry
from forecasting.models.global_trees import NAME as GLOBAL

BASELINE = "seasonal_naive"
"""Fitted for every publication; it stands where nothing else does."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Members with their weights, and the rule that combines them (decision 0010).

    A weight counts against those of the members that passed the gate. Weights are equal between families
    (exponential smoothing, Theta, global), then within each: a second relative adds no vote. ``earned`` are
    members shown with their score, that get EARNED_WEIGHT only where they earn it on the series' own past.
    """

    name: str
    weights: dict[str, float]
    rule: Rule = "mean"
    earned: tuple[str, ...] = ()

    @property
    def members(self) -> tuple[str, ...]:
        """Names of all members, those first that always have a weight."""
        return (*self.weights, *self.earned)


EARNED_WEIGHT = 0.5
"""Weight of a member that earned one; each family holds 1."""

_STANDARD = {"ets_damped_log": 0.5, "ets_level_log": 0.5, "theta": 0.5, "theta_log": 0.5, GLOBAL: 1.0}

_PORTFOLIOS = {
    portfolio.name: portfolio
    for portfolio in (
        Portfolio("fast", {"theta": 0.5, "theta_log": 0.5, GLOBAL: 1.0}),
        Portfolio("standard", _STANDARD, "midway"),
        Portfolio("full", _STANDARD, "midway", earned=("ces", "airline", "local_level", "prophet")),
    )
}

SCATTERED = Portfolio("scattered", {"local_level": 1.0, "ets_damped": 1.0, "theta": 1.0}, "median")
"""For a series with many missing months: the spread is that of the members which read the gaps."""

SHORT = Portfolio("short", {"local_level": 1.0})
"""For a series of few months: a pooled prior scaled to its level."""


def portfolio(name: str) -> Portfolio:
    """The portfolio of that name, or a model alone; UnknownModelError names all there are."""
    if name in _PORTFOLIOS:
        return _PORTFOLIOS[name]
    if name in (*registry.names(), GLOBAL):
        return Portfolio(name, {name: 1.0})
    raise UnknownModelError(name, (*_PORTFOLIOS, *registry.names(), GLOBAL))
