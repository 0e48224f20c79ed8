"""The alerts of a release's series: read once, moved in memory by its figures, and stored together."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from alerts.events import Body
from alerts.hysteresis import Status
from alerts.routing import Silence, notice, silencing
from alerts.states import AlertState, Transition, TransitionKind
from alerts.unheard import Unheard, told_as_opening, told_late
from services.storage import alert_events, alerts, forecasts
from services.storage.alert_events import NewEvent
from services.storage.alerts import AlertRecord
from services.storage.forecasts import ForecastRecord
from services.usecases.spoken_for import SpokenFor


@dataclass(frozen=True, slots=True)
class Moved:
    """One transition of an alert, the body that says it, and what keeps it from its desk, if anything does.

    That is a silence, or the alert of a parent.
    """

    transition: Transition
    body: Body
    event_id: int
    silenced_by: str | None = None
    inhibited_by: str | None = None

    @property
    def heard(self) -> bool:
        """True where its desk is told of it."""
        return self.silenced_by is None and self.inhibited_by is None


@dataclass(frozen=True, slots=True)
class _Said:
    """A transition with the alert after it; a parent's alert may speak for it where its rule ``inhibits``."""

    state: AlertState
    transition: Transition
    body: Body
    observation_id: int | None
    inhibits: bool

    @property
    def ends(self) -> bool:
        """True where the alert is over with it."""
        return self.transition.kind in {TransitionKind.RESOLVED, TransitionKind.RETRACTED}


@dataclass(frozen=True, slots=True)
class _Missed:
    """A transition that an alert's desk has not heard."""

    kind: TransitionKind
    timestamp: str
    inhibited: bool


