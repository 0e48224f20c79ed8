"""The audit log: every change with who, when, from where, before and after; and nothing can be taken out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_stage import MAGNETS, NOW, Stage
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError

from services.api.app import RESOURCES
from services.api.auditing import auditor
from services.usecases.manage_keys import add_key

RULE = {
    "name": "Low magnets",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}
UNCHANGING = {"/rules/rehearse"}


def changes(stage: Stage, **wanted: str) -> list[dict[str, Any]]:
    """The audit log as an admin reads it, the oldest first."""
    items: list[dict[str, Any]] = stage.client.get("/v1/audit", params=wanted).json()["items"]
    return items[::-1]


@pytest.fixture
def desk(stage: Stage) -> Stage:
    """A stage whose caller is an admin with a key, so that changes have a name."""
    with stage.engine.begin() as connection:
        made, shown = add_key(connection, name="root", scopes=("admin",), now=stage.at)
    stage.client.headers = {**stage.client.headers, "Authorization": f"Bearer {shown}", "X-Request-ID": "r-1"}
    stage.key_id = made.id  # type: ignore[attr-defined]  # beside the client that uses it
    return stage


def test_a_change_is_kept_with_who_where_and_what(desk: Stage) -> None:
    """A changed rule is there before and after, with the key, its name, the address and the request."""
    desk.register()
    desk.client.put("/v1/rules/low", json=RULE)
    desk.client.put("/v1/rules/low", json={**RULE, "condition": {"kind": "level", "below": 100}})
    first, second = changes(desk, action="rule.saved")
    assert first["before"] is None
    assert second["before"] == first["after"]
    assert second["after"]["rule"]["condition"]["below"] == 100
    assert (second["name"], second["address"], second["request_id"]) == ("root", "127.0.0.1", "r-1")
    assert second["at"] == NOW.isoformat().replace("+00:00", "Z")
    assert second["key_id"] == desk.key_id  # type: ignore[attr-defined]  # as above
    assert changes(desk, key_id="other") == []


def test_every_kind_of_change_is_kept(desk: Stage) -> None:
    """Series, figures, rules, alerts, silences, endpoints, replays and keys each leave a row."""
    desk.register()
    desk.client.put("/v1/rules/low", json=RULE)
    hook = desk.client.post(
        "/v1/endpoints", json={"desk": "metals", "url": "https://desk.example.com"}
    ).json()
    desk.upload({"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"})
    alert = desk.client.get("/v1/alerts").json()["items"][0]["id"]
    person = {"by": "Ann"}
    for act, more in (
        ("acknowledge", {}),
        ("snooze", {"until": "2030-01-01T00:00:00Z"}),
        ("assign", {"to": "Li"}),
        ("close", {}),
    ):
        answer = desk.client.post(f"/v1/alerts/{alert}/{act}", json={**person, **more})
        assert answer.status_code == 200, answer.text
    for act in ("ping", "rotate", "enable"):
        assert desk.client.post(f"/v1/endpoints/{hook['id']}/{act}").status_code < 300
    delivery = desk.client.get("/v1/deliveries").json()["items"][0]["id"]
    desk.client.post(f"/v1/deliveries/{delivery}/replay")
    desk.client.post(f"/v1/endpoints/{hook['id']}/replay", json={"first": 1})
    desk.client.post(f"/v1/endpoints/{hook['id']}/disable", json={"reason": "moved"})
    key = desk.client.post("/v1/keys", json={"name": "r", "scopes": ["read"]}).json()
    desk.client.post(f"/v1/keys/{key['id']}/rotate")
    desk.client.post(f"/v1/keys/{key['id']}/revoke")
    kept = changes(desk)
    assert [each["action"] for each in kept] == [
        *("series.described", "rule.saved", "endpoint.added", "figures.recorded"),
        *("alert.acknowledged", "alert.snoozed", "alert.noted", "alert.closed"),
        *("endpoint.pinged", "endpoint.rotated", "endpoint.enabled", "delivery.replayed"),
        *("endpoint.replayed", "endpoint.disabled"),
        *("key.made", "key.rotated", "key.revoked"),
    ]
    written = json.dumps(kept)
    assert hook["secret"] not in written
    assert key["key"] not in written


def test_what_is_refused_is_no_change(desk: Stage) -> None:
    """A change that was rolled back leaves no row."""
    desk.client.put("/v1/rules/low", json={**RULE, "scope": {"series": ["NO_SUCH"]}})
    desk.client.put(f"/v1/series/{MAGNETS}", json={"name": "x", "unit": "t"})
    assert desk.client.put(f"/v1/series/{MAGNETS}", json={"name": "x", "unit": "kg"}).status_code == 409
    assert [each["action"] for each in changes(desk)] == ["series.described"]


@pytest.mark.parametrize("statement", ["UPDATE audit SET name = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
def test_no_row_can_be_changed_or_taken_out(desk: Stage, statement: str) -> None:
    """PostgreSQL refuses whoever connects as the service."""
    desk.register()
    with desk.engine.begin() as connection, pytest.raises(DBAPIError, match="only ever added"):
        connection.exec_driver_sql(statement)
    assert len(changes(desk)) == 1


def test_every_route_that_changes_something_has_an_auditor() -> None:
    """A new route that changes things cannot forget the log."""

    def audited(dependant: Dependant) -> bool:
        return dependant.call is auditor or any(map(audited, dependant.dependencies))

    routes = [
        route
        for resource in RESOURCES
        for route in resource.router.routes
        if isinstance(route, APIRoute) and route.methods - {"GET", "HEAD"} and route.path not in UNCHANGING
    ]
    assert len(routes) > 20
    assert [route.path for route in routes if not audited(route.dependant)] == []
