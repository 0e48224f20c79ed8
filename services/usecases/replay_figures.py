"""The figures of one series as they were judged, or would have been, each at the moment it became known."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from alerts.bands import band, counterfactual_band
from alerts.facts import Band, Facts
from alerts.judging import Judge, Placed, ahead, awaited_facts, judge_figures, judging, place
from alerts.release_calendars import ReleaseCalendar
from alerts.releases import Arrival, absences
from alerts.states import AlertState
from forecasting.against import SubmittedForecasts
from forecasting.forecast import HORIZON, Forecast
from forecasting.months import Month, Span
from forecasting.prints import PrintArrays, Prints
from forecasting.series import Series
from forecasting.shocks.chronicle import Shock
from forecasting.shocks.detection import Verdict
from forecasting.shocks.sides import SIDES
from forecasting.vintages import known
from services.storage.beside import Beside
from services.storage.observations import ObservationRecord
from services.storage.release_calendars import BY_CALENDAR
from services.storage.series import SeriesRecord
from services.usecases.judge_release import against, arrived
from services.usecases.kept_witnesses import witnessed
from services.usecases.shock_facts import ASKED, shock_facts

MADE = "made now from what was known then, since none was published"
"""Said of each verdict by a forecast that the service did not publish at the time."""
LASTS = 3
"""Months after a shock in which another figure beyond the 80 % band confirms that an episode began."""


class Past:
    """One series' rows in the order in which they became known, judged by what had been forecast before.

    Where no forecast was published before a figure, one of plain witnesses (forecasting.shocks.witnesses) is
    made from the rows known before it, as long as a published one only where facts ``ahead`` are asked for;
    ``judged_by`` counts both kinds. ``needs`` are the facts that are asked for, and ``beside`` holds what
    those of a shock are made from. ``submitted`` is what forecasters had said of the series, where asked for.
    """

    def __init__(
        self,
        series: SeriesRecord,
        rows: Sequence[ObservationRecord],
        published: Sequence[Judge],
        *,
        budget: float = 0.1,
        needs: Collection[str] = (),
        beside: Beside | None = None,
        submitted: SubmittedForecasts | None = None,
    ) -> None:
        self.series = series
        self.rows = rows
        self.published = published
        self.budget = budget
        self.ahead = "ahead" in needs
        self.needs = needs
        self.beside = beside if ASKED.intersection(needs) else None
        self.judged_by: Counter[str] = Counter()
        self._submitted = submitted
        self._moments = sorted({row.observation.known_from for row in rows})
        self._first_known: dict[Span, dt.datetime] = {}
        for row in rows:
            self._first_known.setdefault(row.observation.span, row.observation.known_from)
        self._judges: dict[Span, Judge | None] = {}
        self._made: dict[tuple[dt.datetime, int], Forecast | None] = {}
        self._arrays = PrintArrays.of(row.observation for row in rows)
        self._prints: Prints | None = None
        self._reached: dt.datetime | None = None
        self._series: dict[dt.datetime, Series | None] = {}

    def facts(self, first: Month, last: Month) -> list[Facts]:
        """Facts of every figure, revision and withdrawal of the months, as they were when it became known."""
        placed: list[Placed] = []
        prints = Prints(self.series.id, self.series.unit)
        for row in self.rows:
            observation = row.observation
            span = observation.span
            prints.advance(observation.known_from)
            if span.first < first or span.last > last:
                prints.tell(span, observation.value)
                continue
            figure = arrived(self.series, row)
            stood = place(figure, prints, self._judge(span), self._ahead(observation.known_from))
            placed.append(replace(stood, against=against(self._submitted, observation)))
        told: list[Facts] = []
        shocks: dict[Span, Shock] = {}
        for judged, each in zip(judge_figures(placed, budget=self.budget), placed, strict=True):
            told.append(self._with_shock(judged.facts, each.judge, shocks))
            if judged.facts.detection.verdict is not Verdict.NOT_JUDGED:
                self.judged_by["made" if judged.forecast_id is None else "published"] += 1
        return told

    def awaited(self, first: Month, last: Month) -> list[Facts]:
        """Facts of each release of the months while it was late, a fact a day, where a rule asks for them."""
        if self.beside is None or "expectation" not in self.needs or not self.rows:
            return []
        return [
            awaited_facts(self.series, each.span, each.expectation, moment, budget=self.budget)
            for calendar in self.beside.calendars(self.series)
            for each in absences(calendar, _arrivals(self.rows, calendar), first=first, last=last)
            for moment in each.moments
        ]

    def _ahead(self, moment: dt.datetime) -> Forecast | None:
        """The newest forecast that was out by a moment, else made of what was known before, if asked for."""
        stood = ahead(self.published, moment)
        place = bisect_left(self._moments, moment)
        if stood is not None or not self.ahead or place == 0:
            return stood
        return self._steadied(self._moments[place - 1], HORIZON)

    def _with_shock(self, facts: Facts, judge: Judge | None, shocks: dict[Span, Shock]) -> Facts:
        """The facts with those of the shock behind them, where asked for; ``shocks`` follows each verdict."""
        if self.beside is None:
            return facts
        side = SIDES.get(facts.detection.verdict)
        shocks.pop(facts.span, None)
        if side is not None and judge is not None:
            made = self._steadied(judge.vintage, HORIZON) if judge.id is None else None
            shocks[facts.span] = Shock(facts.span, side, made or judge.forecast)
        held = self._held(facts.known_from)
        return shock_facts(facts, self.series, held, list(shocks.values()), self.beside, self.needs)

    def counterfactual(self, state: AlertState, facts: Facts) -> Band | None:
        """What was forecast for a figure's span before the first figure of an alert was known.

        Of an alert that began while a figure was awaited, of before the first that came; None until then.
        """
        first = next((each for each in state.figures if not each.awaited), None)
        forecast = None if first is None else self._forecast_before(first.span, reach=HORIZON)
        return None if forecast is None else counterfactual_band(forecast, facts.span)

    def episodes(self, told: Sequence[Facts]) -> frozenset[Month]:
        """Months of the first prints that were shocks and lasted: a later figure lay as far out, soon."""
        standing = known((row.observation for row in self.rows), self._moments[-1])
        began = set()
        for facts in told:
            sign = {Verdict.SHOCK_DOWN: -1.0, Verdict.SHOCK_UP: 1.0}.get(facts.detection.verdict)
            if sign is None or facts.revision_of is not None:
                continue
            for step in range(1, LASTS + 1):
                span = Span(facts.span.last + step)
                after = standing.get(span)
                if after is None or after.value is None:
                    continue
                was = self._forecast_of(span, before=facts.span, reach=LASTS + facts.span.months)
                if was is None:
                    continue
                if sign * after.value > sign * (was.upper_80 if sign > 0 else was.lower_80):
                    began.add(facts.span.first)
        return frozenset(began)

    def _forecast_of(self, span: Span, *, before: Span, reach: int) -> Band | None:
        """What the forecast that judged ``before`` said of a later span, of those within reach."""
        forecast = self._forecast_before(before, reach=reach)
        return None if forecast is None else band(forecast, span)

    def _forecast_before(self, span: Span, *, reach: int) -> Forecast | None:
        """The forecast that judged a span; one that is made now is so many months long."""
        judge = self._judge(span)
        if judge is None:
            return None
        return judge.forecast if judge.id is not None else self._steadied(judge.vintage, reach)

    def _judge(self, span: Span) -> Judge | None:
        """The forecast of before a span was first known: as published, else made of what was known then."""
        if span not in self._judges:
            first_known = self._first_known.get(span)
            self._judges[span] = None
            if first_known is not None:
                self._judges[span] = judging(self.published, span, first_known) or self._make(span)
        return self._judges[span]

    def _make(self, span: Span) -> Judge | None:
        place = bisect_left(self._moments, self._first_known[span])
        if place == 0:
            return None
        vintage = self._moments[place - 1]
        held = self._held(vintage)
        reach = 0 if held is None else span.last.since(held.end)
        far = HORIZON if self.ahead else reach
        forecast = self._steadied(vintage, far) if 0 < reach <= HORIZON else None
        if forecast is None:
            return None
        return Judge(None, "witnesses", vintage, vintage, MADE, forecast)

    def _held(self, vintage: dt.datetime) -> Series | None:
        """The series as it was known at a vintage; they are asked for in order, but for a few."""
        if vintage not in self._series:
            if self._prints is None or self._reached is None or vintage < self._reached:
                self._prints = Prints(self.series.id, self.series.unit, self._arrays)
            self._prints.advance(vintage)
            self._reached = vintage
            self._series[vintage] = self._prints.series()
        return self._series[vintage]

    def _steadied(self, vintage: dt.datetime, reach: int) -> Forecast | None:
        """A forecast of plain witnesses as of a vintage, so many months long; None where nothing speaks."""
        if (vintage, reach) not in self._made:
            held = self._held(vintage)
            self._made[vintage, reach] = None if held is None else witnessed(held, reach)
        return self._made[vintage, reach]


def _arrivals(rows: Sequence[ObservationRecord], calendar: ReleaseCalendar) -> list[Arrival]:
    """When a calendar's figures of a series came, by its rows."""
    return [
        Arrival(
            row.series_id,
            row.observation.span,
            row.observation.known_from,
            by_calendar=row.known_basis == BY_CALENDAR,
        )
        for row in rows
        if calendar.takes(row.observation.stage)
    ]
