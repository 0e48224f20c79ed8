"""The rows under the picture of a series, and the file that they are downloaded as."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from forecasting.months import Month
from forecasting.shocks.detection import Detection
from services.queries.series import Figure, ObservationRecord, SeriesView
from services.web.exports import Column


@dataclass(frozen=True, slots=True)
class Row:
    """A figure with what was expected when it came, or a month that is still expected; in the unit."""

    period: str
    name: str
    unit: str
    figure: Figure | None
    expected: float | None
    lower_80: float | None
    upper_80: float | None
    lower_95: float | None = None
    upper_95: float | None = None
    lower_50: float | None = None
    upper_50: float | None = None

    @property
    def last(self) -> ObservationRecord | None:
        """The last print."""
        return None if self.figure is None else self.figure.prints[-1]

    @property
    def first_print(self) -> float | None:
        """The first print, where a later one took its place."""
        return None if self.figure is None else self.figure.prints[0].observation.value

    @property
    def first_known_from(self) -> dt.datetime | None:
        """When the first print became known."""
        return None if self.figure is None else self.figure.prints[0].observation.known_from

    @property
    def known_from(self) -> dt.datetime | None:
        """When the last print became known: the figure that is shown."""
        return None if self.last is None else self.last.observation.known_from

    @property
    def verdict(self) -> str:
        """What the last print is judged, in a word."""
        standing = None if self.figure is None else self.figure.standing
        return "" if standing is None else str(standing.verdict.detection.verdict)


COLUMNS: tuple[Column[Row], ...] = (
    Column("period", lambda row: row.period),
    Column("kind", lambda row: "forecast" if row.figure is None else "figure"),
    Column("value", lambda row: None if row.figure is None else row.figure.value),
    Column("unit", lambda row: row.unit),
    Column("first_print", lambda row: row.first_print),
    Column("first_known_from", lambda row: row.first_known_from),
    Column("last_known_from", lambda row: row.known_from),
    Column("stage", lambda row: None if row.last is None else row.last.observation.stage),
    Column("expected", lambda row: row.expected),
    Column("lower_50", lambda row: row.lower_50),
    Column("upper_50", lambda row: row.upper_50),
    Column("lower_80", lambda row: row.lower_80),
    Column("upper_80", lambda row: row.upper_80),
    Column("lower_95", lambda row: row.lower_95),
    Column("upper_95", lambda row: row.upper_95),
    Column("verdict", lambda row: row.verdict),
    Column("source", lambda row: None if row.last is None else row.last.source),
)


def rows_of(view: SeriesView, first: Month, last: Month, *, ahead: bool = False) -> list[Row]:
    """Figures of the months first to last, the earliest first; with ``ahead`` the months forecast too."""
    unit = view.series.unit
    rows = [_row(each, unit) for each in view.figures if first <= each.span.last and each.span.first <= last]
    forecast = None if view.forecast is None else view.forecast.forecast
    if ahead and forecast is not None:
        levels = (0.5, 0.1, 0.9, 0.025, 0.975, 0.25, 0.75)
        paths = zip(*(forecast.quantile(level).tolist() for level in levels), strict=True)
        for step, numbers in enumerate(paths):
            month = forecast.first + step
            if month <= last:
                rows.append(Row(str(month), month.name, unit, None, *numbers))
    return rows


def _row(figure: Figure, unit: str) -> Row:
    found: Detection | None = None if figure.arrived is None else figure.arrived.verdict.detection
    numbers = (
        (None,) * 5
        if found is None
        else (found.expected, found.lower_80, found.upper_80, found.lower_95, found.upper_95)
    )
    return Row(str(figure.span), figure.span.name, unit, figure, *numbers)
