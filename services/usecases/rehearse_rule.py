"""A rule replayed on the past before it is saved: nothing is written, and nothing later is looked at."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.errors import NothingCoveredError, RehearsalTooLargeError
from alerts.facts import Band, Facts
from alerts.rehearsal import Rehearsal, RehearsedAlert, changed, rehearse
from alerts.rules import Rule
from alerts.states import AlertState
from forecasting.against import SubmittedForecasts
from forecasting.months import Month, Span
from forecasting.prints import PrintArrays
from services.ingestion.calendars import shipped
from services.storage import forecasts, observations, series, standing_forecasts, submitted_forecasts
from services.storage.beside import Beside
from services.storage.observations import ObservationRecord, as_of_today
from services.storage.series import SeriesRecord
from services.storage.traits import traits
from services.usecases.check_forecasters import check_forecasters
from services.usecases.check_scope import check_scope
from services.usecases.replay_figures import Past

LONGEST_YEARS = 15
MOST_MONTHS = 60_000
"""Series times months that one rehearsal replays: 300 series over 15 years are 54,000."""
MOST_FIGURES = 100_000
"""Figures that one rehearsal replays: revisions make more of them than there are months."""
NEVER = Month.of(2000, 1)
"""The month rehearsed where no figure is held of any."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Alerts heard only with the figures of the time, and only with today's."""

    only_then: tuple[RehearsedAlert, ...]
    only_today: tuple[RehearsedAlert, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A rehearsal over the months ``first`` to ``last`` of the series covered.

    ``judged_by`` counts figures by the forecast that judged them: published at the time, or made now from
    what was known then. ``difference`` is there where today's figures were asked for.
    """

    rule: Rule
    series: tuple[SeriesRecord, ...]
    first: Month
    last: Month
    mode: str
    rehearsal: Rehearsal
    judged_by: dict[str, int]
    difference: Difference | None


def rehearse_rule(
    connection: Connection,
    rule: Rule,
    *,
    first: Month | None,
    last: Month | None,
    latest: bool,
    alerts_a_year: float | None,
    budget: float,
    portfolio: str,
    desk: str | None = None,
) -> Rehearsed:
    """Replay a rule on every series that it covers, over months of figures, at most 15 years of them.

    With ``latest`` the answer is of today's figures, with the difference to those of the time.
    ``alerts_a_year`` is what the desk accepts over all series; ``budget`` what judges a shock, as in
    recording. Only series that ``desk`` may see are replayed, or where none asks the rule's own desk, which
    is what live lets the rule see. UnknownScopeError and UnseenForecasterError as in saving;
    NothingCoveredError; RehearsalTooLargeError, before any figure is read.
    """
    seen_by = desk or rule.desk
    check_scope(connection, rule, desk=seen_by)
    check_forecasters(connection, rule, desk=seen_by)
    held_by = series.listed(connection, desk=seen_by, limit=None)
    covered = tuple(each for each in held_by if rule.scope.covers(traits(each)))
    if not covered:
        raise NothingCoveredError(rule.scope.in_words())
    ids = [each.id for each in covered]
    earliest, latest_held = observations.extent(connection, ids) or (NEVER, NEVER)
    last = last or latest_held
    first = max(first or earliest, last - (12 * LONGEST_YEARS - 1))
    count = observations.count_within(connection, ids, first, last)
    months = max(last.since(first) + 1, 0)
    if len(covered) * months > MOST_MONTHS:
        raise RehearsalTooLargeError(len(covered), months, count, MOST_MONTHS)
    if count > MOST_FIGURES:
        raise RehearsalTooLargeError(len(covered), months, count, MOST_FIGURES)
    held = observations.history(connection, ids)
    published = standing_forecasts.archived(connection, held.keys(), model=forecasts.judging(portfolio))
    beside = Beside(connection, desk=seen_by, shipped=shipped())

    def replayed(rows_of: Callable[[Sequence[ObservationRecord]], Sequence[ObservationRecord]]) -> _Replay:
        rows = {each.id: rows_of(held[each.id]) for each in covered if held.get(each.id)}
        submitted = _submitted(connection, rule, rows)
        pasts = [
            Past(
                each,
                rows[each.id],
                published[each.id],
                budget=budget,
                needs=rule.needs,
                beside=beside,
                submitted=submitted.get(each.id),
            )
            for each in covered
            if each.id in rows
        ]
        return _Replay(rule, pasts, first, last, alerts_a_year)

    then = replayed(lambda rows: rows)
    if not latest:
        return Rehearsed(rule, covered, first, last, "known", then.rehearsal, dict(then.judged_by), None)
    today = replayed(as_of_today)
    difference = Difference(*changed(then.rehearsal, today.rehearsal))
    return Rehearsed(rule, covered, first, last, "latest", today.rehearsal, dict(today.judged_by), difference)


def _submitted(
    connection: Connection, rule: Rule, rows: Mapping[str, Sequence[ObservationRecord]]
) -> dict[str, SubmittedForecasts]:
    """What the forecasters that a rule asks for had said of each series before its figures were known."""
    if not rule.forecasters:
        return {}
    first_known: dict[tuple[str, Span], dt.datetime] = {}
    for series_id, theirs in rows.items():
        for row in theirs:
            first_known.setdefault((series_id, row.observation.span), row.observation.known_from)
    held = {each: PrintArrays.of(row.observation for row in theirs) for each, theirs in rows.items()}
    return submitted_forecasts.before(connection, first_known, held, of=rule.forecasters)


class _Replay:
    """A rule over the pasts of several series."""

    def __init__(
        self, rule: Rule, pasts: Sequence[Past], first: Month, last: Month, alerts_a_year: float | None
    ) -> None:
        by_series = {past.series.id: past for past in pasts}
        history: list[Facts] = []
        episodes: dict[str, frozenset[Month]] = {}
        for past in pasts:
            told = past.facts(first, last)
            history += told + past.awaited(first, last)
            episodes[past.series.id] = past.episodes(told)

        def of_series(state: AlertState, facts: Facts) -> Band | None:
            return by_series[facts.series_id].counterfactual(state, facts)

        counterfactual = of_series if "counterfactual" in rule.needs else None
        self.rehearsal = rehearse(rule, history, counterfactual, budget=alerts_a_year, episodes=episodes)
        self.judged_by = sum((past.judged_by for past in pasts), Counter[str]())
