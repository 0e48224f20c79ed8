"""The whole life of an alert while its endpoint is disabled: no event of it is lost on the desk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network

from api_stage import MAGNETS, Stage
from delivery_stage import Desk

from services.usecases.deliver_messages import deliver_due

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
