"""What is told of a history: its figures counted, and named as far as is wanted."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.shocks.detection import discoveries
from services.ingestion.figure_columns import FigureColumns
from services.usecases.store_judged import DISCOVERY_RATE, RecordedFigure

Places = NDArray[np.int64]


class HistoryReport:
    """Counts of a history's figures, and the first ``named`` of them by row; None names every one."""

    def __init__(self, columns: FigureColumns, named: int | None) -> None:
        self.outcomes: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.foretold: set[str] = set()
        self.chances = np.full(len(columns), np.nan)
        self._named: list[tuple[int, RecordedFigure]] = []
        self._columns, self._count = columns, named
        self._wanted = np.full(len(columns), named is None)
        if named:
            self._wanted[np.argsort(columns.rows, kind="stable")[:named]] = True

    def wants(self, places: Places) -> NDArray[np.bool_]:
        """Which of the figures at some places are named."""
        return self._wanted[places]

    def name(self, place: int, figure: RecordedFigure) -> None:
        """Name a figure by its place in the columns."""
        self._named.append((place, figure))

    def whole(self, release_id: int) -> dict[str, Any]:
        """The report, as that of a release."""
        found = discoveries(self.chances, rate=DISCOVERY_RATE)
        figures = sorted(self._named, key=lambda each: each[1]["row"])
        for place, figure in figures:
            figure["discovery"] = bool(found[place]) if math.isfinite(self.chances[place]) else None
        report = {
            "release_id": release_id,
            **{outcome: self.outcomes[outcome] for outcome in ("recorded", "revised", "unchanged")},
            "alerts": {},
            "left_to_parents": {},
            "silenced": {},
            "figures": [figure for _, figure in figures],
        }
        if self._count is None:
            return report
        return {**report, "unnamed": len(self._columns) - len(figures), "verdicts": dict(self.verdicts)}
