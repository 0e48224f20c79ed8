"""Every operation runs as the documentation shows it: its address, its parameters, its body."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from api_stage import MAGNETS, Stage
from test_api_fuzz import body_of, document
from test_source_evidence import a_snapshot

from services.api.schemas.imports import FILE_EXAMPLE
from services.usecases.manage_keys import add_key
from services.usecases.refresh_forecasts import refresh_forecasts

RARE = "rare-earths"
ENDLESS = {("get", "/v1/alerts/stream")}
UNREADY = {("get", "/readyz")}
"""503 without a broker and a worker, which the stage has not."""


@pytest.fixture
def ids(stage: Stage) -> dict[str, str]:
    """A stage with one of everything, and the id of each."""
    stage.register(family="CN_RE", tags=["magnets"])
    for rule_id in ("magnet-shocks", "low"):
        low = {"kind": "level", "below": 3000}
        rule = {"name": "Low", "desk": RARE, "scope": {"series": [MAGNETS]}, "condition": low}
        assert stage.client.put(f"/v1/rules/{rule_id}", json=rule).status_code == 200
    hook = {"desk": RARE, "url": "https://desk.example.com/hook"}
    endpoint = stage.client.post("/v1/endpoints", json=hook).json()["id"]
    past = [
        {
            "month": f"{2022 + n // 12}-{n % 12 + 1:02}",
            "value": 4000 + 10 * (n % 12),
            "known_from": f"{2022 + (n + 1) // 12}-{(n + 1) % 12 + 1:02}-20T02:00:00Z",
        }
        for n in range(40)
    ]
    assert stage.upload(*past, history=True, replay=True).status_code == 200
    refresh_forecasts(stage.engine, now=stage.at, lease=dt.timedelta(minutes=5))
    stage.upload({"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"}, replay=True)
    refresh_forecasts(stage.engine, now=stage.at, lease=dt.timedelta(minutes=5))
    silence = {"desk": RARE, "by": "ops", "ends": "2025-09-01T00:00:00Z", "series": [MAGNETS]}
    with stage.engine.begin() as connection:
        other, _ = add_key(connection, name="other", scopes=("read",), now=stage.at)
        _, admin = add_key(connection, name="admin", scopes=("admin",), now=stage.at)
    stage.client.headers["Authorization"] = f"Bearer {admin}"
    found = {
        "key_id": other.id,
        "series_id": MAGNETS,
        "rule_id": "low",
        "endpoint_id": endpoint,
        "measure_id": "mofcom-18",
        "calendar_id": "made",
        "event_type": "alert.opened",
        "name": "alert.opened",
        "kind": "too-large",
        "silence_id": stage.client.post("/v1/silences", json=silence).json()["id"],
    }
    for name, path in (
        ("alert_id", "/v1/alerts"),
        ("delivery_id", "/v1/deliveries"),
        ("job_id", "/v1/jobs"),
        ("episode_id", "/v1/episodes"),
    ):
        found[name] = str(stage.client.get(path).json()["items"][0]["id"])
    found["snapshot_id"] = str(a_snapshot(stage).id)
    found["import_id"] = stage.client.post("/v1/imports", json=FILE_EXAMPLE).json()["id"]
    found["backtest_id"] = str(stage.client.post("/v1/backtests", json={"series": [MAGNETS]}).json()["id"])
    found["message_id"] = stage.client.get("/v1/deliveries").json()["items"][0]["message_id"]
    found["forecaster_id"] = "consensus"
    named = stage.client.put("/v1/forecasters/consensus", json={"name": "Consensus"})
    assert named.status_code == 201, named.text
    found["forecast_id"] = str(stage.client.get(f"/v1/series/{MAGNETS}/forecasts").json()["id"])
    return found


def shown(parameter: dict[str, Any]) -> Any:
    """The example of a parameter; None where it shows none."""
    for holder in (parameter, parameter["schema"]):
        if "example" in holder:
            return holder["example"]
        examples = holder.get("examples")
        if isinstance(examples, dict):
            return next(iter(examples.values()))["value"]
        if examples:
            return examples[0]
    return None


def test_every_operation_runs_as_it_is_shown(stage: Stage, ids: dict[str, str]) -> None:
    """With the shown parameters and body each operation succeeds, as it describes."""
    operations = [
        (method, path, operation)
        for path, methods in document(stage)["paths"].items()
        for method, operation in methods.items()
        if (method, path) not in ENDLESS | UNREADY
    ]
    operations.sort(key=lambda each: "revoke" in each[1])
    for method, path, operation in operations:
        address = re.sub(r"{(\w+)}", lambda found: ids[found[1]], path)
        parameters = {
            each["name"]: value
            for each in operation.get("parameters", [])
            if each["in"] == "query" and (value := shown(each)) is not None
        }
        body = body_of(stage, operation) if "requestBody" in operation else None
        answer = stage.client.request(method, address, params=parameters, json=body)
        assert 200 <= answer.status_code < 300, (method, path, parameters, answer.text)
        assert str(answer.status_code) in operation["responses"], (method, path, answer.status_code)


def test_the_reference_needs_no_network(stage: Stage) -> None:
    """/docs shows every operation, and neither loads nor links to anything that is not ours."""
    answer = stage.client.get("/docs")
    assert answer.status_code == 200
    for path in document(stage)["paths"]:
        assert path in answer.text
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", answer.text)
    assert loaded
    assert all(each.startswith(("/openapi.json", "#")) for each in loaded)
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
