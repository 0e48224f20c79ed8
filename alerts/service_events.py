"""Bodies about the service itself: an endpoint, a source, a rule or a part that does not do its work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from alerts.events import LISTED, Body, EventType, body, written


def ping_event(*, endpoint_id: str, now: dt.datetime) -> Body:
    """Body that lets a desk try its endpoint."""
    said = "This is a test message: the endpoint is reachable and nothing has happened."
    return body(EventType.ENDPOINT_PING, now, {"endpoint": {"id": endpoint_id}}, said)


def disabled_event(*, endpoint_id: str, reason: str, now: dt.datetime) -> Body:
    """Body that tells a desk's other endpoints that one of them is sent nothing more."""
    said = f"Endpoint {endpoint_id} was disabled: {reason}. What is due for it waits until it is enabled."
    return body(EventType.ENDPOINT_DISABLED, now, {"endpoint": {"id": endpoint_id}, "reason": reason}, said)


def exhausted_event(
    *, endpoints: Mapping[tuple[str, str], int], since: dt.datetime, reason: str, now: dt.datetime
) -> Body:
    """Body that tells ops of deliveries given up: nothing but faults of the service's own kept them back.

    ``endpoints`` counts them by id and desk of their endpoint; the first LISTED are told, in that order.
    ``since`` is when the first of them failed so first, ``reason`` what the last of them met.
    """
    count = sum(endpoints.values())
    listed = [
        {"id": endpoint_id, "desk": desk, "count": given_up}
        for (endpoint_id, desk), given_up in sorted(endpoints.items())[:LISTED]
    ]
    data = {"count": count, "since": written(since), "reason": reason, "endpoints": listed}
    what = "1 delivery was" if count == 1 else f"{count:,} deliveries were"
    said = (
        f"{what} given up: since {since:%Y-%m-%d %H:%M:%S} UTC nothing but faults of the service's own kept "
        f"them back ({reason}). Mend what failed, then replay them: GET /v1/deliveries?status=exhausted "
        "lists them, and any given up since."
    )
    return body(EventType.DELIVERIES_EXHAUSTED, now, data, said)


def source_refused_event(
    *, source: str, title: str, fault: str, reason: str, snapshot: int | None, now: dt.datetime
) -> Body:
    """Body that tells ops of an answer not used; ``snapshot`` is the evidence, None where none came."""
    data = {"source": {"id": source, "title": title}, "fault": fault, "reason": reason, "snapshot": snapshot}
    return body(EventType.SOURCE_REFUSED, now, data, f"{title} was refused ({fault}): {reason}")


def rule_failed_event(
    *, rule_id: str, version: int, desk: str, period: str, fault: str, now: dt.datetime
) -> Body:
    """Body that tells a desk, and ops, of a rule that could not follow the figures of a release."""
    data = {"rule": {"id": rule_id, "version": version, "desk": desk}, "period": period, "fault": fault}
    said = (
        f"Rule {rule_id} of {desk} could not follow the figures of {period} ({fault}): they are recorded, "
        "and its alerts stand as they stood. Rehearse it, save it anew, and report the fault."
    )
    return body(EventType.RULE_FAILED, now, data, said)


def trouble_event(*, part: str, title: str, since: dt.datetime, action: str, now: dt.datetime) -> Body:
    """Body that tells ops of a part of the service that has done nothing since a moment."""
    data = {"part": part, "since": written(since), "action": action}
    said = f"{title} has done nothing since {since:%Y-%m-%d %H:%M:%S} UTC. {action}"
    return body(EventType.SERVICE_TROUBLE, now, data, said)


def recovered_event(*, part: str, title: str, told_at: dt.datetime, now: dt.datetime) -> Body:
    """Body that takes back a trouble that was told at a moment."""
    data = {"part": part, "told_at": written(told_at)}
    return body(EventType.SERVICE_RECOVERED, now, data, f"{title} works again.")
