"""What happened to alerts in one release, as the messages that its desks receive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from alerts.events import EventType
from alerts.routing import notice, route, subscribed
from services.storage import endpoints, outbox
from services.storage.messages import Message
from services.usecases.follow_alerts import Moved


def tell_desks(
    connection: Connection,
    moved: Sequence[Moved],
    *,
    now: dt.datetime,
    beside: Sequence[tuple[Message, list[str]]] = (),
) -> None:
    """Enqueue what is not silenced: for each endpoint one message, the worst alert first.

    ``beside`` are messages of the same transaction that are addressed already.

    An endpoint that wants the same as another is sent the same message; for one that is disabled it waits.
    What an endpoint hears by its event types says ``alerts.routing.subscribed``.
    Call it once in a transaction.
    """
    heard = [each for each in moved if each.silenced_by is None]
    if not heard:
        outbox.enqueue(connection, beside, now=now)
        return
    events = {id(each.body): each.event_id for each in heard}
    notices = [notice(each.body) for each in heard]
    desks = {each.desk for each in notices}
    listening = [each for each in endpoints.listed(connection) if each.desk in desks]
    subscriptions = [subscribed(each.id, each.desk, each.event_types) for each in listening]
    routed = route(notices, subscriptions, (), now=now)
    messages: dict[tuple[int, ...], tuple[Message, list[str]]] = {}
    for each in notices if not listening else ():
        unsent = Message(each.desk, each.body, created_at=now, alert_event_id=events[id(each.body)])
        messages[1, id(each.body)] = unsent, []
    for endpoint_id, body in routed.messages:
        alone = body["type"] != EventType.ALERTS_GATHERED
        inside = [body] if alone else body["data"]["events"]
        key = (int(alone), *(id(each) for each in inside))
        if key not in messages:
            single = events[id(body)] if alone else None
            desk = notice(inside[0]).desk
            messages[key] = Message(desk, body, created_at=now, alert_event_id=single), []
        messages[key][1].append(endpoint_id)
    outbox.enqueue(connection, [*beside, *messages.values()], now=now)
