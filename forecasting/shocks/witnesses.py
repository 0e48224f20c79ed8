"""A published forecast steadied, for judging, by three plain witnesses with long records of their own.

A model's own spread is an estimate from one short series, and a judge that trusts it cries wolf where the
estimate is small. The mix, and what it finds at which false alarms, is decision 0005
(tests/benchmarks/shocks.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecasting.forecast import Forecast
from forecasting.series import Series
from forecasting.shocks import pooled

Floats = NDArray[np.float64]

WINDOW = 120
"""Months of a witness's record that count."""
SPREAD_MONTHS = 12
"""Months of its own record that weigh as much as the pooled spread."""
CENTRE_MONTHS = 24
"""Months of its own record that weigh as much as a drift of zero."""
HABIT_YEARS = 5
"""Years whose same month corrects a trailing mean for the season."""
HABIT_SHRINK = 3
"""Years that weigh as much as no season."""
LEAST_SPREAD = 0.05
"""Joined to each voice's spread before they are weighed, so that none that is too sure is heard alone."""
FEWEST = 4
"""Errors below which a witness has no spread of its own."""
FLOOR_SHARE = 0.01
"""Share of the median figure above zero that is added before logarithms, so that a zero is finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """Centre and spread (h,) of all that speak, on the scale of ``score``: logs, or multiples of the size."""

    centre: Floats
    spread: Floats
    floor: float | None
    size: float

    def score(self, figure: float | Floats) -> Floats:
        """A figure in the unit, on that scale."""
        if self.floor is None:
            return np.asarray(figure / self.size)
        return np.asarray(np.log(np.maximum(figure, 0.0) + self.floor))

    def unscore(self, scores: Floats) -> Floats:
        """Back to the unit; not below zero on the logarithmic scale."""
        if self.floor is None:
            return np.asarray(scores * self.size)
        return np.asarray(np.maximum(np.exp(np.minimum(scores, 700.0)) - self.floor, 0.0))


def steadied(series: Series, published: Forecast | None, *, horizon: int = 3) -> Forecast | None:
    """Forecast of the months after the series' end by all that speak, at the levels of ``pooled.SHAPE``.

    Witnesses: the same month a year before, the mean of the last twelve months and of the last three, these
    two with the season of the years before; each moved by its own median error and with the spread of its own
    errors at that distance, both shrunk to what the panel's series show. ``published`` may have an older
    origin; it speaks for the months it reaches. None where not even one witness has a figure to stand on, or
    all that is held is zero.
    """
    mix = mixed(series, published, horizon=horizon)
    return None if mix is None else spoken(series, published, mix)


def spoken(series: Series, published: Forecast | None, mix: Mix) -> Forecast:
    """The forecast that a mix of a series and of ``published`` is, which ``mixed`` has made of both."""
    levels, shape = tuple(pooled.SHAPE), np.array(list(pooled.SHAPE.values()))
    values = mix.unscore(mix.centre[:, None] + mix.spread[:, None] * shape)
    if published is not None:
        model = f"{published.model}, steadied"
        return replace(published, origin=series.end, levels=levels, values=values, model=model)
    return Forecast(series.id, series.unit, series.end, None, levels, values, "witnesses")


def mixed(series: Series, published: Forecast | None, *, horizon: int) -> Mix | None:
    """Mean of the voices, each weighed by one over its spread; None as for ``steadied``."""
    held = series.values[np.isfinite(series.values)]
    sizes = np.abs(held[held != 0])
    if sizes.size == 0:
        return None
    logs = series.non_negative
    size = _median(sizes)
    floor = FLOOR_SHARE * size
    scores = np.log(series.values + floor) if logs else series.values / size
    rows = []
    for step in range(1, horizon + 1):
        voices = [voice for voice in _witnesses(scores, step, logs=logs) if voice is not None]
        voices += _published(series, published, step, floor if logs else None, size)
        if not voices:
            return None
        weights = [1 / np.hypot(spread, LEAST_SPREAD) for _, spread in voices]
        rows.append(np.average(voices, axis=0, weights=weights))
    centre, spread = np.transpose(rows)
    return Mix(centre, spread, floor if logs else None, size)


def said(scores: Floats, step: int) -> dict[str, Floats]:
    """Each witness's word on every month, from ``step`` months before; arrays (n + step,), NaN where mute."""
    padded = np.concatenate([scores, np.full(step, np.nan)])
    return {
        "year": _shifted(padded, 12),
        "level": _in_season(padded, _trailing(padded, 12, step, fewest=8), step),
        "recent": _in_season(padded, _trailing(padded, 3, step, fewest=2), step),
    }


