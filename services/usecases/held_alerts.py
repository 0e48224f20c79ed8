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


@dataclass(frozen=True, slots=True)
class Moved:
    """One transition of an alert, the body that says it, and the silence that keeps it from its desk."""

    transition: Transition
    body: Body
    event_id: int
    silenced_by: str | None = None


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
        self._said: list[NewEvent] = []
        for record in alerts.of_series(connection, series_ids):
            self._put(record)

    def of(self, rule_id: str, series_id: str) -> dict[str, AlertRecord]:
        """Alerts of a rule on a series by id, the earliest onset first."""
        held = self._held.get((rule_id, series_id), {})
        return dict(sorted(held.items(), key=lambda each: each[1].state.onset))

    def rules_on(self, series_id: str) -> Collection[str]:
        """Ids of the rules that have an alert, open or over, on a series."""
        return self._rules.get(series_id, frozenset())

    def before_onset(self, record: AlertRecord) -> ForecastRecord | None:
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
        self, state: AlertState, transition: Transition, body: Body, *, observation_id: int | None
    ) -> None:
        """Add a transition with the body that says it, or that a silence keeps from its desk.

        What a silence kept from the desk before is told with the first event that it hears.
        """
        silence = silencing(notice(body), self._silences, self._now)
        missed = self._unheard[state.id]
        if silence is None:
            if missed and transition.kind is not TransitionKind.OPENED:
                body = self._after_silence(body, missed)
            missed.clear()
        else:
            missed.append((transition.kind, body["timestamp"]))
        silenced_by = None if silence is None else silence.id
        self._said.append(NewEvent(state.id, transition, body, observation_id, silenced_by))

    def store(self) -> list[Moved]:
        """Write what was kept, forgotten and said, a statement a table; the transitions in their order."""
        alerts.forget(self._connection, self._over)
        alerts.keep(self._connection, self._changed.values())
        said = self._said
        ids = alert_events.add(self._connection, said, recorded_at=self._now)
        self._changed, self._over, self._said = {}, set(), []
        return [
            Moved(each.transition, each.payload, event_id, each.silenced_by)
            for each, event_id in zip(said, ids, strict=True)
        ]

    def _after_silence(self, body: Body, missed: Sequence[tuple[TransitionKind, str]]) -> Body:
        """The body with what was silenced before it; as the opening that was, unless openings still are."""
        unheard = Unheard(tuple(kind for kind, _ in missed), missed[0][1])
        late = told_late(body, unheard)
        opening = told_as_opening(late, unheard)
        return opening if silencing(notice(opening), self._silences, self._now) is None else late

    @cached_property
    def _unheard(self) -> dict[str, list[tuple[TransitionKind, str]]]:
        """What each alert's desk has not heard, as kind and moment; read where something is first said."""
        found: dict[str, list[tuple[TransitionKind, str]]] = defaultdict(list)
        for alert_id, events in alert_events.unheard(self._connection, self._ids()).items():
            found[alert_id] = [(TransitionKind(each.kind), each.payload["timestamp"]) for each in events]
        return found

    @cached_property
    def _onsets(self) -> dict[int, ForecastRecord]:
        """The forecasts of before the onsets of alerts that are not over; of others as they are asked for."""
        alive = {Status.PENDING, Status.OPENED}
        records = (each for held in self._held.values() for each in held.values())
        ids = {each.onset_forecast_id for each in records if each.state.status in alive}
        return forecasts.of_ids(self._connection, [each for each in ids if each is not None])

    def _ids(self) -> list[str]:
        return [alert_id for held in self._held.values() for alert_id in held]

    def _put(self, record: AlertRecord) -> None:
        state = record.state
        self._held[state.rule_id, state.series_id][state.id] = record
        self._rules[state.series_id].add(state.rule_id)
