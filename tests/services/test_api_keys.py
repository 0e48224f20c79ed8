"""API keys: what each scope and desk may do, on every route there is."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest
from api_stage import MAGNETS, NOW, Stage, assert_problem, key
from sqlalchemy import select

from services.storage.tables import api_keys
from services.usecases.manage_keys import SCOPES

RULE = {
    "name": "Low magnets",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}
NEEDS: dict[tuple[str, str], str] = {
    ("get", "/v1/series"): "read",
    ("get", "/v1/series/{series_id}"): "read",
    ("put", "/v1/series/{series_id}"): "write",
    ("post", "/v1/observations"): "write",
    ("post", "/v1/imports"): "write",
    ("put", "/v1/imports/{import_id}/mapping"): "write",
    ("post", "/v1/imports/{import_id}/confirm"): "write",
    ("get", "/v1/series/{series_id}/observations"): "read",
    ("get", "/v1/series/{series_id}/forecasts"): "read",
    ("get", "/v1/series/{series_id}/forecasts/changes"): "read",
    ("get", "/v1/forecasts/{forecast_id}"): "read",
    ("get", "/v1/series/{series_id}/verdicts"): "read",
    ("get", "/v1/rules"): "read",
    ("post", "/v1/rules"): "rules",
    ("get", "/v1/rules/{rule_id}"): "read",
    ("put", "/v1/rules/{rule_id}"): "rules",
    ("post", "/v1/rules/{rule_id}/disable"): "rules",
    ("post", "/v1/rules/{rule_id}/enable"): "rules",
    ("get", "/v1/episodes"): "read",
    ("get", "/v1/episodes/{episode_id}"): "read",
    ("get", "/v1/measures"): "read",
    ("get", "/v1/divergence"): "read",
    ("get", "/v1/series/{series_id}/mirror"): "read",
    ("put", "/v1/measures/{measure_id}"): "write",
    ("get", "/v1/alerts"): "read",
    ("get", "/v1/alerts/stream"): "read",
    ("get", "/v1/scoreboard"): "read",
    ("post", "/v1/backtests"): "write",
    ("get", "/v1/backtests/{backtest_id}"): "read",
    ("get", "/v1/alerts/{alert_id}"): "read",
    ("post", "/v1/alerts/{alert_id}/acknowledge"): "rules",
    ("get", "/v1/endpoints"): "read",
    ("post", "/v1/endpoints"): "endpoints",
    ("get", "/v1/endpoints/{endpoint_id}"): "read",
    ("post", "/v1/endpoints/{endpoint_id}/ping"): "endpoints",
    ("post", "/v1/endpoints/{endpoint_id}/rotate"): "endpoints",
    ("post", "/v1/endpoints/{endpoint_id}/enable"): "endpoints",
    ("get", "/v1/endpoints/{endpoint_id}/deliveries"): "read",
    ("get", "/v1/deliveries"): "read",
    ("get", "/v1/deliveries/{delivery_id}"): "read",
    ("post", "/v1/deliveries/{delivery_id}/replay"): "endpoints",
    ("post", "/v1/rules/rehearse"): "read",
    **{
        ("post", f"/v1/alerts/{{alert_id}}/{act}"): "rules"
        for act in ("close", "snooze", "assign", "comment", "feedback")
    },
    ("get", "/v1/silences"): "read",
    ("post", "/v1/silences"): "rules",
    ("post", "/v1/silences/{silence_id}/end"): "rules",
    ("get", "/v1/jobs"): "read",
    ("get", "/v1/jobs/progress"): "read",
    ("get", "/v1/jobs/{job_id}"): "read",
    ("post", "/v1/jobs/{job_id}/retry"): "write",
    ("get", "/v1/desks"): "read",
    ("get", "/v1/families"): "read",
    ("get", "/v1/forecasters"): "read",
    ("put", "/v1/forecasters/{forecaster_id}"): "write",
    ("get", "/v1/forecasters/{forecaster_id}/forecasts"): "read",
    ("post", "/v1/forecasters/{forecaster_id}/forecasts"): "write",
    ("get", "/v1/tags"): "read",
    ("get", "/v1/records"): "read",
    ("get", "/v1/releases"): "read",
    ("get", "/v1/release-calendars"): "read",
    ("put", "/v1/release-calendars/{calendar_id}"): "write",
    ("post", "/v1/endpoints/{endpoint_id}/disable"): "endpoints",
    ("post", "/v1/endpoints/{endpoint_id}/replay"): "endpoints",
    ("get", "/v1/messages/{message_id}"): "read",
    ("get", "/v1/sources"): "read",
    ("get", "/v1/sources/snapshots/{snapshot_id}"): "read",
    ("get", "/v1/sources/snapshots/{snapshot_id}/body"): "read",
    ("get", "/v1/audit"): "admin",
    ("get", "/v1/keys"): "admin",
    ("post", "/v1/keys"): "admin",
    ("post", "/v1/keys/{key_id}/rotate"): "admin",
    ("post", "/v1/keys/{key_id}/revoke"): "admin",
}
"""Scope that each operation needs; one that is neither here nor among OPEN fails the walk."""
OPEN = {("get", "/v1/event-types"), ("get", "/v1/event-types/{event_type}")}
"""What needs no key: the schemas of what desks receive, which hold nothing of anybody."""


def operations(stage: Stage) -> list[tuple[str, str]]:
    paths: dict[str, dict[str, Any]] = stage.client.get("/openapi.json").json()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods if path.startswith("/v1")]


def call(stage: Stage, method: str, path: str, headers: dict[str, str]) -> int:
    """Status of an operation called with ids that no thing has and a body that no reader takes."""
    ids = dict.fromkeys(("series_id", "rule_id", "alert_id", "endpoint_id", "key_id", "silence_id"), "none")
    ids |= {"message_id": "none", "episode_id": "none", "measure_id": "none", "calendar_id": "none"}
    ids |= {"import_id": "none", "forecaster_id": "none"}
    address = path.format(**ids, delivery_id=99, forecast_id=99, job_id=99, snapshot_id=99, backtest_id=99)
    body = {"content-type": "application/json"} if method != "get" else {}
    content = b"{}" if method != "get" else None
    with stage.client.stream(method, address, content=content, headers={**headers, **body}) as answer:
        return answer.status_code  # the rest of a stream of events would never end


def test_every_route_asks_for_its_scope_and_no_other(stage: Stage) -> None:
    """With each scope alone exactly the operations that need it pass; without a key none does."""
    keys = {scope: key(stage, scope) for scope in SCOPES}
    found = operations(stage)
    assert set(found) == set(NEEDS) | OPEN
    for (method, path), needed in NEEDS.items():
        assert call(stage, method, path, {}) == 401, (method, path)
        for scope in SCOPES:
            allowed = scope in {needed, "admin"}
            status = call(stage, method, path, keys[scope])
            assert (status not in {401, 403}) == allowed, (method, path, scope, status)


def test_another_desk_sees_and_changes_nothing(stage: Stage) -> None:
    """A key of one desk meets nothing of another: as if it were not there, on every route."""
    stage.register()
    stage.client.put("/v1/rules/low", json=RULE)
    given = {"desk": "metals", "url": "https://desk.example.com/hook"}
    endpoint = stage.client.post("/v1/endpoints", json=given).json()["id"]
    stage.upload({"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"})
    alert = stage.client.get("/v1/alerts").json()["items"][0]["id"]
    delivery = stage.client.get("/v1/deliveries").json()["items"][0]["id"]
    others = key(stage, "read", "write", "rules", "endpoints", desk="grains")
    own = key(stage, "read", desk="metals")
    addresses = ["/v1/rules/low", f"/v1/alerts/{alert}", f"/v1/endpoints/{endpoint}"]
    addresses += [f"/v1/endpoints/{endpoint}/deliveries", f"/v1/deliveries/{delivery}"]
    for address in addresses:
        assert_problem(stage.client.get(address, headers=others), 404, "not-found")
        assert stage.client.get(address, headers=own).status_code == 200
    for address in ("/v1/rules", "/v1/alerts", "/v1/endpoints", "/v1/deliveries"):
        assert stage.client.get(address, headers=others).json()["items"] == []
        assert len(stage.client.get(address, headers=own).json()["items"]) == 1
    for address in ("/v1/rules", "/v1/alerts", "/v1/endpoints"):
        asked = stage.client.get(address, params={"desk": "metals"}, headers=others)
        assert_problem(asked, 403, "forbidden")
    before = stage.rows()
    hook = f"endpoints/{endpoint}"
    for action in (f"{hook}/ping", f"{hook}/rotate", f"{hook}/enable", f"deliveries/{delivery}/replay"):
        assert_problem(stage.client.post(f"/v1/{action}", headers=others), 404, "not-found")
    seen = stage.client.post(f"/v1/alerts/{alert}/acknowledge", json={"by": "x"}, headers=others)
    assert_problem(seen, 404, "not-found")
    taken = stage.client.put("/v1/rules/low", json={**RULE, "desk": "grains"}, headers=others)
    assert_problem(taken, 404, "not-found")
    foreign = stage.client.put("/v1/rules/new", json=RULE, headers=others)
    assert_problem(foreign, 403, "forbidden")
    assert_problem(stage.client.post("/v1/endpoints", json=given, headers=others), 403, "forbidden")
    assert stage.rows() == before


def test_key_is_shown_once_and_kept_as_a_hash(stage: Stage) -> None:
    """A key's text leaves once; what is kept is the SHA-256 of its 32 random bytes."""
    admin = stage.client.post("/v1/keys", json={"name": "root", "scopes": ["admin"]})
    assert admin.status_code == 201
    headers = {"Authorization": f"Bearer {admin.json()['key']}"}
    assert admin.json()["key"] not in stage.client.get("/v1/keys", headers=headers).text
    assert_problem(stage.client.get("/v1/keys"), 401, "unauthorised")
    with stage.engine.begin() as connection:
        row = connection.execute(select(api_keys)).one()
    assert len(row.digest) == len(hashlib.sha256().digest())
    assert admin.json()["key"].split("_", 2)[2].encode() not in row.digest
    assert row.last_used_at == NOW


