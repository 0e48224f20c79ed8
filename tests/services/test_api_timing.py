"""How long answers take, as Prometheus reads it: one histogram by route and class of status."""

from __future__ import annotations

import gzip
import json

from api_stage import MAGNETS, Stage
from prometheus_client.registry import REGISTRY

from services.telemetry import REQUEST_SECONDS


def counted(route: str, status: str) -> float:
    """How many answers of a route were measured."""
    labels = {"route": route, "status": status}
    return REGISTRY.get_sample_value("tonnage_api_request_seconds_count", labels) or 0.0


def routes() -> set[str]:
    """Every route that was ever measured here."""
    return {sample.labels["route"] for metric in REQUEST_SECONDS.collect() for sample in metric.samples}


def test_answers_are_measured_by_the_path_of_their_route(stage: Stage) -> None:
    """Two series are one route; a refusal is of another class; an address that is none is no label."""
    stage.register()
    route = "/v1/series/{series_id}"
    before = counted(route, "2xx"), counted(route, "4xx"), counted("none", "4xx")
    assert stage.client.get(f"/v1/series/{MAGNETS}").status_code == 200
    assert stage.client.get("/v1/series/OTHER").status_code == 404
    assert stage.client.get("/v1/no/such/address").status_code == 404
    after = counted(route, "2xx"), counted(route, "4xx"), counted("none", "4xx")
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1]
    assert not [each for each in routes() if MAGNETS in each or "OTHER" in each or "no/such" in each]


def test_a_body_that_was_packed_is_of_its_route_too(stage: Stage) -> None:
    """Figures sent as gzip count for the route that took them."""
    stage.register()
    before = counted("/v1/observations", "2xx")
    content = gzip.compress(
        json.dumps([{"series_id": MAGNETS, "unit": "t", "month": "2025-06", "value": 9}]).encode()
    )
    sent = {"content-type": "application/json", "content-encoding": "gzip"}
    assert stage.client.post("/v1/observations", content=content, headers=sent).status_code == 200
    assert counted("/v1/observations", "2xx") == before + 1


def test_a_stored_answer_is_measured_too(stage: Stage) -> None:
    """A conditional request that is answered 304 counts among the 3xx of its route."""
    stage.register()
    etag = stage.client.get(f"/v1/series/{MAGNETS}").headers["etag"]
    before = counted("/v1/series/{series_id}", "3xx")
    again = stage.client.get(f"/v1/series/{MAGNETS}", headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert counted("/v1/series/{series_id}", "3xx") == before + 1
