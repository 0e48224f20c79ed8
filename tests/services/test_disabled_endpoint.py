"""What falls due while an endpoint is disabled, by a person or by its 410, waits for it: nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network
from typing import cast

from api_stage import MAGNETS, Stage
from delivery_stage import LEASE, SETTINGS, Desk, Time, add, deliver, deliveries_to, post
from sqlalchemy import Engine

from alerts.delivery.attempts import Outcome, settle
from alerts.delivery.client import Client
from services.storage import endpoints
from services.usecases import settle_deliveries
from services.usecases.attempt_delivery import Sender, Sent
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import enable_endpoint
from services.work import deliveries as claims

RULE = {
    "name": "Low",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}
FIGURES = [("2025-05", 1238, 6), ("2025-06", 1188, 7), ("2025-07", 5000, 8)]


def test_an_alert_that_opens_changes_and_resolves_meanwhile_is_told_whole(
    stage: Stage, desk: Callable[..., Desk]
) -> None:
    """Opened, updated and resolved while it was disabled, all three are made, and sent without a gap."""
    receiver = desk()
    settings = stage.settings.model_copy(update={"private_networks": (IPv4Network("127.0.0.1/32"),)})
    stage.app.state.service = replace(stage.app.state.service, settings=settings)
    stage.register()
    stage.client.put("/v1/rules/low", json=RULE).raise_for_status()
    given = {"desk": "metals", "url": receiver.url}
    made = stage.client.post("/v1/endpoints", json=given)
    assert made.status_code == 201, made.text
    endpoint = f"/v1/endpoints/{made.json()['id']}"
    stage.client.post(f"{endpoint}/disable", json={"reason": "maintenance"}).raise_for_status()

    def deliver() -> None:
        deliver_due(stage.engine, settings, clock=lambda: stage.at, draw=lambda: 0.5, seconds=20)

    for month, value, known in FIGURES:
        known_from = f"2025-{known:02}-01T02:00:00Z"
        answer = stage.upload({"month": month, "value": value, "known_from": known_from})
        assert answer.status_code == 200, answer.text
        deliver()
    assert receiver.requests == []
    enabled = stage.client.post(f"{endpoint}/enable").json()
    deliver()
    bodies = [json.loads(body) for _, body in receiver.requests]
    assert [each["type"] for each in bodies if each["type"].startswith("alert.")] == [
        "alert.opened",
        "alert.updated",
        "alert.resolved",
    ]
    assert [each["sequence"] for each in bodies] == list(range(1, len(bodies) + 1))
    assert enabled["waited"] == len(bodies) == 4  # with the word that it was disabled
    sent = stage.client.get(f"{endpoint}/deliveries").json()["items"]
    assert [each["status"] for each in sent] == ["delivered"] * 4


def test_what_was_answered_gone_waits_until_the_endpoint_is_enabled(
    engine: Engine, time: Time, desk: Callable[..., Desk]
) -> None:
    """The message that got 410 waits like all others; enabling sends it, and the 410 took no attempt."""
    receiver = desk(lambda number: {1: 500, 2: 410, 3: 500, 4: 500}.get(number, 200))
    endpoint, _ = add(engine, receiver.url)
    (message,) = post(engine, time)
    for _ in range(2):
        deliver(engine, time)
        time.move(seconds=10)
    waits, _ = deliveries_to(engine, endpoint)  # the other is the word that it was disabled
    assert (waits.status, waits.attempts) == ("pending", 2)
    assert deliver(engine, time) == {}
    assert enable_endpoint(engine, endpoint.id, now=time()).waited == 2
    assert deliver(engine, time) == {"pending": 2}
    time.move(minutes=5)  # the wait after a second attempt; after a third it would be 30 min
    assert deliver(engine, time) == {"delivered": 2}
    assert receiver.ids.count(message.id) == 4


def test_gone_counts_beside_a_success(engine: Engine, time: Time, desk: Callable[..., Desk]) -> None:
    """Where a 410 and a 2xx of one endpoint are settled together it is disabled, and the others are told."""
    dead, _ = add(engine, "http://127.0.0.1:9/hook")
    post(engine, time, 2)
    sender = Sender(engine, SETTINGS, cast("Client", None), time, lambda: 0.5)  # it settles and sends nothing
    with engine.begin() as connection:
        claimed = claims.claim(
            connection, now=time.now, lease=LEASE, owner=sender.owner, limit=10, per_endpoint=4
        )
    other = desk()
    add(engine, other.url)
    outcomes = [Outcome(status, None, "", 0.1) for status in (410, 200)]
    settle_deliveries.settle(
        sender,
        [
            Sent(claim, time.now, outcome, settle(outcome, attempt=1, now=time.now, jitter=0.5))
            for claim, outcome in zip(claimed, outcomes, strict=True)
        ],
    )
    with engine.connect() as connection:
        stored = endpoints.get(connection, dead.id)
    assert stored is not None
    assert (stored.status, "410" in (stored.disabled_reason or "")) == ("disabled", True)
    assert sorted(each.status for each in deliveries_to(engine, dead)) == ["delivered", "pending", "pending"]
    deliver(engine, time)
    assert [json.loads(body)["type"] for _, body in other.requests] == ["endpoint.disabled"]
