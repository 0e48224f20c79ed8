"""What happened to alerts in one release, as the messages that its desks receive."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection

from alerts.events import EventType
from alerts.routing import notice, route, subscribed
from services.storage import endpoints, outbox
from services.storage.endpoints import Endpoint
from services.storage.messages import Message
from services.usecases.held_alerts import Moved

_log = structlog.get_logger()

Addressed = tuple[Message, list[str]]
"""A message, and the ids of the endpoints that it goes to."""


def tell_desks(
    connection: Connection,
    moved: Sequence[Moved],
    *,
    now: dt.datetime,
    beside: Sequence[Addressed] = (),
) -> None:
    """Enqueue what is heard: for each endpoint one message, the worst alert first.

    ``beside`` are messages of the same transaction that are addressed already. For an endpoint that is
    disabled its message waits. Where the events of a desk cannot be routed, for a reason nobody foresaw, each
    goes to all of that desk's endpoints as it is, and no other desk is touched. Call it once in a
    transaction.
    """
    by_desk: dict[str, list[Moved]] = defaultdict(list)
    for each in moved:
        if each.heard:
            by_desk[notice(each.body).desk].append(each)
    listening = endpoints.listed(connection) if by_desk else []
    messages = list(beside)
    for desk, heard in by_desk.items():
        own = [each for each in listening if each.desk == desk]
        try:
            messages += _routed(desk, heard, own, now)
        except SoftTimeLimitExceeded:
            raise
        except Exception:  # noqa: BLE001 - whatever one desk has set, every desk is told
            _log.exception("events of a desk cannot be routed: each goes to all its endpoints", desk=desk)
            messages += [(_alone(desk, each, now), [one.id for one in own]) for each in heard]
    outbox.enqueue(connection, messages, now=now)


def _routed(
    desk: str, heard: Sequence[Moved], listening: Sequence[Endpoint], now: dt.datetime
) -> list[Addressed]:
    """Messages of one desk with the endpoints that they go to; endpoints that want the same share one.

    What an endpoint hears by its event types says ``alerts.routing.subscribed``.
    """
    if not listening:
        return [(_alone(desk, each, now), []) for each in heard]
    for each in listening:
        if unknown := set(each.event_types or ()) - set(EventType):
            _log.warning("an endpoint asks for types that are none", endpoint=each.id, types=sorted(unknown))
    causes = {id(each.body): each for each in heard}
    subscriptions = [subscribed(each.id, each.desk, each.event_types) for each in listening]
    routed = route([notice(each.body) for each in heard], subscriptions, (), now=now)
    messages: dict[tuple[int, ...], Addressed] = {}
    for endpoint_id, body in routed.messages:
        alone = body["type"] != EventType.ALERTS_GATHERED
        inside = [body] if alone else body["data"]["events"]
        key = (int(alone), *(id(each) for each in inside))
        if key not in messages:
            single = _alone(desk, causes[id(body)], now) if alone else Message(desk, body, created_at=now)
            messages[key] = single, []
        messages[key][1].append(endpoint_id)
    return list(messages.values())


def _alone(desk: str, moved: Moved, now: dt.datetime) -> Message:
    """One event as it is."""
    return Message(desk, moved.body, created_at=now, alert_event_id=moved.event_id)
