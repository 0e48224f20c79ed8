"""Portfolios: which models are fitted together, and how they become one forecast."""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.ensemble import Rule
from forecasting.errors import UnknownModelError
from forecasting.models import registry

BASELINE = "seasonal_naive"
"""Fitted for every publication; it stands where nothing else does."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Model names and the rule that combines them; chosen on training windows (decision 0010)."""

    name: str
    members: tuple[str, ...]
    rule: Rule


_PORTFOLIOS = {
    portfolio.name: portfolio
    for portfolio in (
        Portfolio("fast", ("theta", "mstl_ets"), "mean"),
        Portfolio("standard", ("ets_damped", "theta", "mstl_ets"), "median"),
        Portfolio("full", ("ets_damped", "theta", "mstl_ets", "ces", "local_level"), "median"),
    )
}

SCATTERED = Portfolio("scattered", ("local_level", "ets_damped", "theta"), "median")
"""For a series with many missing months: the spread is that of the members which read the gaps."""

SHORT = Portfolio("short", ("local_level",), "mean")
"""For a series of few months: a pooled prior scaled to its level."""


def portfolio(name: str) -> Portfolio:
    """The portfolio of that name, or a model alone; UnknownModelError names all there are."""
    if name in _PORTFOLIOS:
        return _PORTFOLIOS[name]
    if name in registry.names():
        return Portfolio(name, (name,), "mean")
    raise UnknownModelError(name, (*_PORTFOLIOS, *registry.names()))
