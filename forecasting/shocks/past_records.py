"""Changes, records and ranks of many months of a series at once, each against what stood before it.

What ``changes``, ``records`` and ``rank_in_month`` say of one month of a series without totals, by arrays: a
history of a million figures asks for nothing else. A test shows that they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.months import Month
from forecasting.past_prints import YEAR
from forecasting.shocks.records import CLAIM_PERCENT, FEWEST, Direction, Extreme, Measured

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PastRecords:
    """What n months are beside their past, each list as long; NaN and None where there is no such thing.

    ``change_month`` and ``change_year`` are ratios less one, ``ranks`` are (rank, held, tied) as in ``Rank``.
    """

    change_month: list[float]
    change_year: list[float]
    ranks: list[tuple[int, int, int] | None]
    records: list[list[Extreme]]
    change_records: list[list[Extreme]]


def past_records(months: Sequence[int], values: Floats, before: Floats) -> PastRecords:
    """Of months by their ordinals, with values (n,) and what stood before each; see ``PastNews``.

    A month whose value is NaN is withdrawn and compared with nothing.
    """
    figures = before[:, :-YEAR]
    on_month, on_year = _ratios(values, before[:, 0]), _ratios(values, before[:, YEAR - 1])
    held = np.isfinite(figures)
    length = np.where(held.any(axis=1), _oldest(held) + 1, 0)
    records: list[list[Extreme]] = [[] for _ in months]
    changes: list[list[Extreme]] = [[] for _ in months]
    if figures.shape[1]:
        _tell(records, months, _Compared("figure", values, figures, held, length))
        for of, own, back in (("change_year", on_year, YEAR), ("change_month", on_month, 1)):
            ratios = _ratios(figures, before[:, back : back + figures.shape[1]])
            measured: Measured = "change_year" if of == "change_year" else "change_month"
            _tell(changes, months, _Compared(measured, own, ratios, np.isfinite(ratios), length))
    return PastRecords(
        (on_month - 1).tolist(), (on_year - 1).tolist(), _ranks(values, figures), records, changes
    )


@dataclass(frozen=True, slots=True)
class _Compared:
    """Figures or changes (n,) beside the like ones before each (n, m), latest first; NaN is not held.

    ``length`` (n,) is how many months lie between the start of what stood and each.
    """

    of: Measured
    own: Floats
    figures: Floats
    held: NDArray[np.bool_]
    length: Counts


def _tell(told: list[list[Extreme]], months: Sequence[int], compared: _Compared) -> None:
    """Add the records worth a sentence to what is told of each month."""
    held, figures, own = compared.held, compared.figures, compared.own
    rows, width = np.arange(len(own)), figures.shape[1]
    counts = np.zeros((len(own), width + 1), dtype=np.int32)
    np.cumsum(held, axis=1, out=counts[:, 1:])
    oldest = _oldest(held)
    usable = np.isfinite(own) & (counts[:, -1] > 0)
    most_years = _most_years(counts, int(compared.length.max(initial=0)))
    directions: tuple[Direction, ...] = ("lowest", "highest")
    for direction in directions:
        beyond = figures <= own[:, None] if direction == "lowest" else figures >= own[:, None]
        newest = beyond.argmax(axis=1)
        bounded = beyond[rows, newest]
        window = np.where(bounded, newest, oldest + 1)
        count = counts[rows, window]
        longest = np.where(
            bounded, (window + 1) // YEAR, (compared.length + 1) * 100 // CLAIM_PERCENT // YEAR
        )
        years = most_years[rows, longest]
        worth = np.flatnonzero(usable & (count > 0) & ((count + 1 >= FEWEST) | (years > 0)))
        tied = bounded & (figures[rows, np.minimum(window, width - 1)] == own)
        numbers = zip(
            worth.tolist(),
            bounded[worth].tolist(),
            window[worth].tolist(),
            oldest[worth].tolist(),
            count[worth].tolist(),
            years[worth].tolist(),
            tied[worth].tolist(),
            strict=True,
        )
        for row, ends, reached, first, found, claimed, same in numbers:
            month = months[row]
            told[row].append(
                Extreme(
                    direction,
                    Month(month - reached - 1) if ends else None,
                    Month(month - first - 1),
                    found + 1,
                    reached + 1,
                    claimed or None,
                    same,
                    compared.of,
                )
            )


def _oldest(held: NDArray[np.bool_]) -> Counts:
    """Place of the last that is held (n,), latest first; of no meaning where none is."""
    width = held.shape[1]
    return width - 1 - held[:, ::-1].argmax(axis=1) if width else np.full(len(held), -1)


def _most_years(counts: NDArray[np.int32], length: int) -> Counts:
    """Of each window of at most y years (n, y) the most of which CLAIM_PERCENT is held, the month itself too.

    ``counts`` (n, m + 1) says how many of the first months before each are held, ``length`` the most that lie
    before any.
    """
    most = (length + 1) * 100 // CLAIM_PERCENT // YEAR
    needed = YEAR * np.arange(1, most + 1)
    reached = counts[:, np.minimum(needed - 1, counts.shape[1] - 1)] + 1
    enough = reached * 100 >= CLAIM_PERCENT * needed
    found = np.zeros((len(counts), most + 1), dtype=np.int64)
    np.maximum.accumulate(np.where(enough, np.arange(1, most + 1), 0), axis=1, out=found[:, 1:])
    return found


def _ranks(values: Floats, figures: Floats) -> list[tuple[int, int, int] | None]:
    same_month = figures[:, YEAR - 1 :: YEAR]
    held = np.isfinite(same_month).sum(axis=1)
    below = (same_month < values[:, None]).sum(axis=1)
    tied = (same_month == values[:, None]).sum(axis=1)
    there = np.isfinite(values) & (held > 0)
    numbers = zip(below.tolist(), held.tolist(), tied.tolist(), there.tolist(), strict=True)
    return [(rank + 1, count + 1, same) if known else None for rank, count, same, known in numbers]


def _ratios(values: Floats, before: Floats) -> Floats:
    """Ratios to what stood before; NaN where that is not held or not above zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(before > 0, values / before, np.nan)
