"""Prior of shock types, learned from labelled shocks.

Written by tests/benchmarks/learn_shock_prior.py from 57 labels of 37 events
of official trade statistics: share of events of each type, one pseudo-event of each type added.
"""

from __future__ import annotations

PRIOR: dict[str, dict[str, float]] = {
    "down": {"AO": 0.176, "LS": 0.559, "TC": 0.265},
    "up": {"AO": 0.1, "LS": 0.6, "TC": 0.1, "anticipation": 0.2},
}
