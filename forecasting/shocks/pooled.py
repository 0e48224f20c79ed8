"""Pooled spreads of the witnesses, and the shape of their standardised errors.

Written by tests/benchmarks/learn_witnesses.py from 741 training series and 83437 months.
"""

from __future__ import annotations

SPREAD: dict[str, float] = {"year": 0.335, "level": 0.242, "recent": 0.235}
"""Median spread over the series of one-month-ahead errors, in logs."""

SHAPE: dict[float, float] = {
    0.01: -2.535,
    0.025: -1.881,
    0.05: -1.453,
    0.1: -1.046,
    0.2: -0.628,
    0.25: -0.489,
    0.3: -0.370,
    0.4: -0.174,
    0.5: 0.005,
    0.6: 0.185,
    0.7: 0.384,
    0.75: 0.501,
    0.8: 0.638,
    0.9: 1.055,
    0.95: 1.456,
    0.975: 1.858,
    0.99: 2.472,
}
"""Quantile by level of the errors divided by their spread."""
