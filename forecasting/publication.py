"""What the engine hands back for one series: a forecast with its members, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forecasting.forecast import Forecast
from forecasting.months import Month


@dataclass(frozen=True, slots=True)
class Member:
    """One model's part in a publication.

    ``weight`` is its share in the combined forecast, 0 where it is shown only; ``left_out`` says why there
    is no part; ``score`` is its mean absolute scaled error one horizon ago, where it was refitted there;
    ``note`` says what was done to its input; ``refused`` is True where the sanity gate left it out.

    A forecaster of elsewhere has no path here: ``note`` names the months that it foretold, ``weight`` is its
    share in these (the largest, where others weigh in on some), beside which the shares of the models shrink;
    ``score`` is its error on the figures that it and we foretold, and ``moved`` by how much it moved the
    median of each month, in the unit.
    """

    name: str
    forecast: Forecast | None
    weight: float
    left_out: str | None = None
    score: float | None = None
    note: str | None = None
    moved: tuple[tuple[Month, float], ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Publication:
    """The forecast of one series with its members; without one, ``reason`` says why.

    With one, ``reason`` says what kind it is where it is not the portfolio's usual, and which months before
    its first are not held; None where there is neither to say. ``votes`` is what the weights of its members
    added up to before they became shares: a family of models holds 1.
    """

    series_id: str
    forecast: Forecast | None
    members: tuple[Member, ...]
    reason: str | None = None
    votes: float = 1.0


@dataclass(frozen=True, slots=True)
class Fit:
    """One fit that is about to run: of which model, on which series."""

    model: str
    series_id: str
    run: Callable[[], Forecast]


Guard = Callable[[Fit], Forecast]
"""Runs a fit under the caller's time limit; ModelFailedError when the time is over."""


def unlimited(fit: Fit) -> Forecast:
    """Run a fit with no time limit."""
    return fit.run()
