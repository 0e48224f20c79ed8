"""What stands of some series while answers are read one after another, and what an answer has no more."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from forecasting.months import Span
from services.ingestion.figures import ArrivingFigure
from services.ingestion.sources.source import Covered, Reading
from services.storage.observations import ObservationRecord


@dataclass(frozen=True, slots=True)
class _Standing:
    """A value (None: withdrawn) with the hand that gave it, and since when it has been known."""

    value: float | None
    stage: str
    source: str | None
    known_from: dt.datetime


class StandingFigures:
    """What stands of some series at a moment that only moves on, with what is about to be recorded of them.

    ``held`` are the rows of each series in the order in which they became known.
    """

    def __init__(self, held: Mapping[str, Sequence[ObservationRecord]]) -> None:
        ordered = (row for rows in held.values() for row in rows)
        self._later = sorted(ordered, key=lambda row: row.observation.known_from, reverse=True)
        self._standing: dict[str, dict[Span, _Standing]] = defaultdict(dict)

    def advance(self, moment: dt.datetime) -> None:
        """Take in the rows that are known by a moment."""
        while self._later and self._later[-1].observation.known_from <= moment:
            row = self._later.pop()
            seen = row.observation
            self._put(
                row.series_id, seen.span, _Standing(seen.value, seen.stage, row.source, seen.known_from)
            )

    def add(self, figures: Iterable[ArrivingFigure]) -> None:
        """Take in what is about to be recorded; a value that stands already stays with its own hand."""
        for each in figures:
            here = self._standing[each.series_id].get(each.span)
            if each.known_from is not None and (here is None or here.value != each.value):
                new = _Standing(each.value, each.stage, each.source, each.known_from)
                self._put(each.series_id, each.span, new)

    def gone(
        self, covered: Iterable[Covered], there: Collection[tuple[str, Span]], title: str
    ) -> list[Reading]:
        """Withdrawals of what stands by the hand of ``title`` in the months of an answer that has it no more.

        ``there`` are the series and spans that the answer holds. What another hand has put in a figure's
        place stands.
        """
        return [
            Reading(each.series_id, span, None, here.stage)
            for each in covered
            for span, here in self._standing[each.series_id].items()
            if here.value is not None
            and here.source == title
            and each.holds(span)
            and (each.series_id, span) not in there
        ]

    def _put(self, series_id: str, span: Span, new: _Standing) -> None:
        here = self._standing[series_id].get(span)
        if here is None or here.known_from <= new.known_from:
            self._standing[series_id][span] = new