def _in_season(padded: Floats, word: Floats, step: int) -> Floats:
    """A word moved by how far the same month of the last years known lay from it, shrunk to no season."""
    first = -(-step // 12)
    past = np.stack([_shifted(padded - word, 12 * year) for year in range(first, first + HABIT_YEARS)])
    held = np.isfinite(past)
    return np.asarray(word + np.where(held, past, 0.0).sum(axis=0) / (held.sum(axis=0) + HABIT_SHRINK))


def _witnesses(scores: Floats, step: int, *, logs: bool) -> list[tuple[float, float] | None]:
    return [
        record(scores - word[: len(scores)], float(word[-1]), _prior(name, step) if logs else None)
        for name, word in said(scores, step).items()
    ]


def _prior(name: str, step: int) -> float:
    """What series in general show ``step`` months ahead, in logs."""
    spread = pooled.SPREAD[name]
    return spread[min(step, len(spread)) - 1]


def record(errors: Floats, word: float, prior: float | None) -> tuple[float, float] | None:
    """Centre and spread of one witness from its word and its past errors; None where it has neither."""
    recent = errors[-WINDOW:]
    recent = recent[np.isfinite(recent)]
    count = len(recent)
    if not np.isfinite(word) or (prior is None and count < FEWEST):
        return None
    drift = _median(recent) * count / (count + CENTRE_MONTHS) if count else 0.0
    if count >= FEWEST:
        own = float(recent.var(ddof=1))
        variance = (
            own if prior is None else (count * own + SPREAD_MONTHS * prior**2) / (count + SPREAD_MONTHS)
        )
    else:
        variance = 0.0 if prior is None else prior**2
    return word + drift, float(np.sqrt(variance))


def _published(
    series: Series, published: Forecast | None, step: int, floor: float | None, size: float
) -> list[tuple[float, float]]:
    if published is None:
        return []
    place = (series.end + step).since(published.first)
    if not 0 <= place < published.horizon:
        return []
    low, median, high = np.interp([0.1, 0.5, 0.9], published.levels, published.values[place])
    if floor is None:
        return [(median / size, (high - low) / size / 2.5631)]
    low, median, high = np.log(np.maximum([low, median, high], 0.0) + floor)
    return [(float(median), float(high - low) / 2.5631)]


def _median(values: Floats) -> float:
    """Median of one or more finite values: what NumPy's says, at a tenth of its cost for a hundred."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _shifted(padded: Floats, back: int) -> Floats:
    return np.concatenate([np.full(min(back, len(padded)), np.nan), padded[:-back]])[: len(padded)]


def _trailing(padded: Floats, width: int, step: int, *, fewest: int) -> Floats:
    """Mean of the ``width`` months that end ``step`` months before; NaN with fewer than ``fewest`` held."""
    held = np.isfinite(padded)
    sums = np.concatenate([np.zeros(1), np.cumsum(np.where(held, padded, 0.0))])
    counts = np.concatenate([np.zeros(1), np.cumsum(held)])
    ends = np.maximum(np.arange(len(padded)) - step + 1, 0)
    starts = np.maximum(ends - width, 0)
    count = counts[ends] - counts[starts]
    return np.where(count >= fewest, (sums[ends] - sums[starts]) / np.maximum(count, 1), np.nan)
