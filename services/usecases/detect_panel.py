"""A whole panel judged month by month, point in time: what the service would have said, offline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from forecasting.engine import publish
from forecasting.forecast import HORIZON, Forecast
from forecasting.months import Month, Span
from forecasting.series import Series
from forecasting.shocks.counterfactual import counterfactual
from forecasting.shocks.detection import Detection, Verdict, judge_many
from forecasting.shocks.episodes import Episode, Status, episode
from forecasting.shocks.interventions import Intervention, Side, typing
from forecasting.shocks.records import records
from forecasting.shocks.witnesses import steadied

FEWEST = 12
"""Figures held before the first one that is judged."""
FOLLOWED = 24
"""Months after which a shock that has not recovered is the new normal and no longer followed."""
ABSENT_FOR = 12
"""Months in a row without a row after which a series counts as ended, and no longer as zero."""
RELEASED = 0.5
"""Share of a family's running series that must have a row before another one's absence says anything."""
REGULAR = 0.9
"""Share of its last 24 months that a series must have held before its absence counts as nothing shipped."""
CHUNK = 8

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Judging:
    """How a panel is judged: first month, alert budget, months between refits, and portfolio."""

    first: Month
    budget: float = 0.1
    refit_every: int = 3
    portfolio: str = "fast"


def detect_panel(
    panel: Sequence[Series],
    judging: Judging,
    *,
    jobs: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> pd.DataFrame:
    """One row per series and judged month, in order of series and month, the same for any count of jobs.

    A month without a row is judged as zero where at least half of the running series of its family (the id
    up to its first double underscore) have one and the series itself had 90 % of the 24 months before: the
    release came, and nothing was shipped. ``progress`` is told of each chunk's count of series.
    """
    complete = zeros_for_absent(panel)
    chunks = [complete[start : start + CHUNK] for start in range(0, len(complete), CHUNK)]
    rows: list[Row] = []
    for found, chunk in zip(_mapped(partial(_detect, judging=judging), chunks, jobs), chunks, strict=True):
        rows += found
        progress(len(chunk))
    return pd.DataFrame(rows, columns=COLUMNS)


def _mapped(
    work: Callable[[list[Series]], list[Row]], chunks: Iterable[list[Series]], jobs: int
) -> Iterator[list[Row]]:
    if jobs == 1:
        yield from map(work, chunks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(work, chunks)


def zeros_for_absent(panel: Sequence[Series]) -> list[Series]:
    """The panel with a zero for each month in which the release came without the series."""
    running: Counter[tuple[str, int]] = Counter()
    present: Counter[tuple[str, int]] = Counter()
    for series in panel:
        family = _family(series)
        for step, held in enumerate(np.isfinite(series.values)):
            running[family, series.start.ordinal + step] += 1
            present[family, series.start.ordinal + step] += bool(held)
    lasts: dict[str, Month] = {}
    for series in panel:
        lasts[_family(series)] = max(series.end, lasts.get(_family(series), series.end))
    return [_completed(series, running, present, lasts[_family(series)]) for series in panel]


def _family(series: Series) -> str:
    return series.id.partition("__")[0]


def _completed(
    series: Series, running: Counter[tuple[str, int]], present: Counter[tuple[str, int]], last: Month
) -> Series:
    family = _family(series)
    values: list[float] = list(series.values)
    values += [np.nan] * min(max(last.since(series.end), 0), ABSENT_FOR)
    absent = 0
    for step, value in enumerate(values):
        if np.isfinite(value):
            absent = 0
            continue
        absent += 1
        key = family, series.start.ordinal + step
        before = values[max(step - 24, 0) : step]
        regular = len(before) >= FEWEST and np.isfinite(before).mean() >= REGULAR
        released = present[key] >= max(2, RELEASED * running[key])
        if regular and released and absent <= ABSENT_FOR and min(before) >= 0:
            values[step] = 0.0
    held = np.flatnonzero(np.isfinite(values))
    return replace(series, values=np.array(values[: held[-1] + 1]))


def _detect(chunk: Sequence[Series], judging: Judging) -> list[Row]:
    return [row for series in chunk for row in detect_series(series, judging)]


def detect_series(series: Series, judging: Judging) -> list[Row]:
    """Rows of one series; every figure is judged by what was published before its month."""
    held = np.isfinite(series.values)
    asked = [
        series.start + step
        for step in np.flatnonzero(held).tolist()
        if series.start + step >= judging.first and held[:step].sum() >= FEWEST
    ]
    published: Forecast | None = None
    bases: list[Forecast | None] = []
    befores: list[Forecast | None] = []
    fitted: Month | None = None
    for month in asked:
        history = series.until(month - 1)
        if fitted is None or month.since(fitted) >= judging.refit_every:
            (publication,) = publish([history], horizon=HORIZON, portfolio=judging.portfolio)
            published, fitted = publication.forecast, month
        befores.append(steadied(history, published, horizon=1))
        bases.append(published)
    figures = [series.at(month) for month in asked]
    detections = judge_many(figures, [Span(month) for month in asked], befores, budget=judging.budget)
    return _followed(series, asked, detections, bases)


def _followed(
    series: Series, asked: Sequence[Month], detections: Sequence[Detection], bases: Sequence[Forecast | None]
) -> list[Row]:
    rows: list[Row] = []
    current: tuple[Forecast, Month, Side] | None = None
    state: Episode | None = None
    for month, detection, base in zip(asked, detections, bases, strict=True):
        shock = detection.verdict in (Verdict.SHOCK_DOWN, Verdict.SHOCK_UP)
        ended = state is not None and state.status is Status.CLOSED
        if current is not None and (month.since(current[1]) > FOLLOWED or (ended and shock)):
            current, state = None, None
        if current is None and shock and base is not None:
            side: Side = "down" if detection.verdict is Verdict.SHOCK_DOWN else "up"
            current = base, month, side
        known = series.until(month)
        row = _row(series, month, detection)
        if current is not None and not (ended and not shock and _long_closed(state, month)):
            state = episode(known, current[0], Span(current[1]), current[2])
            row |= _episode_fields(known, current, state)
        rows.append(row)
    return rows


def _long_closed(state: Episode | None, month: Month) -> bool:
    """True once an episode can no longer reopen, so that its rows end."""
    return state is not None and state.closed is not None and month.since(state.closed) > 3


def _row(series: Series, month: Month, detection: Detection) -> Row:
    row: Row = {
        "series_id": series.id,
        "month": str(month),
        "value": series.at(month),
        "expected": detection.expected,
        "q0.1": detection.lower_80,
        "q0.9": detection.upper_80,
        "tail_probability": detection.tail_probability,
        "surprise": detection.surprise,
        "verdict": str(detection.verdict),
        "reason": detection.reason,
    }
    for record in records(series, Span(month), series.at(month))[:1]:
        row |= {
            "record": record.direction,
            "record_since": None if record.since is None else str(record.since),
            "record_months_held": record.months_held,
            "record_months_needed": record.months_needed,
            "record_years": record.years_claimed,
        }
    return row


def _episode_fields(
    known: Series, current: tuple[Forecast, Month, Side], state: Episode
) -> Mapping[str, object]:
    before, onset, side = current
    baseline = counterfactual(before, known.end)
    figures = np.array([known.at(before.first + step) for step in range(baseline.months)])
    types = typing(baseline, figures, onset.since(before.first), side)
    return {
        **{f"p_{kind}": types.now.get(kind, 0.0) for kind in Intervention},
        "episode_id": state.id,
        "episode_status": str(state.status),
        "episode_trough": str(state.trough),
        "episode_recovered_share": state.recovered_share,
        "episode_months_under": state.months_under,
        "episode_shortfall": state.shortfall,
        "episode_shortfall_lower": state.shortfall_lower,
        "episode_shortfall_upper": state.shortfall_upper,
    }


COLUMNS = (
    "series_id", "month", "value", "expected", "q0.1", "q0.9", "tail_probability", "surprise", "verdict",
    "reason",
    *(f"p_{kind}" for kind in Intervention),
    "record", "record_since", "record_months_held", "record_months_needed", "record_years",
    "episode_id", "episode_status", "episode_trough", "episode_recovered_share", "episode_months_under",
    "episode_shortfall", "episode_shortfall_lower", "episode_shortfall_upper",
)  # fmt: skip
"""Columns of the output, quantities in the series' unit."""


def list_episodes(detections: pd.DataFrame) -> pd.DataFrame:
    """Last state of each episode in the rows that detect wrote, by series and onset."""
    within = detections[detections["episode_id"].notna()]
    last = within.groupby("episode_id", sort=True).tail(1)
    names = [name for name in COLUMNS if name.startswith(("episode_", "p_"))]
    return last[["series_id", "month", *names]].rename(columns={"month": "as_of"}).reset_index(drop=True)
