"""What was kept from a desk is told when that is over: that an alert opened, where it is open still.

A silence is over at its end, and what a parent's alert spoke for when no alert speaks for it any more.

The next figure of the series would tell it too, and may be a month away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from alerts.events import Body
from alerts.routing import Silence, notice, silencing
from alerts.states import Transition, TransitionKind
from alerts.unheard import Unheard, told_as_opening, told_late
from forecasting.months import Span
from services.storage import alert_events, alerts, rules
from services.storage.alert_events import AlertEvent
from services.storage.alerts import OpenAlert
from services.usecases.held_alerts import Moved
from services.usecases.spoken_for import SpokenFor


def unheard_openings(
    connection: Connection,
    silences: Sequence[Silence],
    *,
    now: dt.datetime,
    locked: Collection[str] | None = None,
) -> list[Moved]:
    """The last figure of each alert whose opening its desk may hear now and has not, as it is told late.

    Of the alerts on series that are ``locked``, where given. The widest come first: what is told speaks for
    the others from then on. One that is left to another alert than before is there too, and is not heard.
    Where a silence, or the alert that spoke before, still keeps the opening from the desk there is nothing to
    tell of that alert.
    """
    found = alerts.open_of_ids(connection, alert_events.unheard_openings(connection))
    waiting = [each for each in found if locked is None or each.series_id in locked]
    if not waiting:
        return []
    inhibiting = rules.inhibiting(connection, {each.rule_id for each in waiting})
    spoken_for = SpokenFor(connection, {rule_id for rule_id, _ in inhibiting})

    def speaker(alert: OpenAlert) -> str | None:
        inhibits = (alert.rule_id, alert.rule_version) in inhibiting
        return spoken_for.by(alert, severity=alert.severity) if inhibits else None

    speakers = {each.id: speaker(each) for each in waiting}
    before = alert_events.left_to(connection, [one for one, by in speakers.items() if by is not None])
    # the others wait as they did, and what they would say is not read
    moving = [each for each in waiting if (by := speakers[each.id]) is None or before.get(each.id) != by]
    events = alert_events.unheard(connection, [each.id for each in moving])
    settled: list[Moved] = []
    for alert in sorted(moving, key=lambda each: (spoken_for.depth(each), each.id)):
        late = _told(events.get(alert.id, []))
        if late is None or silencing(notice(late.body), silences, now) is not None:
            continue
        by = speaker(alert)
        if by is None:
            spoken_for.hears(alert)
        settled.append(replace(late, inhibited_by=by))
    return settled


def heard_at_last(
    connection: Connection, silences: Sequence[Silence], *, locked: Collection[str], now: dt.datetime
) -> list[Moved]:
    """The same on series that are ``locked``, so that nobody moves them, as far as it is heard; all is noted.

    None is told again.
    """
    settled = unheard_openings(connection, silences, now=now, locked=locked)
    for each in settled:
        if each.inhibited_by is None:
            alert_events.say_anew(connection, each.event_id, each.body)
        else:
            alert_events.leave_to(connection, each.event_id, each.inhibited_by)
    return [each for each in settled if each.heard]


def series_of(told: Sequence[Moved]) -> set[str]:
    """The series whose alerts these are."""
    return {each.body["data"]["series"]["id"] for each in told}


def _told(events: Sequence[AlertEvent]) -> Moved | None:
    """The last of an alert's unheard events that a figure caused, with all up to it; None where none did."""
    figures = [place for place, event in enumerate(events) if "value" in event.payload["data"]]
    if not figures:
        return None
    last = events[figures[-1]]
    kinds = tuple(TransitionKind(event.kind) for event in events[: figures[-1] + 1])
    inhibited = sum(event.inhibited_by is not None for event in events[: figures[-1] + 1])
    missed = Unheard(kinds, events[0].payload["timestamp"], inhibited)
    if missed.raised is None:
        return None
    body: Body = told_as_opening(told_late(last.payload, missed), missed)
    span = Span.parse(body["data"]["period"])
    transition = Transition(TransitionKind(last.kind), last.reason, span, last.known_from)
    return Moved(transition, body, last.id)
