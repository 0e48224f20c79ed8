"""Which events of a release are left to the alert of a parent, where their rule says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.hysteresis import Status
from alerts.parents import Identity, identity, parents
from alerts.rules import Severity
from alerts.states import AlertState
from services.storage import alert_events, alerts, series
from services.storage.traits import traits


@dataclass(frozen=True, slots=True)
class Speaker:
    """An alert that its desk has heard of; ``open`` after the release, else it has ended in it."""

    alert_id: str
    severity: Severity
    open: bool


class SpokenFor:
    """The alerts that may speak for others, by their rule and by what their series counts.

    ``rule_ids`` are rules that inhibit, ``held`` all alerts on the release's series as they are after it, and
    ``heard`` those of them that their desk hears of in it or has heard of before. Of other series the open
    ones are read, by three queries whatever their number.
    """

    def __init__(
        self,
        connection: Connection,
        rule_ids: Collection[str],
        held: Iterable[AlertState],
        heard: Mapping[str, bool],
    ) -> None:
        own = {state.id: state for state in held if state.rule_id in rule_ids}
        others = [each for each in alerts.open_of_rules(connection, rule_ids) if each.id not in own]
        unheard = alert_events.unheard(connection, [each.id for each in others]) if others else {}
        ids = {state.series_id for state in own.values()} | {each.series_id for each in others}
        self._counts = {each.id: identity(traits(each)) for each in series.of_ids(connection, ids)}
        self._speakers: dict[tuple[str, Identity], list[Speaker]] = defaultdict(list)
        for each in others:
            if each.id not in unheard:
                self._add(each.rule_id, each.series_id, Speaker(each.id, each.severity, open=True))
        for state in own.values():
            if heard.get(state.id, False):
                opened = state.status is Status.OPENED
                self._add(state.rule_id, state.series_id, Speaker(state.id, state.severity, open=opened))

    def by(self, state: AlertState, *, severity: Severity, ends: bool) -> str | None:
        """The alert that speaks for an event of this one: of the widest parent that is as grave.

        It must be open after the release; for an event that ``ends`` an alert it may have ended in it too.
        None where the event is to be told.
        """
        counts = self._counts.get(state.series_id)
        found = (
            speaker
            for parent in ([] if counts is None else parents(counts))
            for speaker in self._speakers.get((state.rule_id, parent), ())
            if speaker.severity.rank >= severity.rank and (speaker.open or ends)
        )
        return next((speaker.alert_id for speaker in found), None)

    def _add(self, rule_id: str, series_id: str, speaker: Speaker) -> None:
        counts = self._counts.get(series_id)
        if counts is not None:
            self._speakers[rule_id, counts].append(speaker)
