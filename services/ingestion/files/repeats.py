"""A month that a file gives twice: the same value is no matter, another one is a fault. 24 bytes a figure."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable

import numpy as np

from services.ingestion.files.tally import ReadFigure

Tell = Callable[[int, int | None, object], None]
_ORDINALS = 1 << 17
"""Above the ordinal of any month that is read."""


class Repeats:
    """Keys, values and rows of all figures, compared once at the end."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._numbers: dict[Hashable, int] = {}
        self._keys, self._values = array("q"), array("d")
        self._rows, self._columns = array("l"), array("h")

    def see(self, figure: ReadFigure) -> None:
        """One figure; a missing one contradicts none."""
        if figure.value is None:
            return
        whose: Hashable = figure.series_id
        if figure.beside:
            known = next((str(cell) for name, cell in figure.beside if name == "known_from"), "")
            whose = (figure.series_id, known)
        number = self._numbers.setdefault(whose, len(self._numbers))
        self._keys.append((number * _ORDINALS + figure.span.first.ordinal) * 16 + figure.span.months)
        self._values.append(figure.value)
        self._rows.append(figure.row)
        self._columns.append(figure.column)

    def tell(self) -> None:
        """Each figure whose month stands before it with another value, in the order of the file."""
        keys, values = np.frombuffer(self._keys, dtype=np.int64), np.frombuffer(self._values)
        order = np.argsort(keys, kind="stable")
        again = np.flatnonzero(keys[order][1:] == keys[order][:-1]) + 1
        other = [at for at in again if values[order[at]] != values[order[at - 1]]]
        names = {number: whose for whose, number in self._numbers.items()} if other else {}
        for at in sorted(other, key=lambda each: int(order[each])):
            here, before = int(order[at]), int(order[at - 1])
            whose = names[int(keys[here]) // 16 // _ORDINALS]
            series_id = whose[0] if isinstance(whose, tuple) else whose
            reason = (
                f"{series_id} has this month twice: {values[here]:.15g} here and {values[before]:.15g} "
                f"in row {self._rows[before]}; leave one out, or name the column that tells them apart"
            )
            self._tell(self._rows[here], self._columns[here], reason)
