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


def operations(stage: Stage) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every operation but those that would lock this test out."""
    paths: dict[str, dict[str, Any]] = stage.client.get("/openapi.json").json()["paths"]
    return [
        (method, path, operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if (method, path) != ("post", "/v1/keys")
    ]


def example_of(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A body that a schema names as its example."""
    named = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    found: dict[str, Any] = named["examples"][0]
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_ends_in_an_error_of_ours(peopled: Stage, data: st.DataObject) -> None:
    """Whatever parameters and body an operation is sent, it is answered below 500, and refusals are problems."""
    components = peopled.client.get("/openapi.json").json()["components"]["schemas"]
    for method, path, operation in operations(peopled):
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
            described = operation["requestBody"]["content"]["application/json"]
            example = described.get("example") or example_of(described["schema"], components)
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
    """Each body that an operation takes or gives has an example, and so does each problem."""
    document = stage.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    components = document["components"]["schemas"]

    def has_example(media: dict[str, Any]) -> bool:
        text = json.dumps(media)
        names = [name for name in components if f'/{name}"' in text]
        inner = [json.dumps(components[name]) for name in names]
        nested = [other for other in components for each in inner if f'/{other}"' in each]
        known = [components[name] for name in [*names, *nested]]
        return "example" in media or any("examples" in schema for schema in known)

    for method, path, operation in operations(stage):
        media = [
            content
            for status, response in operation["responses"].items()
            if status.startswith("2")
            for kind, content in response.get("content", {}).items()
            if kind == "application/json"
        ]
        if "requestBody" in operation:
            media += operation["requestBody"]["content"].values()
        assert all(has_example(each) for each in media), (method, path)


def test_examples_of_what_goes_in_are_accepted(stage: Stage) -> None:
    """Each request body that the documentation shows works as it stands."""
    document = stage.client.get("/openapi.json").json()
    components = document["components"]["schemas"]
    ids = {"series_id": MAGNETS, "rule_id": "low"}
    wanted = {
        ("put", "/v1/series/{series_id}"): 201,
        ("put", "/v1/rules/{rule_id}"): 200,
        ("post", "/v1/rules"): 201,
        ("post", "/v1/endpoints"): 201,
        ("post", "/v1/observations"): 200,
    }
    for (method, path), status in wanted.items():
        for kind, media in document["paths"][path][method]["requestBody"]["content"].items():
            body = media.get("example") or example_of(media["schema"], components)
            content = body if isinstance(body, str) else json.dumps(body)
            answer = stage.client.request(
                method, path.format(**ids), content=content, headers={"content-type": kind}
            )
            assert answer.status_code == status, (path, kind, answer.text)
