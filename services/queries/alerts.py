"""Alerts: which there are, the life of each, and the evidence beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from alerts.rules import Rule
from services.queries import series
from services.queries.series import SeriesView
from services.queries.slices import Slice, sliced
from services.storage import (
    alert_events,
    alert_notes,
    alerts,
    deliveries,
    endpoints,
    rules,
    silences,
)
from services.storage import series as held_series
from services.storage.alert_events import AlertEvent
from services.storage.alert_notes import AlertNote
from services.storage.alerts import AlertRecord, Sort
from services.storage.deliveries import DeliveryRecord
from services.storage.series import SeriesRecord
from services.storage.silences import SilenceRecord

__all__ = [
    "AlertEvent",
    "AlertNote",
    "AlertRecord",
    "Evidence",
    "Life",
    "Sort",
    "ToldAlert",
    "evidence",
    "life",
    "listed",
    "one",
    "rule_in_force",
    "told",
]


ENDS = frozenset({"resolved", "retracted"})
"""Events with which an alert is over; one that opens again has had one."""


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert with the names of its series and rule, and the last thing that a figure had said of it.

    ``opened`` is the event that opened it; ``ended`` that which ended it, None while it is open. ``left_to``
    is the alert of a parent to which its last figure was left, while its desk has not heard of it.
    """

    record: AlertRecord
    series_name: str
    rule_name: str
    sentence: str
    known_from: dt.datetime | None
    opened: AlertEvent | None = None
    ended: AlertEvent | None = None
    left_to: str | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """What happened to an alert in the order it was recorded, and what people said of it."""

    events: list[AlertEvent]
    notes: list[AlertNote]

    @property
    def told(self) -> AlertEvent | None:
        """The last event that a figure caused, else the last of all; None where there is none."""
        by_figures = [each for each in self.events if "value" in each.payload["data"]]
        return next(iter((by_figures or self.events)[-1:]), None)

    @property
    def opened(self) -> AlertEvent | None:
        """The event that opened it."""
        return next((each for each in self.events if each.kind == "opened"), None)

    @property
    def ended(self) -> AlertEvent | None:
        """The event that ended it; None while it is open."""
        changes = [each for each in self.events if each.kind in {*ENDS, "reopened"}]
        return changes[-1] if changes and changes[-1].kind in ENDS else None


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What an alert rests on and what came of it.

    ``rule`` is the version that opened it, ``in_force`` whether the rule is so now, ``sent`` its deliveries,
    ``urls`` those of its desk's endpoints by id, ``snoozes`` the silences of it alone that last. ``left_to``
    are the alerts of parents that spoke for it, with the names of their series. ``view`` is its series as it
    was known when a figure last moved the alert, with the forecast that was made of that as soon as it is
    published; None where whoever asks may not see that.
    """

    life: Life
    rule: Rule | None
    in_force: bool
    series: SeriesRecord | None
    sent: list[DeliveryRecord]
    urls: dict[str, str]
    snoozes: list[SilenceRecord]
    left_to: dict[str, str]
    view: SeriesView | None


def listed(
    connection: Connection,
    *,
    desk: str | None = None,
    series_id: str | None = None,
    status: str | None = None,
    after: str | None = None,
    limit: int,
    sort: Sort = "opened",
    rising: bool = False,
) -> Slice[AlertRecord]:
    """Alerts that have opened, by default the last opened first: so each keeps its place for good.

    ``after`` is the id of the last that is had; what comes after an id that no alert has is nothing.
    """
    found = alerts.paged(
        connection,
        desk=desk,
        series_id=series_id,
        status=status,
        after=after,
        limit=limit + 1,
        sort=sort,
        rising=rising,
    )
    return sliced(found, limit)


def told(connection: Connection, found: Sequence[AlertRecord]) -> list[ToldAlert]:
    """Alerts of a list with what a person reads of each, in their order."""
    ids = [each.state.id for each in found]
    said = alert_events.last_told(connection, ids)
    opened = alert_events.openings(connection, ids)
    ended = alert_events.endings(connection, [each.state.id for each in found if each.state.status in ENDS])
    left = alert_events.left_to(connection, ids)
    wanted = {each.state.series_id for each in found}
    names = {each.id: each.name for each in held_series.of_ids(connection, wanted)}
    called = rules.names(connection, {each.state.rule_id for each in found})
    return [
        ToldAlert(
            record,
            names.get(record.state.series_id, record.state.series_id),
            called.get(record.state.rule_id, record.state.rule_id),
            said[record.state.id].payload["data"]["sentence"] if record.state.id in said else "",
            said[record.state.id].known_from if record.state.id in said else None,
            opened.get(record.state.id),
            ended.get(record.state.id),
            left.get(record.state.id),
        )
        for record in found
    ]


def one(connection: Connection, alert_id: str, *, desk: str | None = None) -> AlertRecord | None:
    """One alert that has opened; None where there is none, or it is not ``desk``'s."""
    found = alerts.get(connection, alert_id)
    return found if found is not None and desk in {None, found.desk} else None


def life(connection: Connection, alert_id: str) -> Life:
    """What happened to an alert and what was said of it."""
    return Life(alert_events.of_alert(connection, alert_id), alert_notes.of_alert(connection, alert_id))


def rule_in_force(connection: Connection, record: AlertRecord, *, as_of: dt.datetime | None = None) -> bool:
    """Whether the rule of an alert is in force, or was at a moment: else no figure moves the alert."""
    stands = rules.newest(connection, record.state.rule_id, as_of=as_of)
    return stands is not None and stands.enabled


def evidence(
    connection: Connection, record: AlertRecord, *, desk: str | None, now: dt.datetime, portfolio: str
) -> Evidence:
    """An alert with everything beside it; ``portfolio`` names the forecasts that are published."""
    state = record.state
    lived = life(connection, state.id)
    told = lived.told
    shown = series.one(connection, state.series_id, desk=desk) if told is not None else None
    return Evidence(
        lived,
        rules.get(connection, state.rule_id, state.rule_version),
        rule_in_force(connection, record),
        held_series.get(connection, state.series_id),
        deliveries.of_alert(connection, state.id, desk=record.desk),
        {each.id: each.url for each in endpoints.listed(connection, desk=record.desk)},
        silences.snoozes(connection, state.id, now=now),
        _left_to(connection, lived),
        None
        if shown is None or told is None
        else series.series_view(
            connection, shown, as_of=told.known_from, portfolio=portfolio, made_later=True
        ),
    )


def _left_to(connection: Connection, lived: Life) -> dict[str, str]:
    """By the id of each parent's alert that spoke for an alert, the name of its series."""
    ids = dict.fromkeys(each.inhibited_by for each in lived.events if each.inhibited_by is not None)
    found = (alerts.get(connection, each) for each in ids)
    parents = {each.state.id: each.state.series_id for each in found if each is not None}
    names = series.names(connection, set(parents.values()))
    return {parent: names.get(series_id, series_id) for parent, series_id in parents.items()}
