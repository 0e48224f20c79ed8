"""The facts of one arriving figure: what was known before it, and what the forecast made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alerts.facts import Band, Branch, Expectation, Facts, Figure, ForecastUsed, Outlook, SourceClaim
from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.series import Observation, Series
from forecasting.shocks import changes
from forecasting.shocks.detection import Verdict, judge, not_judged
from forecasting.shocks.outlook import outlook
from forecasting.shocks.records import change_records, rank_in_month, records
from forecasting.shocks.sides import SIDES
from forecasting.vintages import known, series_as_of
from services.storage.forecasts import ForecastRecord
from services.storage.observations import ObservationRecord
from services.storage.series import SeriesRecord


@dataclass(frozen=True, slots=True)
class Judgement:
    """A figure with its facts, and the forecast that judged it."""

    series: SeriesRecord
    record: ObservationRecord
    facts: Facts
    forecast_id: int | None


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


def judge_figure(
    series: SeriesRecord,
    record: ObservationRecord,
    history: Sequence[ObservationRecord],
    judge_by: ForecastRecord | None,
    *,
    published: Sequence[ForecastRecord] = (),
    budget: float,
) -> Judgement:
    """Judge one figure by a forecast: for a first print see ``judging``, for a revision that of its first.

    ``history`` holds the rows known before this one was, ``published`` every forecast that says something,
    newest vintage first; neither may hold this figure.
    """
    observation = record.observation
    span, value = observation.span, observation.value
    earlier = [each.observation for each in history]
    used = judge_by
    forecast = None if used is None else used.forecast
    held = series_as_of(series.id, series.unit, earlier, observation.known_from)
    before = None if held is None else _cut(held, span)
    standing = known(earlier, observation.known_from)
    replaced = standing.get(span)
    detection = (
        not_judged("the source has withdrawn the figure", budget)
        if value is None
        else judge(value, span, forecast, budget=budget)
    )
    if used is not None and used.reason is not None:
        detection = replace(detection, reason=f"{detection.reason}; of that forecast: {used.reason}")
    facts = Facts(
        series_id=series.id,
        series_name=series.name,
        unit=series.unit,
        span=span,
        value=value,
        known_from=observation.known_from,
        stage=observation.stage,
        detection=detection,
        revision_of=None if replaced is None else replaced.value,
        source_claim=None
        if record.claim is None
        else SourceClaim(record.claim, record.source or "the source", record.source_url or ""),
        forecast=None
        if used is None
        else ForecastUsed(id=str(used.id), vintage=used.vintage, model=used.model),
        next_expected=None
        if forecast is None
        else _after_shock(forecast, series, [*earlier, observation], observation, detection.verdict)
        or _next(forecast, span),
        ahead=next(
            (
                each.forecast
                for each in published
                if max(each.vintage, each.published_at) <= observation.known_from
            ),
            None,
        ),
    )
    if before is not None and value is not None:
        figures = {each: had.value for each, had in standing.items() if had.value is not None}
        figures[span] = value
        facts = replace(
            facts,
            change_month=changes.on_month(before, span, value),
            change_year=changes.on_year(before, span, value),
            previous=_figure(before, Span(span.first - span.months, span.months)),
            year_ago=_figure(before, Span(span.first - 12, span.months)),
            records=records(before, span, value),
            change_records=change_records(before, span, value),
            rank_in_month=rank_in_month(before, span, value),
            year_to_date=_to_date(figures, span.last),
            year_to_date_before=_to_date(figures, span.last - 12),
        )
    return Judgement(series, record, facts, None if used is None else used.id)


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


def _after_shock(
    forecast: Forecast,
    series: SeriesRecord,
    rows: Sequence[Observation],
    observation: Observation,
    verdict: Verdict,
) -> Outlook | None:
    """What follows a shock, given the figure; None where it is none, or the forecast ends before."""
    side = SIDES.get(verdict)
    held = series_as_of(series.id, series.unit, rows, observation.known_from)
    if side is None or held is None:
        return None
    span = observation.span
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
