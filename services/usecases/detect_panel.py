"""A whole panel judged month by month, point in time: what the service would have said, offline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from alerts.facts import Facts
from alerts.judging import Arrived, Judge, Placed, judge_figures, place
from forecasting import portfolios
from forecasting.engine import publish
from forecasting.forecast import HORIZON, Forecast
from forecasting.months import Month, Span
from forecasting.prints import Prints
from forecasting.series import Observation, Series
from forecasting.shocks.chronicle import FOLLOWED, Chapter, Shock, begins, chapter
from forecasting.shocks.detection import SHOCKS, Verdict, discoveries, not_judged, threshold
from forecasting.shocks.episodes import REOPENED_WITHIN, closing
from forecasting.shocks.interventions import Intervention, Side
from forecasting.shocks.records import Extreme
from forecasting.shocks.witnesses import steadied
from services.storage.series import SeriesRecord
from services.usecases.completed_panel import completed
from services.usecases.forecast_panel import processes
from services.usecases.time_limit import limited

FEWEST = 12
"""Figures held before the first one that is judged."""
CHUNK = 8

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Judging:
    """How a panel is judged: first month, alert budget, months between refits, and portfolio.

    ``discovery_rate`` is the share of false ones among the figures of one month named discoveries.
    """

    first: Month
    budget: float = 0.1
    refit_every: int = 3
    portfolio: str = "fast"
    discovery_rate: float = 0.1

    def check(self) -> None:
        """InvalidBudgetError or UnknownModelError where a part of it cannot be."""
        threshold(self.budget)
        discoveries([], rate=self.discovery_rate)
        portfolios.portfolio(self.portfolio)


def detect_panel(
    panel: Sequence[Series],
    judging: Judging,
    *,
    jobs: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> pd.DataFrame:
    """One row per series and judged figure, in order of series and month, the same for any count of jobs.

    A figure is of one month, or of the two or more of a total, which ``month`` then names as the file does.

    A month without a row is judged as zero where at least half of the running series of its family (the id
    up to its first double underscore) have one and the series itself had 90 % of the 24 months before: the
    release came, and nothing was shipped. ``discovery`` says whether the figure is a shock while the false
    ones among those of its month, over all series, are held to the discovery rate. ``progress`` is told of
    each chunk's count of series.
    """
    complete = completed(panel)
    chunks = [complete[start : start + CHUNK] for start in range(0, len(complete), CHUNK)]
    rows: list[Row] = []
    for found, chunk in zip(_mapped(partial(_detect, judging=judging), chunks, jobs), chunks, strict=True):
        rows += found
        progress(len(chunk))
    table = pd.DataFrame(rows, columns=COLUMNS)
    chances = table["tail_probability"].to_numpy(dtype=np.float64)
    named = np.zeros(len(table), dtype=np.bool_)
    for places in table.groupby("month").indices.values():
        named[places] = discoveries(chances[places], rate=judging.discovery_rate)
    table["discovery"] = named
    return table


def _mapped(
    work: Callable[[list[Series]], list[Row]], chunks: Iterable[list[Series]], jobs: int
) -> Iterator[list[Row]]:
    if jobs == 1:
        yield from map(work, chunks)
        return
    with processes(jobs) as pool:
        yield from pool.map(work, chunks)


def _detect(chunk: Sequence[Series], judging: Judging) -> list[Row]:
    return [row for series in chunk for row in detect_series(series, judging)]


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """A figure with its facts, and the portfolio's forecast that stood before it."""

    facts: Facts
    published: Forecast | None


def detect_series(series: Series, judging: Judging) -> list[Row]:
    """Rows of one series; every figure is judged by what was published before its span.

    A figure takes the step of one that arrives, as if each had become known at the end of its span. Each fit
    is under the time limit.
    """
    record = SeriesRecord(series.id, series.id, series.unit)
    prints = Prints(series.id, series.unit)
    guard = limited()
    published: Forecast | None = None
    stood: list[Forecast | None] = []
    placed: list[Placed] = []
    fitted: Month | None = None
    early = 0
    for span in _spans(series):
        known_from = _midnight(span.last + 1)
        prints.advance(known_from)
        figure = Observation(span, series.over(span), known_from)
        if span.first < judging.first:
            prints.tell(span, figure.value)
            continue
        judge = None
        if early == len(placed) and series.until(span.last).held <= FEWEST:
            early += 1
        else:
            history = series.until(span.first - 1)
            if fitted is None or span.first.since(fitted) >= judging.refit_every:
                (publication,) = publish([history], horizon=HORIZON, portfolio=judging.portfolio, guard=guard)
                published, fitted = publication.forecast, span.first
            judge = _judge(steadied(history, published, horizon=span.months), _midnight(span.first))
        stood.append(published)
        placed.append(place(Arrived(record, figure), prints, judge, None))
    facts = [each.facts for each in judge_figures(placed, budget=judging.budget)]
    short = not_judged(f"fewer than {FEWEST} figures are held before it", judging.budget)
    facts[:early] = [replace(each, detection=short) for each in facts[:early]]
    return _followed(series, [_Judged(*each) for each in zip(facts, stood, strict=True)])


