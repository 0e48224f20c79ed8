"""Families: series derived from others, and forecasts of sums that are made to add up.

Reconciliation is MinT (Wickramasuriya, Athanasopoulos and Hyndman 2019, doi:10.1080/01621459.2018.1448825).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecasting.calibration import native_deviation
from forecasting.errors import InvalidFamilyError
from forecasting.forecast import Forecast
from forecasting.months import Month
from forecasting.series import Series, Total

Array = NDArray[np.float64]
Kind = Literal["sum", "difference", "ratio", "share"]
KINDS: tuple[Kind, ...] = ("sum", "difference", "ratio", "share")

FEWEST_CHANGES = 24
"""Yearly changes that all series of a family hold together, below which none counts as correlated."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A series made of others.

    ``sum`` adds all parts; ``difference`` takes the others off the first; ``ratio`` is the first over the
    second, ``share`` the same in percent.
    """

    id: str
    kind: Kind
    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidFamilyError(self.id, f"{self.kind!r} is none of {', '.join(KINDS)}")
        if self.kind in {"ratio", "share"} and len(self.parts) != 2:
            raise InvalidFamilyError(self.id, f"a {self.kind} has 2 parts, not {len(self.parts)}")
        if len(self.parts) < 2 or len(set(self.parts)) < len(self.parts) or self.id in self.parts:
            raise InvalidFamilyError(self.id, "its parts are two or more other series, each once")


def derive(wanted: Derived, held: Mapping[str, Series]) -> Series:
    """The series, from the first month that any part holds to the last.

    A month is missing where a part misses it, or where what is divided by is not above zero. Totals over two
    or more months are added and subtracted; a ratio has none. InvalidFamilyError where a part is not there or
    the units of what is added differ.
    """
    absent = [part for part in wanted.parts if part not in held]
    if absent:
        raise InvalidFamilyError(wanted.id, f"there is no series {', '.join(absent)}")
    parts = [held[part] for part in wanted.parts]
    additive = wanted.kind in {"sum", "difference"}
    if additive and len({part.unit for part in parts}) > 1:
        raise InvalidFamilyError(wanted.id, f"units differ: {', '.join(sorted({p.unit for p in parts}))}")
    start, end = min(part.start for part in parts), max(part.end for part in parts)
    table = np.array([[part.at(start + step) for step in range(end.since(start) + 1)] for part in parts])
    signs = np.array([1.0] + [1.0 if wanted.kind == "sum" else -1.0] * (len(parts) - 1))
    if not additive:
        below = np.where(table[1] > 0, table[1], np.nan)
        unit = "%" if wanted.kind == "share" else f"{parts[0].unit} per {parts[1].unit}"
        return Series(wanted.id, unit, start, table[0] / below * (100.0 if wanted.kind == "share" else 1.0))
    spans = sorted({total.span for part in parts for total in part.totals})
    sums = {span: float(signs @ np.array([part.over(span) for part in parts])) for span in spans}
    totals = tuple(Total(span, value) for span, value in sums.items() if np.isfinite(value))
    return Series(wanted.id, parts[0].unit, start, signs @ table, totals)


def leaves(family: Sequence[Derived]) -> dict[str, tuple[str, ...]]:
    """The series at the bottom under each sum; InvalidFamilyError where a sum is part of itself."""
    sums = {each.id: each.parts for each in family if each.kind == "sum"}

    def under(name: str, above: tuple[str, ...]) -> tuple[str, ...]:
        if name in above:
            raise InvalidFamilyError(name, "it is part of itself")
        if name not in sums:
            return (name,)
        return tuple(leaf for part in sums[name] for leaf in under(part, (*above, name)))

    return {name: under(name, ()) for name in sums}


def reconciled(
    forecasts: Mapping[str, Forecast], held: Mapping[str, Series], family: Sequence[Derived]
) -> dict[str, Forecast]:
    """Forecasts of all sums and their leaves, with medians that add up in every month.

    Errors have the spread of each forecast's own 80 % interval and the correlations of the yearly changes,
    shrunk to none. A leaf that never was below zero stays so, and a sum of such leaves. Quantiles move with
    the median: in proportion where it is above zero on both sides, else by the same amount, and are cut at
    zero where the median may not be below. InvalidFamilyError where a forecast is missing or starts in
    another month.
    """
    under = leaves(family)
    bottom = list(dict.fromkeys(leaf for each in under.values() for leaf in each))
    names = [*under, *bottom]
    absent = [name for name in names if name not in forecasts]
    if absent:
        raise InvalidFamilyError(names[0], f"there is no forecast of {', '.join(absent)}")
    if len({(forecasts[name].origin, forecasts[name].horizon) for name in names}) > 1:
        raise InvalidFamilyError(names[0], "its members end in different months")
    adding = np.vstack(
        [*([each.count(leaf) for leaf in bottom] for each in under.values()), np.eye(len(bottom))]
    )
    medians = np.array([forecasts[name].median for name in names])
    spreads = np.array([np.maximum(native_deviation(forecasts[name]), 1e-12) for name in names])
    related = shrunk_correlation(_changes([held[name] for name in names]))
    floor = np.array([0.0 if held[leaf].non_negative else -np.inf for leaf in bottom])
    found = np.empty_like(medians)
    for step in range(medians.shape[1]):
        spread = spreads[:, step] / spreads[:, step].max()
        weights = np.linalg.solve(
            related * np.outer(spread, spread), np.column_stack([adding, medians[:, step]])
        )
        projected = np.linalg.solve(adding.T @ weights[:, :-1], adding.T @ weights[:, -1])
        found[:, step] = adding @ np.maximum(projected, floor)
    # a sum has the floor of its leaves and not of its own past, so that a cut never moves its median
    floors = [0.0 if (floor[row > 0] == 0).all() else -np.inf for row in adding]
    return {
        name: _moved(forecasts[name], path, least)
        for name, path, least in zip(names, found, floors, strict=True)
    }


def _moved(forecast: Forecast, median: Array, least: float) -> Forecast:
    old = forecast.median
    share = np.where((old > 0) & (median > 0), median / np.where(old > 0, old, 1.0), np.nan)[:, None]
    shifted = forecast.values + (median - old)[:, None]
    values = np.where(np.isnan(share), shifted, forecast.values * share)
    return replace(forecast, values=np.maximum(values, least))


def _changes(family: Sequence[Series]) -> Array:
    """Yearly changes (months, members) of the months that all members hold."""
    start: Month = max(each.start for each in family)
    months = max(min(each.end for each in family).since(start) + 1, 0)
    table = np.array([[each.at(start + step) for each in family] for step in range(months)])
    changes = table[12:] - table[:-12] if months > 12 else np.empty((0, len(family)))
    return np.asarray(changes[np.isfinite(changes).all(axis=1)])


def shrunk_correlation(errors: Array) -> Array:
    """Correlations (p, p) of errors (n, p), shrunk to none by as much as they are uncertain.

    Schäfer and Strimmer 2005, doi:10.2202/1544-6115.1175; at least a hundredth is shrunk, so that members
    which add up exactly still have an inverse. None where fewer than FEWEST_CHANGES rows are given.
    """
    count, members = errors.shape
    if count < FEWEST_CHANGES:
        return np.eye(members)
    deviation = errors.std(axis=0)
    standard = (errors - errors.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    products = standard[:, :, None] * standard[:, None, :]
    correlation = products.mean(axis=0)
    variance = ((products - correlation) ** 2).sum(axis=0) * count / (count - 1) ** 3
    apart = ~np.eye(members, dtype=bool)
    strength = float((correlation[apart] ** 2).sum())
    share = min(max(float(variance[apart].sum()) / strength, 0.01), 1.0) if strength > 0 else 1.0
    shrunk = (1 - share) * correlation
    np.fill_diagonal(shrunk, 1.0)
    return np.asarray(shrunk)
