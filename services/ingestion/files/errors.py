"""Refusals of a file: each names its place, what was found there and what to do; all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.ingestion.errors import Fault, UploadRefusedError

SHOWN = 100
"""Faults that a refusal spells out; the rest are counted."""


@dataclass(frozen=True, slots=True)
class PlacedFault(Fault):
    """A fault with its place as whoever opens the file sees it: Sheet1!C7, or row 7, column 'netWgt'."""

    place: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}" if self.place else Fault.__str__(self)


class FileRefusedError(UploadRefusedError):
    """A file with at least one fault; ``faults`` are the first SHOWN of ``count``. Nothing is stored."""

    def __init__(self, name: str, faults: Sequence[Fault], count: int | None = None) -> None:
        self.name = name
        self.count = max(count or 0, len(faults))
        self.faults = tuple(faults[:SHOWN])
        number = "1 fault" if self.count == 1 else f"{self.count:,} faults"
        lines = "".join(f"\n  {fault}" for fault in self.faults)
        more = f"\n  and {self.count - len(self.faults):,} more" if self.count > len(self.faults) else ""
        Exception.__init__(self, f"{name} was not read and nothing was stored, {number}:{lines}{more}")


def refusal(name: str, reason: str) -> FileRefusedError:
    """The refusal of a file as a whole."""
    return FileRefusedError(name, [Fault(0, reason)])


class Faults:
    """Faults as they are found; only those that will be shown are kept."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: list[Fault] = []
        self.count = 0

    def add(self, row: int, place: str, reason: str) -> None:
        """One more."""
        self.count += 1
        if len(self.kept) < SHOWN:
            self.kept.append(PlacedFault(row, reason.rstrip("."), place))

    def refuse(self) -> None:
        """FileRefusedError where there is any."""
        if self.count:
            raise FileRefusedError(self.name, self.kept, self.count)