def _judge(made: Forecast | None, vintage: dt.datetime) -> Judge | None:
    """A forecast made of the figures of the months before, as the one that judges."""
    return None if made is None else Judge(None, made.model, vintage, vintage, None, made)


def _midnight(month: Month) -> dt.datetime:
    """The moment at which a month begins, in UTC."""
    return dt.datetime.combine(month.first_day, dt.time(), dt.UTC)


def _spans(series: Series) -> list[Span]:
    """What is held, in the order in which it ends: months, and totals that no source splits."""
    steps = np.flatnonzero(np.isfinite(series.values)).tolist()
    spans = [*(Span(series.start + step) for step in steps), *(total.span for total in series.totals)]
    return sorted(spans, key=lambda span: (span.last, span.first))


def _followed(series: Series, judged: Sequence[_Judged]) -> list[Row]:
    rows: list[Row] = []
    current: Shock | None = None
    for each in judged:
        span = each.facts.span
        known = series.until(span.last)
        closed = None if current is None else closing(known, current.before, current.span, current.side)
        if each.facts.detection.verdict in SHOCKS:
            if current is None or begins(current.span, closed, span):
                current = _begun(series, each) or current
        elif current is not None and (
            span.first.since(current.span.last) > FOLLOWED or _long_closed(closed, span.first)
        ):
            current = None
        row = _row(each.facts)
        if current is not None:
            row |= _episode_fields(chapter(known, current))
        rows.append(row)
    return rows


def _begun(series: Series, judged: _Judged) -> Shock | None:
    """The shock with the forecast that judged it, over its whole horizon: the baseline of its episode."""
    before = steadied(series.until(judged.facts.span.first - 1), judged.published, horizon=HORIZON)
    side: Side = "down" if judged.facts.detection.verdict is Verdict.SHOCK_DOWN else "up"
    return None if before is None else Shock(judged.facts.span, side, before)


def _long_closed(closed: Month | None, month: Month) -> bool:
    """True once an episode can no longer reopen, so that its rows end."""
    return closed is not None and month.since(closed) > REOPENED_WITHIN


def _row(facts: Facts) -> Row:
    """The verdict with its context."""
    detection, rank = facts.detection, facts.rank_in_month
    return {
        "series_id": facts.series_id,
        "month": str(facts.span),
        "value": facts.value,
        "expected": detection.expected,
        "q0.1": detection.lower_80,
        "q0.9": detection.upper_80,
        "tail_probability": detection.tail_probability,
        "surprise": detection.surprise,
        "verdict": str(detection.verdict),
        "reason": detection.reason,
        "change_month": facts.change_month,
        "change_year": facts.change_year,
        **_record_fields("record", next(iter(facts.records), None)),
        **_record_fields("change_record", next(iter(facts.change_records), None)),
        "rank_in_month": None if rank is None else rank.rank,
        "same_months_held": None if rank is None else rank.held,
    }


def _record_fields(name: str, record: Extreme | None) -> Row:
    if record is None:
        return {}
    return {
        name: record.direction,
        f"{name}_of": record.of,
        f"{name}_since": None if record.since is None else str(record.since),
        f"{name}_months_held": record.months_held,
        f"{name}_months_needed": record.months_needed,
        f"{name}_years": record.years_claimed,
    }


def _episode_fields(found: Chapter) -> Mapping[str, object]:
    state = found.episode
    return {
        **{f"p_{kind}": found.types.now.get(kind, 0.0) for kind in Intervention},
        **{f"p_first_{kind}": found.types.at_first_sight.get(kind, 0.0) for kind in Intervention},
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
    *(f"p_first_{kind}" for kind in Intervention),
    "change_month", "change_year",
    "change_record", "change_record_of", "change_record_since", "change_record_months_held",
    "change_record_months_needed", "change_record_years",
    "rank_in_month", "same_months_held", "discovery",
)  # fmt: skip
"""Columns of the output: quantities in the series' unit, ``p_`` by every month seen, ``p_first_`` by none."""


def list_episodes(detections: pd.DataFrame) -> pd.DataFrame:
    """Last state of each episode in the rows that detect wrote, by series and onset."""
    within = detections[detections["episode_id"].notna()]
    last = within.groupby("episode_id", sort=True).tail(1)
    names = [name for name in COLUMNS if name.startswith(("episode_", "p_"))]
    return last[["series_id", "month", *names]].rename(columns={"month": "as_of"}).reset_index(drop=True)
