"""Every list that is cut says where it goes on, and its pages together are the whole of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from api_stage import MAGNETS, Stage, assert_problem
from test_episodes_as_of import before_the_fall, story
from test_measures import announced

from services.storage import forecasts

__all__ = ["announced", "before_the_fall", "story"]

RULE = {
    "name": "Low",
    "desk": "metals",
    "scope": {"families": ["rare-earths"]},
    "condition": {"kind": "level", "below": 3000},
}
TWIN = "TWIN"


@pytest.fixture
def peopled(announced: Stage) -> Stage:
    """At least two of whatever a list shows: a twin of the series has the same shock, and a desk hears it."""
    client = announced.client
    announced.register(TWIN, family="rare-earths")
    client.put("/v1/rules/low", json=RULE)
    hook = {"desk": "metals", "url": "https://desk.example.com/hook"}
    endpoint = client.post("/v1/endpoints", json=hook).json()["id"]
    client.post("/v1/endpoints", json={**hook, "desk": "grains"})
    held = client.get(f"/v1/series/{MAGNETS}/observations").json()["items"]
    past = [
        {"series_id": TWIN, "month": each["month"], "value": each["value"], "known_from": each["known_from"]}
        for each in held
    ]
    answer = announced.upload(*past[:24], history="true")
    assert answer.status_code == 200, answer.text
    model = forecasts.judging(announced.settings.portfolio)
    with announced.engine.begin() as connection:
        made = forecasts.published(connection, MAGNETS, model=model)[-1]
        assert made.forecast is not None
        twin = replace(made, series_id=TWIN, forecast=replace(made.forecast, series_id=TWIN), id=None)
        forecasts.publish(connection, [twin])
    for figure in past[24:]:
        answer = announced.upload(figure)
        assert answer.status_code == 200, answer.text
    for month in (10, 11):
        known = f"2025-{month + 1:02}-20T02:00:00Z"
        announced.upload({"month": f"2025-{month}", "value": 1000, "known_from": known})
    for name in ("poll", "bank"):
        client.put(f"/v1/forecasters/{name}", json={"name": name})
    for month in ("2030-01", "2030-02"):
        said = {"series_id": MAGNETS, "month": month, "unit": "t", "point": 4000}
        answer = client.post("/v1/forecasters/poll/forecasts", json=[said])
        assert answer.is_success, answer.text
    client.post(f"/v1/endpoints/{endpoint}/ping")
    announced.app.state.endpoint = endpoint
    return announced


def lists(stage: Stage) -> dict[str, list[str]]:
    """Address of every operation that answers pages, with the names of its parameters."""
    described = stage.app.openapi()
    found = {}
    for path, methods in described["paths"].items():
        answer = methods.get("get", {}).get("responses", {}).get("200", {})
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        schema = schema.get("anyOf", [schema])[0]  # the second is the page of parts, where fields are chosen
        name = schema.get("$ref", "").rpartition("/")[2]
        if "next" in described["components"]["schemas"].get(name, {}).get("properties", {}):
            found[path] = [each["name"] for each in methods["get"].get("parameters", [])]
    return found


def test_a_list_that_can_be_cut_has_a_cursor(stage: Stage) -> None:
    """Whatever takes a limit takes the cursor that its pages give; what has none is given whole."""
    paths = lists(stage)
    assert {"/v1/measures", "/v1/alerts", "/v1/series"} <= paths.keys()
    for path, names in paths.items():
        assert ("limit" in names) == bool({"after", "before"} & set(names)), path


def test_a_full_page_says_where_the_next_begins(peopled: Stage) -> None:
    """Page by page of one each list gives what it gives at once, and says null at its end alone."""
    for path, names in lists(peopled).items():
        if "limit" not in names:
            continue
        address = path.format(series_id=MAGNETS, endpoint_id=peopled.app.state.endpoint, forecaster_id="poll")
        (cursor,) = {"after", "before"} & set(names)
        whole = peopled.client.get(address, params={"limit": 1000}).json()
        assert whole["next"] is None, path
        assert len(whole["items"]) > 1, path
        items: list[Any] = []
        query: dict[str, Any] = {"limit": 1}
        while True:
            page = peopled.client.get(address, params=query).json()
            items += page["items"]
            if page["next"] is None:
                break
            query[cursor] = page["next"]
        assert items == whole["items"], path


def test_measures_are_paged_beside_their_series(peopled: Stage) -> None:
    """A cursor goes on behind the measure beside the series that it names, whatever is asked for by state."""
    first = peopled.client.get("/v1/measures", params={"limit": 3}).json()
    assert first["next"] == f"notice-18~{MAGNETS}"
    query = {"after": first["next"], "state": "visible"}
    (rest,) = peopled.client.get("/v1/measures", params=query).json()["items"]
    assert (rest["id"], rest["series_id"]) == ("notice-18", TWIN)
    unknown = peopled.client.get("/v1/measures", params={"after": "notice-18"})
    assert "is no cursor of this list" in assert_problem(unknown, 422, "invalid-request")["detail"]
