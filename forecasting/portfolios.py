"""Portfolios: which models are fitted together, and how they become one forecast."""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.ensemble import Rule
from forecasting.errors import UnknownModelError
from forecasting.models import registry
from forecasting.models.global_trees import NAME as GLOBAL
from forecasting.models.global_trees import NAMES

BASELINE = "seasonal_naive"
"""Fitted for every publication; it stands where nothing else does."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Members with their weights, and the rule that combines them (decisions 0010, 0039 and 0040).

    A weight counts against those of the members that passed the gate. ``weights`` are what members have
    before a series is seen; with ``learned`` they are its own by what it looks like, and add up to the same
    ``votes``. ``earned`` are members shown with their score, that get EARNED_WEIGHT only where they earn it
    on the series' own past.
    """

    name: str
    weights: dict[str, float]
    rule: Rule = "mean"
    earned: tuple[str, ...] = ()
    learned: bool = False

    @property
    def votes(self) -> float:
        """What the weights add up to: one of another family holds 1 beside it."""
        return sum(self.weights.values())

    @property
    def members(self) -> tuple[str, ...]:
        """Names of all members, those first that always have a weight."""
        return (*self.weights, *self.earned)


EARNED_WEIGHT = 0.5
"""Weight of a member that earned one; each family holds 1."""

FAMILIES = 3.0
"""Votes of a portfolio whose weights are learned, beside which a forecast of others has one: a vote each for
models that smooth, for Theta, and for global trees."""


def _learned(name: str, members: tuple[str, ...], earned: tuple[str, ...] = ()) -> Portfolio:
    return Portfolio(name, dict.fromkeys(members, FAMILIES / len(members)), "midway", earned, learned=True)


_STANDARD = ("ets_damped_log", "ets_level_log", "theta", "mstl_damped_log", *NAMES)

_PORTFOLIOS = {
    portfolio.name: portfolio
    for portfolio in (
        Portfolio("fast", {"theta": 0.5, "theta_log": 0.5, GLOBAL: 1.0}),
        _learned("standard", _STANDARD),
        _learned(
            "full", (*_STANDARD, "theta_log", "ets_damped", "ces", "local_level"), ("airline", "prophet")
        ),
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
    if name in (*registry.names(), *NAMES):
        return Portfolio(name, {name: 1.0})
    raise UnknownModelError(name, (*_PORTFOLIOS, *registry.names(), *NAMES))
