"""What a reading met: figures, and counts of all that is said of them in a preview."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from forecasting.months import Month, Span
from services.ingestion.files.units import said as conversion

NOTES = 20
"""Notes that are kept in words; the rest are counted."""
LISTED = 8
"""Notes that are listed."""


class ReadFigure(NamedTuple):
    """A figure of a file, in the unit of its series. ``value`` None is missing, ``marker`` says how."""

    row: int
    column: int
    series_id: str
    span: Span
    value: float | None
    marker: str | None
    stage: str
    unit: str
    beside: tuple[tuple[str, Any], ...] = ()


@dataclass(slots=True)
class Tally:
    """Counts of one reading."""

    rows: int = 0
    figures: int = 0
    left_out: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    series: Counter[str] = field(default_factory=Counter)
    units: Counter[tuple[str, str]] = field(default_factory=Counter)
    series_units: dict[str, str] = field(default_factory=dict)
    spans: int = 0
    earliest: int | None = None
    latest: int | None = None
    notes: list[str] = field(default_factory=list)
    noted: int = 0

    def add(self, figure: ReadFigure, given: str) -> None:
        """One figure more."""
        self.figures += 1
        self.series[figure.series_id] += 1
        self.series_units.setdefault(figure.series_id, figure.unit)
        self.units[given, figure.unit] += 1
        self.spans += figure.span.months > 1
        first = figure.span.first.ordinal
        last = first + figure.span.months - 1
        if self.earliest is None or first < self.earliest:
            self.earliest = first
        if self.latest is None or last > self.latest:
            self.latest = last
        if figure.value is None:
            self.missing[figure.marker or ""] += 1
        else:
            self.stages[figure.stage] += 1

    @property
    def first(self) -> Month | None:
        """The first month of all figures."""
        return None if self.earliest is None else Month(self.earliest)

    @property
    def last(self) -> Month | None:
        """The last month of all figures."""
        return None if self.latest is None else Month(self.latest)

    def note(self, place: str, said: str) -> None:
        """A row that is no figure, left out."""
        self.noted += 1
        if len(self.notes) < NOTES:
            self.notes.append(f"{place}: {said[:120]!r}")

    def converted(self) -> list[str]:
        """The rules by which figures were brought into the unit of their series, in lines."""
        return [conversion(*pair) for pair in sorted(self.units) if pair[0] != pair[1]][:LISTED]

    def left_aside(self) -> list[str]:
        """What of the file is no figure, in lines: missing ones, rows that a mapping leaves out, notes."""
        said = []
        if self.missing:
            marks = ", ".join(
                f"{count:,} {mark!r}" if mark else f"{count:,} empty" for mark, count in self.missing.items()
            )
            said.append(f"Cells without a figure, none of them read as zero: {marks}.")
        if self.left_out:
            said.append(f"{self.left_out:,} rows left out by keep and leave_out of the mapping.")
        if self.noted:
            said.append(f"{self.noted:,} rows left out, since they hold one text and no figure:")
            said += [f"  {note}" for note in self.notes[:LISTED]]
        return said