def test_rotation_overlaps_and_revocation_does_not(stage: Stage) -> None:
    """After a rotation both keys work until the overlap ends; a revoked key never works again."""
    admin = key(stage, "admin")
    made = stage.client.post("/v1/keys", json={"name": "r", "scopes": ["read"]}, headers=admin).json()
    new = stage.client.post(
        f"/v1/keys/{made['id']}/rotate", params={"overlap_hours": 2}, headers=admin
    ).json()
    old_headers, new_headers = ({"Authorization": f"Bearer {each['key']}"} for each in (made, new))
    stage.at = NOW + dt.timedelta(hours=1, minutes=59)
    assert stage.client.get("/v1/series", headers=old_headers).status_code == 200
    stage.at = NOW + dt.timedelta(hours=2)
    assert_problem(stage.client.get("/v1/series", headers=old_headers), 401, "unauthorised")
    assert stage.client.get("/v1/series", headers=new_headers).status_code == 200
    assert stage.client.post(f"/v1/keys/{new['id']}/revoke", headers=admin).status_code == 204
    assert_problem(stage.client.get("/v1/series", headers=new_headers), 401, "unauthorised")
    assert_problem(stage.client.post(f"/v1/keys/{new['id']}/rotate", headers=admin), 404, "not-found")


@pytest.mark.parametrize(
    "given",
    [
        "Bearer x",
        "Bearer tonnage_00_AA",
        "Bearer tonnage__",
        "Bearer \u00e9",
        "Bearer " + "_" * 99,
    ],
)
def test_what_is_no_key_is_refused(stage: Stage, given: str) -> None:
    """A wrong key is refused even in development before there is one, in the same words as an expired one."""
    answer = stage.client.get("/v1/series", headers={"Authorization": given.encode()})
    assert "not valid" in assert_problem(answer, 401, "unauthorised")["detail"]


