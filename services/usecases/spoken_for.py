"""Which alerts are left to the alert of a parent, where their rule says so."""

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
from services.storage.alerts import AlertRecord, OpenAlert
from services.storage.traits import traits


@dataclass(frozen=True, slots=True)
class Speaker:
    """An alert that its desk has heard of; ``open`` after the release, else it has ended in it."""

    alert_id: str
    severity: Severity
    open: bool


class SpokenFor:
    """The alerts that may speak for others, by their rule, their desk and what their series counts.

    ``rule_ids`` are rules that inhibit, ``held`` all alerts on the release's series as they are after it, and
    ``heard`` those of them that their desk hears of in it or has heard of before. Of other series the open
    ones are read, by three queries whatever their number. A rule may have moved to another desk while its
    alert stays with the old one: that alert speaks to nobody else.
    """

    def __init__(
        self,
        connection: Connection,
        rule_ids: Collection[str],
        held: Iterable[AlertRecord] = (),
        heard: Mapping[str, bool] | None = None,
    ) -> None:
        own = {record.state.id: record for record in held if record.state.rule_id in rule_ids}
        others = [each for each in alerts.open_of_rules(connection, rule_ids) if each.id not in own]
        missing = alert_events.missing(connection, [each.id for each in others]) if others else set()
        ids = {record.state.series_id for record in own.values()} | {each.series_id for each in others}
        self._counts = {each.id: identity(traits(each)) for each in series.of_ids(connection, ids)}
        self._desks = {alert_id: record.desk for alert_id, record in own.items()}
        self._desks |= {each.id: each.desk for each in others}
        self._speakers: dict[tuple[str, str, Identity], list[Speaker]] = defaultdict(list)
        for each in others:
            if each.id not in missing:
                self.hears(each)
        for alert_id, record in own.items():
            if (heard or {}).get(alert_id, False):
                opened = record.state.status is Status.OPENED
                self._add(record.state, Speaker(alert_id, record.state.severity, open=opened))

    def by(self, alert: AlertState | OpenAlert, *, severity: Severity, ends: bool = False) -> str | None:
        """The alert that speaks for an event of this one: of the widest parent that is as grave.

        It must be open after the release; for an event that ``ends`` an alert it may have ended in it too.
        None where the event is to be told.
        """
        counts, desk = self._counts.get(alert.series_id), self._desks.get(alert.id, "")
        found = (
            speaker
            for parent in ([] if counts is None else parents(counts))
            for speaker in self._speakers.get((alert.rule_id, desk, parent), ())
            if speaker.severity.rank >= severity.rank and (speaker.open or ends)
        )
        return next((speaker.alert_id for speaker in found), None)

    def hears(self, alert: OpenAlert) -> None:
        """Count an open alert that its desk has heard of, or hears now, among those that speak."""
        self._add(alert, Speaker(alert.id, alert.severity, open=True))

    def depth(self, alert: OpenAlert) -> int:
        """How many are taken more widely: fewer of a parent than of its child, so that it comes first."""
        counts = self._counts.get(alert.series_id)
        return 0 if counts is None else len(parents(counts))

    def _add(self, alert: AlertState | OpenAlert, speaker: Speaker) -> None:
        counts = self._counts.get(alert.series_id)
        if counts is not None:
            self._speakers[alert.rule_id, self._desks[alert.id], counts].append(speaker)
