"""The facts of arriving figures: what was known before each, and what the forecast made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alerts.facts import Band, Branch, Expectation, Facts, Figure, ForecastUsed, Outlook, SourceClaim
from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.prints import Prints, Standing
from forecasting.series import Series
from forecasting.shocks import changes
from forecasting.shocks.detection import Detection, Verdict, judge_many, not_judged
from forecasting.shocks.outlook import outlook
from forecasting.shocks.records import change_records, rank_in_month, records
from forecasting.shocks.sides import SIDES
from services.storage.forecasts import ForecastRecord
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord
from services.storage.standing_forecasts import Judge


@dataclass(frozen=True, slots=True)
class Judgement:
    """A figure with its facts, and the forecast that judged it; a later print corrects or withdraws."""

    series: SeriesRecord
    record: ObservationRecord
    facts: Facts
    forecast_id: int | None
    first_print: bool


def judging(
    published: Sequence[ForecastRecord], span: Span, first_known: dt.datetime
) -> ForecastRecord | None:
    """The forecast that judges a span: the newest that was published before the span was first known.

    ``published`` is in the order of newest vintage first. It counts when a forecast was published, and not
    only what it was made from: one that came out after the figure was no forecast of it.
    """
    return next(
        (
            each
            for each in published
            if each.vintage < first_known
            and each.published_at < first_known
            and each.forecast is not None
            and each.forecast.first <= span.first
        ),
        None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A figure set against what was known before it; ``judge`` is the forecast that judges it.

    ``before`` is the series up to the figure's span as it stood without the figure, ``after`` all of it with
    the figure; ``replaced`` is what it replaces, ``standing`` holds what stands of its year and of
    the year before. ``ahead`` is the newest forecast that stood when the figure became known.
    """

    series: SeriesRecord
    record: ObservationRecord
    judge: Judge | None
    ahead: Forecast | None
    before: Series | None
    after: Series | None
    replaced: Standing | None
    standing: Mapping[Span, float]


def place(
    series: SeriesRecord,
    record: ObservationRecord,
    prints: Prints,
    judge: Judge | None,
    ahead: Forecast | None,
) -> Placed:
    """Set a figure against its past, and tell it to the prints, which have come to when it became known.

    ``judge``: for a first print see ``judging``, for a revision that of its first.
    """
    span, value = record.observation.span, record.observation.value
    held = prints.series()
    replaced = prints.standing(span)
    standing = prints.figures(Month.of(span.last.year, 1) - 12, span.last)
    prints.tell(span, value)
    return Placed(
        series,
        record,
        judge,
        ahead,
        None if held is None or value is None else _cut(held, span),
        None if judge is None else prints.series(),
        replaced,
        standing,
    )


def judge_figures(placed: Sequence[Placed], *, budget: float) -> list[Judgement]:
    """Verdicts and facts of figures, judged together in one pass; see forecasting.shocks.detection."""
    there = [each for each in placed if each.record.observation.value is not None]
    verdicts = iter(
        judge_many(
            [value for each in there if (value := each.record.observation.value) is not None],
            [each.record.observation.span for each in there],
            [None if each.judge is None else each.judge.forecast for each in there],
            budget=budget,
        )
    )
    withdrawn = not_judged("the source has withdrawn the figure", budget)
    return [
        _judgement(each, withdrawn if each.record.observation.value is None else next(verdicts))
        for each in placed
    ]


def _judgement(placed: Placed, detection: Detection) -> Judgement:
    series, record, used = placed.series, placed.record, placed.judge
    observation = record.observation
    span, value = observation.span, observation.value
    forecast = None if used is None else used.forecast
    if used is not None and used.reason is not None:
        detection = replace(detection, reason=f"{detection.reason}; of that forecast: {used.reason}")
    compared = {} if placed.before is None or value is None else _compared(placed, placed.before, value)
    facts = Facts(
        series_id=series.id,
        series_name=series.name,
        unit=series.unit,
        span=span,
        value=value,
        known_from=observation.known_from,
        stage=observation.stage,
        detection=detection,
        revision_of=None if placed.replaced is None else placed.replaced.value,
        source_claim=None
        if record.claim is None
        else SourceClaim(record.claim, record.source or "the source", record.source_url or ""),
        forecast=None
        if used is None
        else ForecastUsed(id=str(used.id), vintage=used.vintage, model=used.model),
        next_expected=None
        if forecast is None
        else _after_shock(forecast, placed.after, span, detection.verdict) or _next(forecast, span),
        ahead=placed.ahead,
        **compared,
    )
    first_print = placed.replaced is None
    return Judgement(series, record, facts, None if used is None else used.id, first_print)


def _compared(placed: Placed, before: Series, value: float) -> dict[str, Any]:
    """The facts that set a figure beside the figures before it."""
    span = placed.record.observation.span
    figures = {**placed.standing, span: value}
    return {
        "change_month": changes.on_month(before, span, value),
        "change_year": changes.on_year(before, span, value),
        "previous": _figure(before, Span(span.first - span.months, span.months)),
        "year_ago": _figure(before, Span(span.first - 12, span.months)),
        "records": records(before, span, value),
        "change_records": change_records(before, span, value),
        "rank_in_month": rank_in_month(before, span, value),
        "year_to_date": _to_date(figures, span.last),
        "year_to_date_before": _to_date(figures, span.last - 12),
    }


def awaited_facts(
    series: SeriesRecord, span: Span, expectation: Expectation, missed_at: dt.datetime, *, budget: float
) -> Facts:
    """The facts of a figure that had not come at a moment: when it was due, and nothing else."""
    return Facts(
        series_id=series.id,
        series_name=series.name,
        unit=series.unit,
        span=span,
        value=None,
        known_from=missed_at,
        detection=not_judged("the figure has not come", budget),
        expectation=expectation,
        awaited=True,
    )


def band(forecast: Forecast, span: Span) -> Band | None:
    """Median and central 80 % of a span; None where the forecast does not reach it."""
    return band_of(forecast, span) if forecast.reaches(span) else None


def band_of(forecast: Forecast, span: Span) -> Band:
    """Median and central 80 % of a span that the forecast reaches."""
    lower, median, upper = np.interp((0.1, 0.5, 0.9), forecast.levels, forecast.over(span)).tolist()
    return Band(expected=median, lower_80=lower, upper_80=upper)


def _next(forecast: Forecast, span: Span) -> Outlook | None:
    following = Span(span.last + 1)
    expected = band(forecast, following)
    return None if expected is None else Outlook(following, expected)


def _after_shock(forecast: Forecast, held: Series | None, span: Span, verdict: Verdict) -> Outlook | None:
    """What follows a shock, given the figure; None where it is none, or the forecast ends before."""
    side = SIDES.get(verdict)
    if side is None or held is None:
        return None
    found = outlook(forecast, held, span, side)
    if found is None:
        return None
    following = Span(span.last + 1)
    branches = tuple(
        Branch(each.intervention, each.weight, band_of(each.forecast, following)) for each in found.branches
    )
    return Outlook(following, band_of(found.mixture, following), branches)


def _cut(held: Series, span: Span) -> Series | None:
    """The series up to the span, so that a figure is set against its past alone."""
    return held.until(span.last) if held.start <= span.last else None


def _figure(series: Series, span: Span) -> Figure | None:
    value = series.at(span.first) if span.months == 1 else series.over(span)
    return Figure(span, value) if np.isfinite(value) else None


def _to_date(figures: Mapping[Span, float], last: Month) -> Figure | None:
    total = changes.year_to_date(figures, last)
    return None if total is None else Figure(*total)
