"""A figure as it arrives becomes facts: set against what was known before it, and judged by its forecast.

One place for all who judge: a release that arrives, a rule that is rehearsed on the past, a panel offline.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from alerts.bands import band, band_of
from alerts.facts import Branch, Expectation, Facts, Figure, ForecastUsed, Outlook, SourceClaim
from forecasting.against import Against
from forecasting.forecast import Forecast
from forecasting.months import Month, Span
from forecasting.prints import Prints, Standing
from forecasting.series import Observation, Series
from forecasting.shocks import changes
from forecasting.shocks.detection import Detection, Verdict, judge_many, not_judged
from forecasting.shocks.outlook import outlook
from forecasting.shocks.records import Before, change_records, rank_in_month, records
from forecasting.shocks.sides import SIDES


class Named(Protocol):
    """A series as its facts name it: its id, its name, and the unit of its values."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Arrived:
    """A figure as it became known, of which series, and what its source says of it."""

    series: Named
    observation: Observation
    claim: SourceClaim | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """A forecast as far as judging needs it; ``reason`` says what kind it is, where that matters.

    ``id`` is None for one that was made now, of what was known at ``vintage``. It counts from
    ``published_at`` on.
    """

    id: int | None
    model: str
    vintage: dt.datetime
    published_at: dt.datetime
    reason: str | None
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Judgement:
    """A figure's facts, and the id of the published forecast that judged it; a later print corrects it."""

    facts: Facts
    forecast_id: int | None
    first_print: bool


def judging(published: Sequence[Judge], span: Span, first_known: dt.datetime) -> Judge | None:
    """The forecast that judges a span: the newest that was published before the span was first known.

    ``published`` is in the order of newest vintage first. It counts when a forecast was published, and not
    only what it was made from: one that came out after the figure was no forecast of it.
    """
    return next(
        (
            each
            for each in published
            if max(each.vintage, each.published_at) < first_known and each.forecast.first <= span.first
        ),
        None,
    )


def ahead(published: Sequence[Judge], moment: dt.datetime) -> Forecast | None:
    """The newest forecast that was out by a moment, ``published`` being in that order."""
    return next((each.forecast for each in published if max(each.vintage, each.published_at) <= moment), None)


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A figure set against what was known before it; ``judge`` is the forecast that judges it.

    ``before`` is the series up to the figure's span as it stood without the figure, ``after`` all of it with
    the figure; ``replaced`` is what it replaces, ``to_date`` the total of its year up to it, and
    ``to_date_before`` that of the year before. ``ahead`` is the newest forecast that stood at that moment.
    ``previous_revised`` and ``against`` are as in the facts.
    """

    arrived: Arrived
    judge: Judge | None
    ahead: Forecast | None
    before: Series | None
    after: Series | None
    replaced: Standing | None
    to_date: Figure | None
    to_date_before: Figure | None
    previous_revised: float | None = None
    against: tuple[Against, ...] = ()


def place(arrived: Arrived, prints: Prints, judge: Judge | None, ahead: Forecast | None) -> Placed:
    """Set a figure against its past, and tell it to the prints, which have come to when it became known.

    ``judge``: for a first print see ``judging``, for a revision that of its first.
    """
    span, value = arrived.observation.span, arrived.observation.value
    held = prints.series()
    replaced = prints.standing(span)
    prints.tell(span, value)
    return Placed(
        arrived,
        judge,
        ahead,
        None if held is None or value is None else _cut(held, span),
        None if judge is None else prints.series(),
        replaced,
        _to_date(prints, span.last),
        _to_date(prints, span.last - 12),
    )


def withdrawn(budget: float) -> Detection:
    """What is said of a figure that its source took back."""
    return not_judged("the source has withdrawn the figure", budget)


def judge_figures(placed: Sequence[Placed], *, budget: float) -> list[Judgement]:
    """Verdicts and facts of figures, judged together in one pass; see forecasting.shocks.detection."""
    there = [each for each in placed if each.arrived.observation.value is not None]
    verdicts = iter(
        judge_many(
            [value for each in there if (value := each.arrived.observation.value) is not None],
            [each.arrived.observation.span for each in there],
            [None if each.judge is None else each.judge.forecast for each in there],
            budget=budget,
        )
    )
    gone = withdrawn(budget)
    return [
        _judgement(each, gone if each.arrived.observation.value is None else next(verdicts))
        for each in placed
    ]


def _judgement(placed: Placed, detection: Detection) -> Judgement:
    series, observation, used = placed.arrived.series, placed.arrived.observation, placed.judge
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
        source_claim=placed.arrived.claim,
        forecast=None
        if used is None or used.id is None
        else ForecastUsed(id=str(used.id), vintage=used.vintage, model=used.model),
        previous_revised=placed.previous_revised,
        against=placed.against,
        next_expected=None if forecast is None else _outlook(placed, forecast, detection.verdict),
        ahead=placed.ahead,
        **compared,
    )
    first_print = placed.replaced is None
    return Judgement(facts, None if used is None else used.id, first_print)


def _compared(placed: Placed, before: Series, value: float) -> dict[str, Any]:
    """The facts that set a figure beside the figures before it."""
    span = placed.arrived.observation.span
    past = Before(before, span)
    return {
        "change_month": changes.on_month(before, span, value),
        "change_year": changes.on_year(before, span, value),
        "previous": _figure(before, Span(span.first - span.months, span.months)),
        "year_ago": _figure(before, Span(span.first - 12, span.months)),
        "records": records(past, value),
        "change_records": change_records(past, value),
        "rank_in_month": rank_in_month(past, value),
        "year_to_date": placed.to_date,
        "year_to_date_before": placed.to_date_before,
    }


def awaited_facts(
    series: Named, span: Span, expectation: Expectation, missed_at: dt.datetime, *, budget: float
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


def _outlook(placed: Placed, forecast: Forecast, verdict: Verdict) -> Outlook | None:
    """What follows the figure; None where the next month is known already, as of a late revision."""
    span, held = placed.arrived.observation.span, placed.after
    following = span.last + 1
    if held is not None and (
        np.isfinite(held.at(following)) or any(following in total.span for total in held.totals)
    ):
        return None
    return _after_shock(forecast, held, span, verdict) or _next(forecast, span)


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


def _to_date(prints: Prints, last: Month) -> Figure | None:
    total = changes.to_date(prints, last)
    return None if total is None else Figure(*total)
