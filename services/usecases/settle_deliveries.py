"""What came of attempts, in one transaction: deliveries settled, endpoints rested or disabled, desks told.

Of what was given up by faults of ours ops is told in a transaction behind it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import Connection, Engine

from alerts.delivery import breaker
from alerts.delivery.attempts import PATIENCE, Delivered, Disabled, Exhausted, RetryAt, Settlement
from alerts.events import EventType
from alerts.service_events import disabled_event, exhausted_event
from services.storage import endpoint_health, endpoints, messages, outbox
from services.storage.deliveries import AttemptRecord
from services.storage.messages import OPS, Message
from services.storage.texts import storable
from services.telemetry import ATTEMPTS, DELIVERY_SECONDS
from services.usecases.attempt_delivery import Sender, Sent
from services.work import deliveries
from services.work.deliveries import Settled

TELL_AGAIN = dt.timedelta(hours=1)
"""Between two messages to ops of what was given up by faults of ours: a fault gives up much at once."""

_log = structlog.get_logger()


def settle(sender: Sender, sent: Sequence[Sent]) -> None:
    """Append the attempts, settle their deliveries, and pause or disable endpoints that fail.

    Then ops is told of what was given up by faults of ours, once all else stands: what fails there, or a
    process that ends before it, loses the telling and nothing more.
    """
    now = sender.clock()
    with sender.engine.begin() as connection:
        ended = _settle(connection, sender, sent, now)
        succeeded = {each.claim.endpoint_id for each in sent if each.outcome.succeeded}
        if succeeded:
            endpoint_health.mark_healthy(connection, succeeded)
        failed = [
            each for each in sent if each.claim.endpoint_id not in succeeded and not each.outcome.is_ours
        ]
        hopeless = _failed(connection, failed, now) if failed else {}
        disable(connection, hopeless | _gone(sent), now=now)
    given_up = [
        each
        for each in sent
        if each.claim.id in ended and each.outcome.is_ours and isinstance(each.settlement, Exhausted)
    ]
    if given_up:
        try:
            _tell_given_up(sender.engine, given_up, now)
        except Exception as error:  # noqa: BLE001 - it is settled, and would be settled again
            _log.error("ops is not told of what was given up", count=len(given_up), exc_info=error)


def settle_bare(sender: Sender, sent: Sent) -> None:
    """Append one attempt and settle its delivery, and nothing more: what else belongs to it has failed."""
    with sender.engine.begin() as connection:
        _settle(connection, sender, [sent], sender.clock())


def _settle(connection: Connection, sender: Sender, sent: Sequence[Sent], now: dt.datetime) -> set[int]:
    return deliveries.settle(
        connection,
        [_attempt(each) for each in sent],
        [_settled(each, now) for each in sent],
        owner=sender.owner,
        now=now,
    )


def _failed(connection: Connection, failed: Sequence[Sent], now: dt.datetime) -> dict[str, str]:
    """Give failing endpoints a rest; those that have failed too long, by id with the reason to disable."""
    counts = Counter(each.claim.endpoint_id for each in failed)
    in_a_row = endpoint_health.mark_failing(connection, counts, now=now)
    rests = {endpoint_id: now + breaker.rest(count) for endpoint_id, count in in_a_row.items()}
    for each in failed:
        asked = breaker.asked_rest(each.settlement, each.outcome.retry_after)
        if asked is not None:
            rests[each.claim.endpoint_id] = max(rests[each.claim.endpoint_id], asked)
    endpoint_health.pause(connection, {id_: until for id_, until in rests.items() if until > now})
    hours = PATIENCE.total_seconds() / 3600
    hopeless = endpoint_health.failing_since(connection, counts, now - PATIENCE)
    return dict.fromkeys(hopeless, f"nothing but failures for {hours:.0f} hours")


def _gone(sent: Sequence[Sent]) -> dict[str, str]:
    """Endpoints that want no more, by id with the reason: also where another message was taken just then."""
    return {
        each.claim.endpoint_id: each.settlement.reason
        for each in sent
        if isinstance(each.settlement, Disabled)
    }


def _tell_given_up(engine: Engine, given_up: Sequence[Sent], now: dt.datetime) -> None:
    """Tell ops of deliveries given up by faults of ours, once an hour, and of none that told ops the same.

    In a transaction of its own: endpoints are locked once in a transaction, in order, and whoever waits here
    for another that tells must hold none of them.
    """
    kind = str(EventType.DELIVERIES_EXHAUSTED)
    with engine.begin() as connection:
        telling = messages.of_type(connection, {each.claim.message_id for each in given_up}, kind)
        news = [each for each in given_up if each.claim.message_id not in telling]
        if not news:
            return
        messages.lock_telling(connection, kind)
        if messages.told_since(connection, kind, since=now - TELL_AGAIN):
            return
        event = exhausted_event(
            endpoints=Counter((each.claim.endpoint_id, each.claim.desk) for each in news),
            since=min(each.claim.ours_since or each.started_at for each in news),
            reason=news[-1].outcome.reason,
            now=now,
        )
        outbox.enqueue(connection, outbox.address(connection, [Message(OPS, event, now)]), now=now)


def disable(connection: Connection, reasons: Mapping[str, str], *, now: dt.datetime) -> None:
    """Disable endpoints, by id with the reason, and tell the other endpoints of their desks, and ops.

    What is pending for a disabled endpoint stays and goes out when it is enabled again.
    """
    told = []
    for endpoint_id, reason in sorted(reasons.items()):
        endpoint = endpoints.disable(connection, endpoint_id, reason=reason)
        if endpoint is not None:
            event = disabled_event(endpoint_id=endpoint.id, reason=reason, now=now)
            told += [Message(desk, event, now) for desk in dict.fromkeys((endpoint.desk, OPS))]
    if told:
        outbox.enqueue(connection, outbox.address(connection, told), now=now)


def count(sent: Sequence[Sent]) -> None:
    """Tell Prometheus and the log what came of attempts that are settled."""
    for each in sent:
        outcome = status(each.settlement)
        ATTEMPTS.labels(outcome).inc()
        if outcome == "delivered":
            arrived = each.started_at + dt.timedelta(seconds=each.outcome.duration)
            DELIVERY_SECONDS.observe(max((arrived - each.claim.created_at).total_seconds(), 0.0))
        _log.info(
            "attempt",
            outcome=outcome,
            request_id=each.claim.request_id,
            release_id=each.claim.release_id,
            message_id=each.claim.message_id,
            endpoint_id=each.claim.endpoint_id,
            attempt=each.claim.attempt,
            seconds=round(each.outcome.duration, 4),
            reason=each.settlement.reason,
        )


def status(settlement: Settlement) -> str:
    """Status of a delivery after an attempt."""
    match settlement:
        case Delivered():
            return "delivered"
        case RetryAt() | Disabled():
            return "pending"
        case Exhausted():
            return "exhausted"


def _settled(sent: Sent, now: dt.datetime) -> Settled:
    standing = status(sent.settlement)
    match sent.settlement:
        case RetryAt(due) if sent.outcome.is_ours:
            since = sent.claim.ours_since or sent.started_at
            return Settled(sent.claim.id, standing, due, counted=False, ours_since=since)
        case RetryAt(due):
            return Settled(sent.claim.id, standing, due)
        case Disabled():  # it waits for the endpoint to be enabled, and is due the moment it is
            return Settled(sent.claim.id, standing, now, counted=False)
        case _:
            return Settled(sent.claim.id, standing)


def _attempt(sent: Sent) -> AttemptRecord:
    return AttemptRecord(
        delivery_id=sent.claim.id,
        number=sent.claim.number,
        started_at=sent.started_at,
        seconds=sent.outcome.duration,
        status_code=sent.outcome.status,
        outcome=sent.outcome.failure or "answered",
        reason=storable(sent.settlement.reason),
        response=sent.outcome.answer,
    )
