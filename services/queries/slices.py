"""So many rows of a list, as a page of it holds them, and whether more follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """Rows of a list in its order; ``more`` is true where others come after the last of them."""

    rows: list[Row]
    more: bool


def one_more(limit: int | None) -> int | None:
    """What is asked of the store for a slice: one row beyond it says that more follow."""
    return None if limit is None else limit + 1


def sliced(found: Sequence[Row], limit: int | None) -> Slice[Row]:
    """The first ``limit`` rows of what was found with ``one_more``; all of them where it is None."""
    return Slice(list(found[:limit]), limit is not None and len(found) > limit)
