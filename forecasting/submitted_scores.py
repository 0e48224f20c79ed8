"""How submitted forecasts did, beside the service's own on the same figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from forecasting.months import Month
from forecasting.paired_losses import Comparison, PairedLosses
from forecasting.submitted_forecasts import INTERVAL_80, RANGE, Submitted


@dataclass(frozen=True, slots=True)
class Paired:
    """What a forecaster had said of a figure, and the service's newest forecast that was scored on it.

    ``value`` is the actual, in the series' unit as ``scale`` is; ``ours`` and ``naive`` are absolute errors
    of the service's median and of its seasonal naive over that scale. ``horizon`` is the service's too.
    ``known_from`` is when the actual became known.
    """

    series_id: str
    said: Submitted
    value: float
    horizon: int
    scale: float | None
    ours: float | None
    naive: float | None
    known_from: dt.datetime


@dataclass(frozen=True, slots=True)
class SubmittedScore:
    """Means over the figures that a forecaster and the service both foretold; None where none has one.

    ``mase`` and ``bias`` (expected less actual), ``ours`` and ``naive`` (MASE of the service and of its
    seasonal naive) are over each figure's scale. ``coverage_80`` and ``coverage_range`` are shares, 0 to 1,
    of actuals inside the 80 % intervals and inside the ranges that were given. ``compared`` tests whether the
    forecaster's absolute errors less the service's, over the scale, differ by more than chance.
    """

    figures: int
    mase: float | None
    bias: float | None
    coverage_80: float | None
    coverage_range: float | None
    ours: float | None
    naive: float | None
    compared: Comparison | None


def _ahead(pair: Paired) -> int:
    """Months from the last one over when a forecast was submitted to the last of its span, one at least."""
    return max(1, pair.said.span.last.since(Month.from_date(pair.said.known_from.date())) + 1)


class _Mean:
    """A mean of numbers that come one by one."""

    def __init__(self) -> None:
        self._total, self._count = 0.0, 0

    def add(self, number: float) -> None:
        self._total += number
        self._count += 1

    @property
    def value(self) -> float | None:
        return self._total / self._count if self._count else None


def score_submitted(pairs: Iterable[Paired]) -> SubmittedScore:
    """The means over pairs, each looked at once and none kept."""
    figures, size, bias, ours, naive = 0, _Mean(), _Mean(), _Mean(), _Mean()
    losses = PairedLosses()
    inside = {RANGE: _Mean(), INTERVAL_80: _Mean()}
    for each in pairs:
        figures += 1
        if each.scale:
            error = (each.said.expected - each.value) / each.scale
            size.add(abs(error))
            bias.add(error)
            if each.ours is not None:
                losses.add(each.said.span.last, abs(error), each.ours, ahead=max(each.horizon, _ahead(each)))
        if (bounds := each.said.bounds) is not None:
            inside[bounds[0]].add(bounds[1] <= each.value <= bounds[2])
        if each.ours is not None:
            ours.add(each.ours)
        if each.naive is not None:
            naive.add(each.naive)
    return SubmittedScore(
        figures,
        size.value,
        bias.value,
        inside[INTERVAL_80].value,
        inside[RANGE].value,
        ours.value,
        naive.value,
        losses.compared(),
    )
