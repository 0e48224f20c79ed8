"""Which way a shock went: the side of each verdict that is one."""

from __future__ import annotations

from forecasting.shocks.detection import Verdict
from forecasting.shocks.interventions import Side

SIDES: dict[Verdict, Side] = {Verdict.SHOCK_DOWN: "down", Verdict.SHOCK_UP: "up"}