class HeldAlerts:
    """Alerts of some series by rule, as they stand and as they are moved; ``store`` writes them.

    Where the transaction goes back to a savepoint, read them anew.
    """

    def __init__(
        self,
        connection: Connection,
        series_ids: Collection[str],
        silences: Sequence[Silence],
        *,
        now: dt.datetime,
    ) -> None:
        self._connection = connection
        self._silences = silences
        self._now = now
        self._held: dict[tuple[str, str], dict[str, AlertRecord]] = defaultdict(dict)
        self._rules: dict[str, set[str]] = defaultdict(set)
        self._changed: dict[str, tuple[AlertRecord, dt.datetime]] = {}
        self._over: set[str] = set()
        self._said: list[_Said] = []
        for record in alerts.of_series(connection, series_ids):
            self._put(record)

    def of(self, rule_id: str, series_id: str) -> dict[str, AlertRecord]:
        """Alerts of a rule on a series by id, the earliest onset first."""
        held = self._held.get((rule_id, series_id), {})
        return dict(sorted(held.items(), key=lambda each: each[1].state.onset))

    def rules_on(self, series_id: str) -> Collection[str]:
        """Ids of the rules that have an alert, open or over, on a series."""
        return self._rules.get(series_id, frozenset())

    def onset_forecast(self, record: AlertRecord) -> ForecastRecord | None:
        """What had been published before an alert began; None where nothing was."""
        wanted = record.onset_forecast_id
        if wanted is None:
            return None
        if wanted not in self._onsets:
            self._onsets |= forecasts.of_ids(self._connection, [wanted])
        return self._onsets.get(wanted)

    def keep(self, record: AlertRecord, *, known_from: dt.datetime) -> None:
        """Put an alert in its place; ``known_from`` is when what changed it was known."""
        self._changed[record.state.id] = record, known_from
        self._put(record)

    def forget(self, record: AlertRecord) -> None:
        """Drop a streak that came to nothing; an alert that ever opened has events and stays."""
        state = record.state
        if state.status is Status.PENDING:
            self._over.add(state.id)
            self._changed.pop(state.id, None)
            self._held[state.rule_id, state.series_id].pop(state.id, None)

    def say(
        self,
        state: AlertState,
        transition: Transition,
        body: Body,
        *,
        observation_id: int | None,
        inhibits: bool = False,
    ) -> None:
        """Add a transition with the body that says it; who hears it is known when all of them are said.

        Where its rule ``inhibits``, a parent's alert may speak for it.
        """
        self._said.append(_Said(state, transition, body, observation_id, inhibits))

    def store(self) -> list[Moved]:
        """Write what was kept, forgotten and said, a statement a table; the transitions in their order."""
        alerts.forget(self._connection, self._over)
        alerts.keep(self._connection, self._changed.values())
        said = self._told()
        ids = alert_events.add(self._connection, said, recorded_at=self._now)
        self._changed, self._over, self._said = {}, set(), []
        return [
            Moved(each.transition, each.payload, event_id, each.silenced_by, each.inhibited_by)
            for each, event_id in zip(said, ids, strict=True)
        ]

    def _told(self) -> list[NewEvent]:
        """What is said, with what keeps it from its desk; what was kept before is told with what it hears."""
        quiet = [silencing(notice(each.body), self._silences, self._now) for each in self._said]
        spoken_for = self._spoken_for(quiet)
        events: list[NewEvent] = []
        for each, silence in zip(self._said, quiet, strict=True):
            missed = self._unheard[each.state.id]
            by = None
            if silence is None and spoken_for is not None and each.inhibits:
                by = self._spoken_for_by(each, missed, spoken_for)
            body = each.body
            if silence is None and by is None:
                if missed and each.transition.kind is not TransitionKind.OPENED:
                    body = self._after_silence(body, missed)
                missed.clear()
            else:
                missed.append(_Missed(each.transition.kind, body["timestamp"], by is not None))
            silenced_by = None if silence is None else silence.id
            events.append(
                NewEvent(each.state.id, each.transition, body, each.observation_id, silenced_by, by)
            )
        return events

    def _spoken_for(self, quiet: Sequence[Silence | None]) -> SpokenFor | None:
        """The alerts that may speak for others; None where no rule of what is said lets them."""
        rule_ids = {each.state.rule_id for each in self._said if each.inhibits}
        if not rule_ids:
            return None
        states = [record.state for held in self._held.values() for record in held.values()]
        heard = {state.id: not self._unheard[state.id] for state in states if state.status is Status.OPENED}
        said: dict[str, bool] = {}
        for each, silence in zip(self._said, quiet, strict=True):
            said[each.state.id] = said.get(each.state.id, False) or silence is None
        records = [record for held in self._held.values() for record in held.values()]
        return SpokenFor(self._connection, rule_ids, records, heard | said)

    @staticmethod
    def _spoken_for_by(said: _Said, missed: Sequence[_Missed], spoken_for: SpokenFor) -> str | None:
        """The alert that speaks for an event; None for the end of an alert whose opening was heard."""
        raised = Unheard(tuple(each.kind for each in missed), "").raised
        if said.ends and raised is None:
            return None
        return spoken_for.by(said.state, severity=said.state.severity, ends=said.ends)

    def _after_silence(self, body: Body, missed: Sequence[_Missed]) -> Body:
        """The body with what was not heard before it; as the opening that was, unless openings still are."""
        inhibited = sum(each.inhibited for each in missed)
        unheard = Unheard(tuple(each.kind for each in missed), missed[0].timestamp, inhibited)
        late = told_late(body, unheard)
        opening = told_as_opening(late, unheard)
        return opening if silencing(notice(opening), self._silences, self._now) is None else late

    @cached_property
    def _unheard(self) -> dict[str, list[_Missed]]:
        """What the desks have not heard of the alerts that something is said of; read when all is said."""
        found: dict[str, list[_Missed]] = defaultdict(list)
        for alert_id, events in alert_events.unheard(self._connection, self._asked()).items():
            found[alert_id] = [
                _Missed(TransitionKind(each.kind), each.payload["timestamp"], each.inhibited_by is not None)
                for each in events
            ]
        return found

    @cached_property
    def _onsets(self) -> dict[int, ForecastRecord]:
        """The forecasts of before the onsets of alerts that are not over; of others as they are asked for.

        Those are alerts that a revision reaches, or that open again within their cooldown: few.
        """
        alive = {Status.PENDING, Status.OPENED}
        records = (each for held in self._held.values() for each in held.values())
        ids = {each.onset_forecast_id for each in records if each.state.status in alive}
        return forecasts.of_ids(self._connection, [each for each in ids if each is not None])

    def _asked(self) -> set[str]:
        """The alerts of which something is said, and the open ones that may speak for others."""
        inhibiting = {each.state.rule_id for each in self._said if each.inhibits}
        speaking = {
            record.state.id
            for (rule_id, _), held in self._held.items()
            if rule_id in inhibiting
            for record in held.values()
            if record.state.status is Status.OPENED
        }
        return speaking | {each.state.id for each in self._said}

    def _put(self, record: AlertRecord) -> None:
        state = record.state
        self._held[state.rule_id, state.series_id][state.id] = record
        self._rules[state.series_id].add(state.rule_id)
