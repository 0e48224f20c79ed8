"""Quarters of a panel judged as ``tonnage detect`` judges them, with their forecasts kept between runs.

Forecasts are what costs: of one quarter one, fitted on the months before it, which judges its three months.
Kept in a file, they let another way of judging be tried in a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.engine import publish
from forecasting.forecast import LEVELS, Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.detection import judge_many
from forecasting.shocks.witnesses import steadied
from services.usecases.absent_months import zeros_for_absent
from services.usecases.detect_panel import FEWEST
from services.usecases.panel_file import read_panel

MONTHS = 3
FIRST = Month.of(2004, 1)
SEED = 1


@dataclass(frozen=True, slots=True, eq=False)
class Quarter:
    """Three months of a series from ``first`` on; ``drawn`` at random, or asked for."""

    series: Series
    first: Month
    drawn: bool
    published: Forecast | None = None

    @property
    def months(self) -> list[Month]:
        """Those held."""
        return [self.first + step for step in range(MONTHS) if np.isfinite(self.series.at(self.first + step))]


def read_complete(data: Path) -> list[Series]:
    """The panel's series, zeros where a month was absent."""
    return zeros_for_absent(list(read_panel(data / "panel.parquet").series))


def quarters(panel: Sequence[Series], data: Path, draws: int) -> list[Quarter]:
    """The onset of each label, every quarter of the calm windows, and so many drawn of all from 2004 on."""
    by_id = {series.id: series for series in panel}
    asked = [
        Quarter(by_id[label.series_id], Month.parse(label.month), drawn=False)
        for label in pd.read_csv(data / "shocks.csv").itertuples()
    ]
    for window in pd.read_csv(data / "calm.csv").itertuples():
        first, last = Month.parse(window.window_start), Month.parse(window.window_end)
        asked += [
            Quarter(by_id[window.series_id], first + step, drawn=False)
            for step in range(0, last.since(first) + 1, MONTHS)
        ]
    every = [(series, month) for series in panel for month in _months(series)[::MONTHS]]
    drawn = np.random.default_rng(SEED).permutation(len(every))[:draws]
    enough = [each for each in asked if each.series.until(each.first - 1).held > FEWEST]
    return enough + [Quarter(*every[place], drawn=True) for place in drawn]


def _months(series: Series) -> list[Month]:
    held = np.flatnonzero(np.isfinite(series.values))[FEWEST + 1 :].tolist()
    return [series.start + step for step in held if series.start + step >= FIRST]


def fitted(quarter: Quarter, portfolio: str = "fast") -> Forecast | None:
    """The forecast made before a quarter."""
    (made,) = publish([quarter.series.until(quarter.first - 1)], portfolio=portfolio)
    return made.forecast


def judged(asked: Iterable[Quarter]) -> pd.DataFrame:
    """One row a month held, with the quantiles that judged it."""
    said = [
        (quarter, month, by)
        for quarter in asked
        for month in quarter.months
        if (by := steadied(quarter.series.until(month - 1), quarter.published, horizon=1)) is not None
    ]
    values = [quarter.series.at(month) for quarter, month, _ in said]
    spans = [Span(month) for _, month, _ in said]
    found = judge_many(values, spans, [by for _, _, by in said])
    return pd.DataFrame(
        {
            "series_id": [quarter.series.id for quarter, _, _ in said],
            "month": [str(month) for _, month, _ in said],
            "drawn": [quarter.drawn for quarter, _, _ in said],
            "value": values,
            "surprise": [each.surprise for each in found],
            "tail_probability": [each.tail_probability for each in found],
            "levels": [by.levels for _, _, by in said],
            "quantiles": [by.over(span) for (_, _, by), span in zip(said, spans, strict=True)],
        }
    )


def keep(path: Path, asked: Iterable[Quarter]) -> None:
    """Write the forecasts, as far ahead as they judge."""
    rows = [(each.series.id, each.first.ordinal, each.drawn, *_kept(each.published)) for each in asked]
    pd.DataFrame(rows, columns=["series_id", "first", "drawn", "origin", "rows"]).to_parquet(path)


def _kept(by: Forecast | None) -> tuple[int | None, np.ndarray | None]:
    return (None, None) if by is None else (by.origin.ordinal, np.ravel(np.asarray(by.values)[:MONTHS]))


def read(path: Path, panel: Sequence[Series]) -> Iterator[Quarter]:
    """The quarters of a file with their forecasts."""
    by_id = {series.id: series for series in panel}
    for row in pd.read_parquet(path).itertuples():
        series, published = by_id[row.series_id], None
        if row.rows is not None:
            values = np.reshape(row.rows, (-1, len(LEVELS)))
            published = Forecast(series.id, series.unit, Month(int(row.origin)), None, LEVELS, values, "kept")
        yield Quarter(series, Month(row.first), row.drawn, published)
