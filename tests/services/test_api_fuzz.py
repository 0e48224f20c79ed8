"""The whole schema: every operation has examples, and whatever it is sent it answers or says why not."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from api_stage import MAGNETS, Stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

RULE = {
    "name": "Low",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from([MAGNETS, "2025-05", "2025-06-20T00:00:00Z", "t", "low", "\x00", "\ud800", 2**63, -1]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture
def peopled(stage: Stage) -> Stage:
    """A stage with one of everything."""
    stage.register()
    stage.client.put("/v1/rules/low", json=RULE)
    stage.client.post("/v1/endpoints", json={"desk": "metals", "url": "https://desk.example.com"})
    stage.upload({"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"})
    return stage


def document(stage: Stage) -> dict[str, Any]:
    """The API's description of itself."""
    described: dict[str, Any] = stage.app.openapi()
    return described


def operations(stage: Stage) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every operation but what would lock this test out or never end."""
    return [
        (method, path, operation)
        for path, methods in document(stage)["paths"].items()
        for method, operation in methods.items()
        if (method, path) not in {("post", "/v1/keys"), ("get", "/v1/alerts/stream")}
    ]


def body_of(stage: Stage, operation: dict[str, Any]) -> dict[str, Any]:
    """The JSON body that an operation shows as its example."""
    media = operation["requestBody"]["content"]["application/json"]
    if "example" in media:
        shown: dict[str, Any] = media["example"]
        return shown
    name = media["schema"]["$ref"].rpartition("/")[2]
    named: dict[str, Any] = document(stage)["components"]["schemas"][name]["examples"][0]
    return named


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_ends_in_an_error_of_ours(peopled: Stage, data: st.DataObject) -> None:
    """Whatever an operation is sent, it is answered below 500, and a refusal is a problem."""
    method, path, operation = data.draw(st.sampled_from(operations(peopled)))
    address, query = path, {}
    for parameter in operation.get("parameters", []):
        value = data.draw(scalars.map(str).map(lambda text: text.encode("utf-8", "replace").decode()))
        if parameter["in"] == "path":
            address = address.replace(f"{{{parameter['name']}}}", quote(value or "x", safe=""))
        elif parameter["in"] == "query" and data.draw(st.booleans()):
            query[parameter["name"]] = value
    content = None
    headers = {}
    if "requestBody" in operation:
        example = body_of(peopled, operation)
        changed = {**example, data.draw(st.sampled_from([*example, "other"])): data.draw(values)}
        content = json.dumps(data.draw(st.just(changed) | values))
        headers = {"content-type": "application/json"}
    answer = peopled.client.request(method, address, params=query, content=content, headers=headers)
    said = (method, address, query, content, answer.text[:300])
    assert answer.status_code < 500 or path == "/readyz", said
    if 400 <= answer.status_code < 500:
        assert answer.headers["content-type"] == "application/problem+json", said
        assert answer.json()["detail"], said


def test_every_operation_has_an_example_of_what_goes_in_and_out(stage: Stage) -> None:
    """Each body that an operation takes or gives as JSON has an example, its own or its schema's."""
    components = document(stage)["components"]["schemas"]

    def shown(media: dict[str, Any]) -> bool:
        if "example" in media or "examples" in media:
            return True
        if "$ref" in media:
            return shown(components[media["$ref"].rpartition("/")[2]])
        inner = [media.get("schema"), media.get("items"), media.get("properties", {}).get("items")]
        inner += media.get("anyOf", [])[:1]
        return any(shown(each) for each in inner if each is not None)

    for method, path, operation in operations(stage):
        answered = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        told = (*answered, operation.get("requestBody", {}))
        bodies = [body for body in told if set(body.get("content", ())) - {"application/octet-stream"}]
        for body in bodies:
            assert shown(body["content"]["application/json"]), (method, path)


def test_examples_of_what_goes_in_are_accepted(stage: Stage) -> None:
    """Each request body that the documentation shows works as it stands."""
    stage.register()
    wanted = {
        ("put", "/v1/series/NEW", "/v1/series/{series_id}"): 201,
        ("put", "/v1/rules/low", "/v1/rules/{rule_id}"): 200,
        ("post", "/v1/rules", "/v1/rules"): 201,
        ("post", "/v1/endpoints", "/v1/endpoints"): 201,
        ("post", "/v1/observations", "/v1/observations"): 200,
        ("post", "/v1/keys", "/v1/keys"): 201,
    }
    for (method, address, path), status in wanted.items():
        body = body_of(stage, document(stage)["paths"][path][method])
        answer = stage.client.request(method, address, json=body)
        assert answer.status_code == status, (path, answer.text)
