"""What was kept from a desk is told when that is over: that an alert opened, where it is open still.

A silence is over at its end, and what a parent's alert spoke for when that alert is.

The next figure of the series would tell it too, and may be a month away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from alerts.events import Body
from alerts.routing import Silence, notice, silencing
from alerts.states import Transition, TransitionKind
from alerts.unheard import Unheard, told_as_opening, told_late
from forecasting.months import Span
from services.storage import alert_events
from services.storage.alert_events import AlertEvent
from services.usecases.held_alerts import Moved


def unheard_openings(connection: Connection, silences: Sequence[Silence], *, now: dt.datetime) -> list[Moved]:
    """The last figure of each alert whose opening its desk may hear now and has not, as it is told late.

    Where a silence still keeps the opening from the desk there is nothing to tell of that alert.
    """
    found = (_told(events) for events in alert_events.unheard_openings(connection).values())
    return [each for each in found if each and silencing(notice(each.body), silences, now) is None]


def heard_at_last(
    connection: Connection, silences: Sequence[Silence], *, locked: Collection[str], now: dt.datetime
) -> list[Moved]:
    """The same on series that are ``locked``, so that nobody moves them, and noted: none is told again."""
    found = unheard_openings(connection, silences, now=now)
    heard = [each for each in found if series_of([each]) <= set(locked)]
    for each in heard:
        alert_events.say_anew(connection, each.event_id, each.body)
    return heard


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