def test_expired_and_altered_keys_are_refused(stage: Stage) -> None:
    """A key ends at its moment, and one with a changed character never began."""
    headers = key(stage, "read", expires_at=NOW + dt.timedelta(hours=1))
    assert stage.client.get("/v1/series", headers=headers).status_code == 200
    text = headers["Authorization"]
    altered = text[:-5] + ("A" if text[-5] != "A" else "B") + text[-4:]
    assert_problem(stage.client.get("/v1/series", headers={"Authorization": altered}), 401, "unauthorised")
    stage.at = NOW + dt.timedelta(hours=1)
    assert_problem(stage.client.get("/v1/series", headers=headers), 401, "unauthorised")


def test_admin_of_one_desk_is_refused(stage: Stage) -> None:
    """Whoever makes keys could make one for any desk, so admin is never bound to one."""
    given = {"name": "x", "scopes": ["admin"], "desk": "metals"}
    assert_problem(stage.client.post("/v1/keys", json=given), 422, "invalid-request")


def test_production_needs_a_key_before_there_is_one(stage: Stage, served_app: tuple[Any, str]) -> None:
    """In production nobody gets in without a key; in development that is said as long as it is so."""
    app, _ = served_app
    assert stage.client.get("/readyz").json()["open_to_anybody"] is True
    strict = stage.settings.model_copy(update={"environment": "production"})
    app.state.service = type(app.state.service)(strict, stage.engine, lambda: stage.at, stage.nudged.append)
    assert_problem(stage.client.get("/v1/series"), 401, "unauthorised")
    assert stage.client.get("/readyz").json()["open_to_anybody"] is False


def test_two_keys_that_rotate_under_one_idempotency_key_get_a_secret_each(stage: Stage) -> None:
    """The Idempotency-Key of a rotation belongs to the API key that it came by, as that of an upload does."""
    first, second = key(stage, "endpoints", "read"), key(stage, "endpoints", "read")
    given = {"desk": "metals", "url": "https://desk.example.com/hook"}
    made = stage.client.post("/v1/endpoints", json=given, headers=first).json()["id"]

    def rotated(headers: dict[str, str]) -> str:
        asked = {**headers, "Idempotency-Key": "monday"}
        return str(stage.client.post(f"/v1/endpoints/{made}/rotate", headers=asked).json()["secret"])

    mine, theirs = rotated(first), rotated(second)
    assert mine != theirs
    assert (rotated(first), rotated(second)) == (mine, theirs)
