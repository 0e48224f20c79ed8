"""Refusals of arriving figures; each names its rows and reasons, and nothing of the batch is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHOWN = 20
"""Faults that a message spells out; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one row; ``row`` counts from 1 after the header, 0 is the upload as a whole."""

    row: int
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}" if self.row else self.reason


class UploadRefusedError(Exception):
    """A batch with at least one fault; nothing of it is stored."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        shown = "; ".join(str(fault) for fault in self.faults[:SHOWN])
        more = f"; and {len(self.faults) - SHOWN} more" if len(self.faults) > SHOWN else ""
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__(f"{self._outcome()}, {count}: {shown}{more}.")

    def _outcome(self) -> str:
        return "Nothing was stored"


class PanelRefusedError(UploadRefusedError):
    """A file for a command that stores nothing, with at least one fault; ``name`` is the file's."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        self.name = name
        super().__init__(faults)

    def _outcome(self) -> str:
        return f"{self.name} was not read"


class UploadTooLargeError(Exception):
    """More bytes than one upload may hold."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"The upload is larger than {limit:,} bytes; nothing was stored. Send it in smaller parts."
        )
