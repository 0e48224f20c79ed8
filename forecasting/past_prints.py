"""Prints of a series read forward all at once: what each replaces, and the months that stood before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forecasting.prints import PrintArrays

YEAR = 12
CELLS = 250_000
"""Months in the table of one block, 8 bytes each: memory does not grow with the length of a series."""
_NEVER = np.iinfo(np.int64).min


@dataclass(slots=True)
class PastNews:
    """Those of some prints that say something new, n of them, in the order in which they became known.

    Attributes
    ----------
    places
        Where each stands among the prints given.
    first_prints, replaced
        Whether nothing was ever printed for its month before, and the value it replaces (NaN: none stood).
    values
        Its value (n,); NaN withdraws.
    before
        What stood before each for the months before its own (n, m + 12), latest first, NaN where nothing
        did; ``m`` reaches to the earliest month of all prints, and the last twelve lie before that.
    contradicted
        Place of the print that ended the reading: another value of its month was known from the same moment.
    """

    places: list[int] = field(default_factory=list)
    first_prints: list[bool] = field(default_factory=list)
    replaced: list[float] = field(default_factory=list)
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    before: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, YEAR)))
    contradicted: int | None = None


def past_news(prints: PrintArrays, held: PrintArrays | None = None) -> Iterator[PastNews]:
    """What is new among prints of single months, a block of CELLS at a time; ``held`` is known already.

    As ``Prints.advance``, ``standing`` and ``tell`` have it, print by print; a test shows that they agree.
    Spans of more than one month are not for here. It ends at the first print that is contradicted.
    """
    held = held or PrintArrays.of([])
    months = np.concatenate([prints.first, held.first])
    if not months.size:
        return
    top = int(months.max())
    reach = top - int(months.min()) + YEAR
    standing = np.full(2 * reach + 1, np.nan)  # place 0 is the latest month, the next the month before it
    told: list[int] = [_NEVER] * (reach + 1)
    earlier = list(zip((top - held.first).tolist(), held.values.tolist(), held.known.tolist(), strict=True))
    taken, rows = 0, max(CELLS // reach, 1)
    block, before = PastNews(), np.empty((rows, reach))
    arriving = zip((top - prints.first).tolist(), prints.values.tolist(), prints.known.tolist(), strict=True)
    for place, (back, value, known) in enumerate(arriving):
        while taken < len(earlier) and earlier[taken][2] <= known:
            at, figure, moment = earlier[taken]
            standing[at], told[at] = figure, moment
            taken += 1
        last, replaced = told[back], float(standing[back])
        if last != _NEVER and (replaced == value or (replaced != replaced and value != value)):  # noqa: PLR0124 - NaN
            continue
        if last == known:
            block.contradicted = place
            break
        before[len(block.places)] = standing[back + 1 : back + 1 + reach]
        block.places.append(place)
        block.first_prints.append(last == _NEVER)
        block.replaced.append(replaced)
        standing[back], told[back] = value, known
        if len(block.places) == rows:
            yield _whole(block, prints, before)
            block = PastNews()
    if block.places or block.contradicted is not None:
        yield _whole(block, prints, before)


def _whole(block: PastNews, prints: PrintArrays, before: NDArray[np.float64]) -> PastNews:
    block.values = prints.values[block.places]
    block.before = before[: len(block.places)]
    return block
