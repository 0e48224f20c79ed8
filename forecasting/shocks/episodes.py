"""The life of a shock: onset, trough, recovery, and the shortfall against what would have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.counterfactual import Counterfactual, counterfactual
from forecasting.shocks.interventions import Side
from forecasting.shocks.parts import parts

RECOVERED_FIGURES = 2
"""Figures in a row inside the counterfactual's 80 % band that close an episode."""
RECOVERING_SHARE = 0.5
"""Share of the deepest loss won back from which an open episode is recovering."""
REOPENED_WITHIN = 3
"""Months after closing in which a figure outside the 95 % band, on the same side, reopens an episode."""
DRAWS = 2000
"""Joint paths drawn for the shortfall's interval: its bounds then move by about 2 % of its width."""


class Status(StrEnum):
    """Where an episode stands."""

    OPEN = "open"
    RECOVERING = "recovering"
    CLOSED = "closed"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Episode:
    """One shock on one series, as of the last figure of the series given; quantities in its unit.

    Attributes
    ----------
    onset
        Span of the first figure judged a shock.
    baseline_origin
        Last month that the forecast published before onset had seen.
    trough, trough_value, trough_expected
        The figure with the largest relative loss (for an upward shock the largest excess), and the
        counterfactual's median for it.
    recovered_share
        Share of the trough's loss won back by the last figure, or by the one that closed it: 0 at the
        trough, 1 on the median, and where no figure lies on the shock's side of it.
    months_under
        Months held from onset on, until closed, whose figure lies beyond the 80 % band on the shock's side.
    months_missing
        Months from onset to the last counted that are not held; no loss is counted for them.
    shortfall, shortfall_lower, shortfall_upper
        Counterfactual less actual, summed over the months held from onset until recovery (its mean), with
        the bounds of a 90 % interval; below zero is an excess.
    last_counted
        Last month in the shortfall: the month before recovery, or the last held.
    closed
        Month whose figure closed the episode.
    """

    id: str
    series_id: str
    unit: str
    side: Side
    status: Status
    onset: Span
    baseline_origin: Month
    trough: Span
    trough_value: float
    trough_expected: float
    recovered_share: float
    months_under: int
    months_missing: int
    shortfall: float
    shortfall_lower: float
    shortfall_upper: float
    last_counted: Month
    closed: Month | None


@dataclass(frozen=True, slots=True)
class _Step:
    """One held figure beside the counterfactual."""

    span: Span
    value: float
    expected: float
    inside: bool
    beyond_95: bool

    @property
    def loss(self) -> float:
        """Share of the expected figure that is missing; in units of it where that is not above zero."""
        return (self.expected - self.value) / max(abs(self.expected), 1e-12)


def episode(series: Series, before: Forecast, onset: Span, side: Side, *, seed: int = 0) -> Episode:
    """State of the episode that began at ``onset``, from the series as of any vintage.

    ``before`` is the forecast published before onset, rolled on by its last year where the episode outlives
    it. The state depends on nothing else, so each past one is had by giving the series as of its day.
    HorizonError where the forecast does not reach the onset; the onset is held in the series.
    """
    before.over(onset)
    baseline = counterfactual(before, max(series.end, onset.last))
    sign = 1.0 if side == "down" else -1.0
    steps = _steps(series, baseline, onset, sign)
    status, closing = _life(steps, sign)
    lived = steps if closing is None else steps[: closing + 1]
    counted = steps if closing is None else steps[: closing - RECOVERED_FIGURES + 1]
    trough = max(counted, key=lambda step: sign * step.loss)
    lower, mean, upper = _shortfall(baseline, counted, seed)
    last_counted = counted[-1].span.last
    held = sum(step.span.months for step in counted)
    return Episode(
        id=f"{series.id}:{onset}:{side}",
        series_id=series.id,
        unit=series.unit,
        side=side,
        status=status,
        onset=onset,
        baseline_origin=before.origin,
        trough=trough.span,
        trough_value=trough.value,
        trough_expected=trough.expected,
        recovered_share=_recovered(lived[-1], trough, sign),
        months_under=sum(step.span.months for step in lived if not step.inside),
        months_missing=last_counted.since(onset.first) + 1 - held,
        shortfall=mean,
        shortfall_lower=lower,
        shortfall_upper=upper,
        last_counted=last_counted,
        closed=None if closing is None else steps[closing].span.last,
    )


def closing(series: Series, before: Forecast, onset: Span, side: Side) -> Month | None:
    """Month whose figure closed the episode, as ``episode`` has it, without its shortfall: a tenth the work.

    HorizonError as there.
    """
    before.over(onset)
    sign = 1.0 if side == "down" else -1.0
    steps = _steps(series, counterfactual(before, max(series.end, onset.last)), onset, sign)
    place = _life(steps, sign)[1]
    return None if place is None else steps[place].span.last


def _steps(series: Series, baseline: Counterfactual, onset: Span, sign: float) -> list[_Step]:
    levels = baseline.forecast.levels
    steps = []
    for span, value in parts(series, onset):
        row = baseline.over(span)
        low95, low, median, high, high95 = np.interp([0.025, 0.1, 0.5, 0.9, 0.975], levels, row).tolist()
        near, far = (low, low95) if sign > 0 else (high, high95)
        steps.append(_Step(span, value, median, sign * value >= sign * near, sign * value < sign * far))
    return steps


def _life(steps: Sequence[_Step], sign: float) -> tuple[Status, int | None]:
    """Status after the last figure, and the index of the figure that closed it, the last of its run."""
    closing: int | None = None
    reopened, run = False, 0
    for place, step in enumerate(steps):
        if closing is not None:
            if step.beyond_95 and step.span.last.since(steps[closing].span.last) <= REOPENED_WITHIN:
                closing, reopened, run = None, True, 0
            continue
        run = run + 1 if step.inside else 0
        if run >= RECOVERED_FIGURES and place >= RECOVERED_FIGURES:  # an onset inside does not count as one
            closing = place
    if closing is not None:
        return Status.CLOSED, closing
    if reopened:
        return Status.REOPENED, None
    deepest = max(steps, key=lambda step: sign * step.loss)
    won_back = _recovered(steps[-1], deepest, sign)
    recovering = len(steps) > 1 and (steps[-1].inside or won_back >= RECOVERING_SHARE)
    return (Status.RECOVERING if recovering else Status.OPEN), None


def _recovered(last: _Step, trough: _Step, sign: float) -> float:
    return 1 - last.loss / trough.loss if sign * trough.loss > 0 else 1.0


def _shortfall(baseline: Counterfactual, counted: Sequence[_Step], seed: int) -> tuple[float, float, float]:
    """5 % bound, mean and 95 % bound of counterfactual less actual over the figures counted."""
    paths = baseline.sample(DRAWS, np.random.default_rng(seed))
    columns = [baseline.step(month) for step in counted for month in step.span]
    would_be = paths[:, columns].sum(axis=1)
    lost = would_be - sum(step.value for step in counted)
    lower, upper = np.quantile(lost, [0.05, 0.95]).tolist()
    return lower, float(lost.mean()), upper
