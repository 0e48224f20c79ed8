"""A desk hears what it subscribed to, once a release, the worst first, and nothing that it silenced."""

from __future__ import annotations

from typing import Any

import pytest
from alert_facts import day, figure, level_rule, step

from alerts.events import EventType, alert_event
from alerts.routing import Matcher, Notice, Silence, Subscription, notice, route, subscribed, worst_first
from alerts.rules import Severity


def _notice(series_id: str = "A", severity: str = "warning", desk: str = "metals", **changes: Any) -> Notice:
    rule = level_rule(severity=severity, desk=desk, scope={"series": [series_id]}, **changes)
    facts = figure(2000)
    state, (moved,) = step(rule, None, facts)
    assert state is not None
    body = alert_event(moved, rule, state, facts)
    body["data"]["series"]["id"] = series_id
    return notice(body)


DESK = Subscription("end_1", Matcher(desks=frozenset({"metals"})))


def test_one_release_is_one_message_a_desk_with_the_worst_first() -> None:
    """Three alerts of one release arrive as one message that holds them whole, the worst first."""
    notices = [_notice("A", "info"), _notice("B", "critical"), _notice("C", "warning")]
    routed = route(notices, [DESK], [], now=day())
    ((endpoint, body),) = routed.messages
    assert endpoint == "end_1"
    assert body["type"] == "alerts.gathered"
    assert [each["data"]["series"]["id"] for each in body["data"]["events"]] == ["B", "C", "A"]
    assert body["data"]["count"] == 3
    assert body["data"]["sentence"].startswith("3 alerts in one release. magnet exports stood at")


def test_a_single_alert_is_sent_as_itself() -> None:
    """One alert is not wrapped."""
    given = _notice()
    assert route([given], [DESK], [], now=day()).messages == (("end_1", given.body),)


def test_whoever_asks_for_gathered_events_alone_hears_every_alert_event() -> None:
    """What it is sent bears the type it asked for, be it one event or several; named types stand alone."""
    gathering = subscribed("end_1", "metals", ["alerts.gathered", "data.overdue"])
    for count, notices in ((1, [_notice("A")]), (2, [_notice("A"), _notice("B")])):
        ((_, body),) = route(notices, [gathering], [], now=day()).messages
        assert (body["type"], body["data"]["count"]) == ("alerts.gathered", count)
    ((_, single),) = route([_notice("A")], [gathering], [], now=day()).messages
    assert single["data"]["sentence"] == single["data"]["events"][0]["data"]["sentence"]
    named = subscribed("end_1", "metals", ["alerts.gathered", "alert.resolved"])
    assert route([_notice("A")], [named], [], now=day()).messages == ()
    ((_, itself),) = route([_notice("A")], [subscribed("end_1", "metals", None)], [], now=day()).messages
    assert itself["type"] == "alert.opened"


def test_desks_do_not_hear_each_other() -> None:
    """An endpoint that wants all gets a message for each desk; one for a desk gets that desk's."""
    notices = [_notice("A"), _notice("B", desk="energy")]
    routed = route(notices, [DESK, Subscription("end_2")], [], now=day())
    assert [(endpoint, body["data"]["alert"]["rule"]["desk"]) for endpoint, body in routed.messages] == [
        ("end_1", "metals"),
        ("end_2", "energy"),
        ("end_2", "metals"),
    ]


@pytest.mark.parametrize(
    ("matcher", "meant"),
    [
        (Matcher(), True),
        (Matcher(series=frozenset({"A"})), True),
        (Matcher(series=frozenset({"B"})), False),
        (Matcher(rules=frozenset({"low"})), True),
        (Matcher(events=frozenset({EventType.ALERT_RESOLVED})), False),
        (Matcher(least=Severity.CRITICAL), False),
        (Matcher(least=Severity.WARNING), True),
        (Matcher(labels=frozenset({("metal", "neodymium")})), True),
        (Matcher(labels=frozenset({("metal", "neodymium"), ("team", "x")})), False),
        (Matcher(desks=frozenset({"metals"}), series=frozenset({"B"})), False),
    ],
)
def test_a_matcher_means_what_agrees_with_every_field(matcher: Matcher, meant: bool) -> None:
    """Each field that is set must agree, and none set means all."""
    assert matcher.matches(_notice(labels={"metal": "neodymium"})) is meant


@pytest.mark.parametrize(("at", "silent"), [(-1, False), (0, True), (1, True), (2, False)])
def test_a_silence_holds_from_its_start_until_its_end(at: int, silent: bool) -> None:
    """A silenced notice is named with its silence, and heard again when the silence is over."""
    silence = Silence("sil_1", Matcher(series=frozenset({"A"})), day(), day(0, 2), "ada")
    given = _notice()
    routed = route([given], [DESK], [silence], now=day(0, at))
    assert routed.silenced == (((given, "sil_1"),) if silent else ())
    assert len(routed.messages) == (0 if silent else 1)


def test_the_order_does_not_depend_on_the_arrival() -> None:
    """Whatever order the notices come in, the message is the same."""
    notices = [_notice("A"), _notice("B"), _notice("C", "critical")]
    assert worst_first(notices) == worst_first(reversed(notices))
