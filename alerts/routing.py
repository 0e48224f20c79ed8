"""Who hears what: subscriptions, silences, and one release gathered into one message per desk."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.events import Body, EventType, event_type, gathered_event
from alerts.rules import Severity
from alerts.states import TransitionKind

ALERT_EVENTS = frozenset(event_type(kind) for kind in TransitionKind)
"""The event types of what happens to an alert."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One event of an alert on its way to a desk, with what can be matched about it."""

    body: dict[str, Any]
    desk: str
    severity: Severity
    series_id: str
    rule_id: str
    alert_id: str = ""
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def event(self) -> EventType:
        """Its event type."""
        return EventType(self.body["type"])


def notice(body: dict[str, Any]) -> Notice:
    """The notice of an alert's event, matched by the fields of its body."""
    alert = body["data"]["alert"]
    return Notice(
        body=body,
        desk=alert["rule"]["desk"],
        severity=Severity(alert["severity"]),
        series_id=body["data"]["series"]["id"],
        rule_id=alert["rule"]["id"],
        alert_id=alert["id"],
        labels=tuple(sorted(alert["rule"]["labels"].items())),
    )


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which notices are meant: each field that is set must agree; nothing set means all."""

    desks: frozenset[str] = frozenset()
    series: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    alerts: frozenset[str] = frozenset()
    events: frozenset[EventType] = frozenset()
    labels: frozenset[tuple[str, str]] = frozenset()
    least: Severity = Severity.INFO

    def matches(self, given: Notice) -> bool:
        """True where no field that is set disagrees; every label must be borne."""
        return (
            (not self.desks or given.desk in self.desks)
            and (not self.series or given.series_id in self.series)
            and (not self.rules or given.rule_id in self.rules)
            and (not self.alerts or given.alert_id in self.alerts)
            and (not self.events or given.event in self.events)
            and self.labels <= set(given.labels)
            and given.severity.rank >= self.least.rank
        )


NOTHING = Matcher(desks=frozenset({""}))
"""What no notice is meant by: every desk has a name."""


@dataclass(frozen=True, slots=True)
class Silence:
    """What a person does not want to hear, from ``starts`` until ``ends``, which every silence has."""

    id: str
    matcher: Matcher
    starts: dt.datetime
    ends: dt.datetime
    by: str
    note: str = ""

    def covers(self, given: Notice, now: dt.datetime) -> bool:
        """True where the notice is matched while the silence lasts."""
        return self.starts <= now < self.ends and self.matcher.matches(given)


def silencing(given: Notice, silences: Iterable[Silence], now: dt.datetime) -> Silence | None:
    """The first silence that covers a notice; None where it may be heard."""
    return next((silence for silence in silences if silence.covers(given, now)), None)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one endpoint wants to hear; ``always_gathered`` wraps a single event as it would several."""

    endpoint_id: str
    matcher: Matcher = Matcher()
    always_gathered: bool = False


def subscribed(endpoint_id: str, desk: str, event_types: Iterable[str] | None) -> Subscription:
    """What an endpoint that subscribes to event types (None: to all) hears of its desk's alerts.

    One that names ``alerts.gathered`` and no event of an alert hears every alert event, always gathered, be
    it a single one: all that it is sent bears the type that it asked for. Beside alert events that it names,
    ``alerts.gathered`` adds nothing, since several of those are gathered anyhow. Of types that are none of
    ours nothing is heard.
    """
    ours = frozenset(EventType)
    wanted = frozenset(EventType(each) for each in event_types or () if each in ours)
    if event_types and not wanted:
        return Subscription(endpoint_id, NOTHING)
    gathered_alone = EventType.ALERTS_GATHERED in wanted and not wanted & ALERT_EVENTS
    events = ALERT_EVENTS if gathered_alone else wanted
    matcher = Matcher(desks=frozenset({desk}), events=events)
    return Subscription(endpoint_id, matcher, always_gathered=gathered_alone)


@dataclass(frozen=True, slots=True)
class Routed:
    """What goes to each endpoint, and what was held back by which silence."""

    messages: tuple[tuple[str, dict[str, Any]], ...]
    silenced: tuple[tuple[Notice, str], ...]


def route(
    notices: Iterable[Notice],
    subscriptions: Iterable[Subscription],
    silences: Iterable[Silence],
    *,
    now: dt.datetime,
    longest: int = 18_000,
) -> Routed:
    """The messages of one release: for each endpoint and desk one body, the worst alert first.

    What would make a body of more than ``longest`` bytes goes on in a next one.

    A silenced notice is named with its silence and never lost: the alert itself lives on.
    """
    silences = tuple(silences)
    silenced: list[tuple[Notice, str]] = []
    heard: list[Notice] = []
    for each in notices:
        silence = silencing(each, silences, now)
        if silence is not None:
            silenced.append((each, silence.id))
        else:
            heard.append(each)
    messages: list[tuple[str, dict[str, Any]]] = []
    for subscription in subscriptions:
        wanted = [each for each in heard if subscription.matcher.matches(each)]
        for desk in sorted({each.desk for each in wanted}):
            inside = worst_first(each for each in wanted if each.desk == desk)
            messages += [
                (subscription.endpoint_id, body)
                for body in gathered(
                    [each.body for each in inside], desk, longest, always=subscription.always_gathered
                )
            ]
    return Routed(tuple(messages), tuple(silenced))


def gathered(bodies: Sequence[Body], desk: str, longest: int, *, always: bool = False) -> list[Body]:
    """One event as itself; several as gathered events, in order, each at most ``longest`` bytes of JSON.

    ``always`` gathers a single one too.
    """
    parts: list[list[Body]] = [[]]
    size = 0
    for body in bodies:
        # the sentence stands in the gathered event's own sentence too
        weight = len(json.dumps([body, body["data"]["sentence"]], ensure_ascii=False).encode())
        if parts[-1] and size + weight > longest:
            parts.append([])
            size = 0
        parts[-1].append(body)
        size += weight
    return [
        part[0] if len(part) == 1 and not always else gathered_event(part, desk=desk)
        for part in parts
        if part
    ]


def worst_first(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """By alert, the gravest and most surprising first; what happened to one alert keeps its order."""
    by_alert: dict[tuple[str, str, str], list[Notice]] = {}
    for each in notices:
        by_alert.setdefault((each.series_id, each.rule_id, each.alert_id), []).append(each)
    worst = sorted(by_alert, key=lambda key: (min(map(_rank, by_alert[key])), key))
    return tuple(each for key in worst for each in by_alert[key])


def _rank(given: Notice) -> tuple[int, float]:
    surprise = given.body["data"].get("detection", {}).get("surprise")
    return -given.severity.rank, -abs(surprise or 0.0)
