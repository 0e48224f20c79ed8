"""Arriving figures kept as columns: 37 bytes a figure and each text once, where an object is 400."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from forecasting.months import Month, Span
from forecasting.prints import micros, moment
from services.ingestion.figures import ArrivingFigure

_NOW = np.iinfo(np.int64).min
"""Stands where a figure does not say when it was known."""


@dataclass(frozen=True, slots=True)
class Said:
    """What many figures have in common: the texts of a figure, and whether it withdraws."""

    unit: str
    withdrawn: bool
    known_basis: str
    stage: str
    source: str | None
    source_url: str | None
    claim: str | None


class FigureColumns(Sequence[ArrivingFigure]):
    """Figures in the order in which they came. Read as a sequence, each is made anew.

    Arrays (n,) are views: while one is held no figure can be added.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.texts: list[Said] = []
        self._series: dict[str, int] = {}
        self._said: dict[tuple[object, ...], int] = {}
        self._rows, self._firsts, self._months = array("q"), array("i"), array("b")
        self._values, self._known = array("d"), array("q")
        self._of_series, self._of_said = array("i"), array("i")

    @classmethod
    def of(cls, figures: Iterable[ArrivingFigure]) -> FigureColumns:
        """The same figures as columns."""
        if isinstance(figures, FigureColumns):
            return figures
        columns = cls()
        columns.extend(figures)
        return columns

    def extend(self, figures: Iterable[ArrivingFigure]) -> None:
        """Add figures."""
        for each in figures:
            self.add(each)

    def add(self, figure: ArrivingFigure) -> None:
        """Add a figure."""
        series = self._series.get(figure.series_id)
        if series is None:
            series = self._series[figure.series_id] = len(self.ids)
            self.ids.append(figure.series_id)
        texts = (
            figure.unit, figure.value is None, figure.known_basis, figure.stage,
            figure.source, figure.source_url, figure.claim,
        )  # fmt: skip
        said = self._said.get(texts)
        if said is None:
            said = self._said[texts] = len(self.texts)
            self.texts.append(Said(*texts))
        self._of_series.append(series)
        self._of_said.append(said)
        self._rows.append(figure.row)
        self._firsts.append(figure.span.first.ordinal)
        self._months.append(figure.span.months)
        self._values.append(np.nan if figure.value is None else figure.value)
        self._known.append(_NOW if figure.known_from is None else micros(figure.known_from))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> ArrivingFigure: ...
    @overload
    def __getitem__(self, at: slice) -> list[ArrivingFigure]: ...
    def __getitem__(self, at: int | slice) -> ArrivingFigure | list[ArrivingFigure]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        known = self._known[at]
        return self.figure(at, None if known == _NOW else moment(known))

    def figure(self, at: int, known_from: dt.datetime | None) -> ArrivingFigure:
        """The figure at a place, public since a moment."""
        said = self.texts[self._of_said[at]]
        return ArrivingFigure(
            self._rows[at],
            self.ids[self._of_series[at]],
            Span(Month(self._firsts[at]), self._months[at]),
            None if said.withdrawn else self._values[at],
            said.unit,
            known_from,
            said.known_basis,
            said.stage,
            said.source,
            said.source_url,
            said.claim,
        )

    def __iter__(self) -> Iterator[ArrivingFigure]:
        return (self[at] for at in range(len(self)))

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row of each in what it came from."""
        return np.asarray(self._rows)

    @property
    def firsts(self) -> NDArray[np.int32]:
        """``Month.ordinal`` of each span's first month."""
        return np.asarray(self._firsts)

    @property
    def months(self) -> NDArray[np.int8]:
        """Months of each span."""
        return np.asarray(self._months)

    @property
    def values(self) -> NDArray[np.float64]:
        """Total over each span in the unit of its texts; NaN where they say that it is withdrawn."""
        return np.asarray(self._values)

    @property
    def series(self) -> NDArray[np.int32]:
        """Place of each figure's series in ``ids``."""
        return np.asarray(self._of_series)

    @property
    def said(self) -> NDArray[np.int32]:
        """Place of each figure's texts in ``texts``."""
        return np.asarray(self._of_said)

    @property
    def known_given(self) -> NDArray[np.int64]:
        """When each says it was public, in microseconds since 1970 UTC; the least number where none does."""
        return np.asarray(self._known)

    def known(self, now: dt.datetime) -> NDArray[np.int64]:
        """When each was public in whole microseconds since 1970 UTC; ``now`` where it does not say."""
        known = np.asarray(self._known)
        return np.where(known == _NOW, micros(now), known)
