"""What the judged figures of a batch do to the alerts of every rule that watches their series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from sqlalchemy import Connection

from alerts.bands import counterfactual_band
from alerts.events import alert_event
from alerts.facts import Band, Facts
from alerts.lifecycle import ruling_version
from alerts.routing import Silence
from alerts.rules import Rule
from alerts.step import step
from services.ingestion.calendars import shipped
from services.storage import rules
from services.storage.alerts import AlertRecord
from services.storage.beside import Beside
from services.storage.series import SeriesRecord
from services.storage.traits import traits
from services.usecases.held_alerts import HeldAlerts, Moved
from services.usecases.replay_figures import Past
from services.usecases.shock_facts import RecordedShocks, recorded_facts, with_episode


def watching(in_force: Iterable[Rule], series: SeriesRecord, orphaned: Collection[str] = ()) -> list[Rule]:
    """The rules whose scope covers a series, and those ``orphaned`` that have an alert on it all the same."""
    return [rule for rule in in_force if rule.scope.covers(traits(series)) or rule.id in orphaned]


@dataclass(frozen=True, slots=True)
class Cause:
    """A figure that came, or one that did not: no forecast judged that, and no row was recorded of it."""

    facts: Facts
    series: SeriesRecord
    forecast_id: int | None = None
    observation_id: int | None = None


class Follower:
    """Follows the figures of a batch: what they ask of storage is read for all of them, and stored once.

    ``until`` is the moment that the last of them became known. Where the transaction goes back to a
    savepoint, take another.
    """

    def __init__(
        self,
        connection: Connection,
        registered: Sequence[SeriesRecord],
        silences: Sequence[Silence],
        *,
        until: dt.datetime,
        now: dt.datetime,
    ) -> None:
        ids = {each.id for each in registered}
        self._held = HeldAlerts(connection, ids, silences, now=now)
        self._shocks = RecordedShocks(connection, registered, until=until)
        self._beside: Callable[[str], Beside] = cache(
            lambda desk: Beside(connection, desk=desk, shipped=shipped(), together=ids)
        )
        self._earlier: Callable[[str, int], Rule | None] = cache(partial(rules.get, connection))

    def rules_on(self, series_id: str) -> Collection[str]:
        """Ids of the rules that have an alert, open or over, on a series."""
        return self._held.rules_on(series_id)

    def follow(self, cause: Cause, watchers: Iterable[Rule]) -> None:
        """Move the alerts of the rules that watch a series; the same absence again moves nothing."""
        for rule in watchers:
            self._follow(rule, cause)

    def store(self) -> list[Moved]:
        """Write what the figures did; the transitions in their order, for the caller to tell their desks."""
        return self._held.store()

    def _follow(self, current: Rule, cause: Cause) -> None:
        beside = self._beside(current.desk)
        known = self._held.of(current.id, cause.facts.series_id)
        taken = step(
            current,
            [record.state for record in known.values()],
            cause.facts,
            version=partial(self._version, current),
            counterfactual=lambda before: self._counterfactual(current, known[before.id], cause, beside),
            asked=lambda rule, facts: recorded_facts(facts, cause.series, rule.needs, beside, self._shocks),
            covers=current.scope.covers(traits(cause.series)),
        )
        if taken is None:
            return
        if taken.over is not None:
            self._held.forget(known[taken.over.id])
        after = taken.after
        if after is None:
            return
        if after != taken.before:
            began = known.get(after.id)
            onset_forecast = cause.forecast_id if began is None else began.onset_forecast_id
            record = AlertRecord(after, taken.rule.desk, onset_forecast)
            self._held.keep(record, known_from=cause.facts.known_from)
        if not taken.transitions:
            return
        said = with_episode(taken.facts, cause.series, beside, self._shocks)
        for transition in taken.transitions:
            body = alert_event(transition, taken.rule, after, said)
            self._held.say(
                after,
                transition,
                body,
                observation_id=cause.observation_id,
                inhibits=taken.rule.inhibits is not None,
            )

    def _counterfactual(self, rule: Rule, record: AlertRecord, cause: Cause, beside: Beside) -> Band | None:
        """What was forecast for a figure's span before an alert's onset.

        Where none was published then, a rule that asks for it gets the one that a rehearsal would make from
        what was known: an alert that waits for recovery could else close by no figure at all.
        """
        if record.onset_forecast_id is not None:
            onset = self._held.onset_forecast(record)
            return (
                None
                if onset is None or onset.forecast is None
                else counterfactual_band(onset.forecast, cause.facts.span)
            )
        ruling = ruling_version(record.state, cause.facts.span, current=rule.version)
        judging = rule if ruling == rule.version else self._version(rule, ruling)
        if "counterfactual" not in judging.needs:
            return None
        return Past(cause.series, beside.rows(cause.series), ()).counterfactual(record.state, cause.facts)

    def _version(self, current: Rule, version: int) -> Rule:
        """An earlier version of a rule."""
        return self._earlier(current.id, version) or current
