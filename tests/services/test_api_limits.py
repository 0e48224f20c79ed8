"""What a caller may ask of the service: so many requests, so many bytes, from allowed pages."""

from __future__ import annotations

import datetime as dt
import gzip
import http.client
import json
from typing import Any

import pytest
import redis
from api_stage import MAGNETS, Stage, assert_problem, served, staged, staged_app
from fastapi import FastAPI
from prometheus_client import REGISTRY

from services.api.app import create_app
from services.usecases.manage_keys import add_key

JSON = {"content-type": "application/json"}


def keyed(stage: Stage, name: str) -> dict[str, str]:
    with stage.engine.begin() as connection:
        _, text = add_key(connection, name=name, scopes=("read", "write"), now=stage.at)
    return {"Authorization": f"Bearer {text}"}


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("tonnage_rate_limits_total", {"outcome": outcome}) or 0.0


def test_a_key_has_so_many_requests_a_minute(
    served_app: tuple[FastAPI, str], database_url: str, valkey_url: str
) -> None:
    """Each answer says what is left; one too many is refused until the next minute, another key is not."""
    with staged(*served_app, database_url, redis_url=valkey_url, rate_limit=3) as stage:
        mine, other = keyed(stage, "mine"), keyed(stage, "other")
        left = []
        for _ in range(3):
            answer = stage.client.get("/v1/series", headers=mine)
            assert answer.status_code == 200
            assert answer.headers["ratelimit-policy"] == '"requests";q=3;w=60'
            left.append(answer.headers["ratelimit"])
        assert left == [f'"requests";r={each};t=60' for each in (2, 1, 0)]
        stage.at += dt.timedelta(seconds=20)
        refused = stage.client.get("/v1/series", headers=mine)
        assert_problem(refused, 429, "too-many-requests")
        assert refused.headers["retry-after"] == "40"
        assert refused.headers["ratelimit"] == '"requests";r=0;t=40'
        assert stage.client.get("/v1/series", headers=other).status_code == 200
        stage.at += dt.timedelta(seconds=40)
        assert stage.client.get("/v1/series", headers=mine).status_code == 200


def test_a_count_outlives_the_connection_that_made_it(
    served_app: tuple[FastAPI, str], database_url: str, valkey_url: str
) -> None:
    """Where Valkey has ended the connection the next request is counted all the same, and windows end."""
    with (
        staged(*served_app, database_url, redis_url=valkey_url, rate_limit=3) as stage,
        redis.Redis.from_url(valkey_url) as valkey,
    ):
        mine = keyed(stage, "mine")
        left = []
        for _ in range(3):
            left.append(stage.client.get("/v1/series", headers=mine).headers["ratelimit"])
            valkey.client_kill_filter(_type="normal", skipme=True)
        assert left == [f'"requests";r={each};t=60' for each in (2, 1, 0)]
        window = f"tonnage:rate:{mine['Authorization'].split('_')[1]}:{int(stage.at.timestamp()) // 60}"
        assert 60 < valkey.ttl(window) <= 120


def test_without_valkey_requests_pass_and_are_counted(stage: Stage) -> None:
    """Where the counts cannot be kept everybody is let through, and Prometheus is told."""
    before = counted("unchecked")
    answer = stage.client.get("/v1/series")
    assert answer.status_code == 200
    assert "ratelimit" not in answer.headers
    assert counted("unchecked") == before + 1


def upload(stage: Stage, content: Any, **headers: str) -> Any:
    return stage.client.post("/v1/observations", content=content, headers={**JSON, **headers})


def test_a_gzipped_body_is_read_as_what_it_holds(stage: Stage) -> None:
    """A body may be compressed."""
    stage.register()
    figure = {"series_id": MAGNETS, "month": "2025-05", "value": 1238, "unit": "t"}
    packed = gzip.compress(json.dumps([figure]).encode())
    assert upload(stage, packed, **{"Content-Encoding": "gzip"}).json()["recorded"] == 1


@pytest.mark.parametrize(
    ("content", "encoding", "status", "kind"),
    [
        pytest.param(gzip.compress(b"[" + b" " * 50_000_000), "gzip", 413, "too-large", id="bomb"),
        pytest.param(b"[]", "gzip", 415, "media-type", id="not gzip"),
        pytest.param(gzip.compress(b"[]")[:-4], "gzip", 415, "media-type", id="cut off"),
        pytest.param(gzip.compress(b"[]") + b"more", "gzip", 415, "media-type", id="trailed by more"),
        pytest.param(b"[]", "br", 415, "media-type", id="another encoding"),
        pytest.param(b"[]", "gzip, gzip", 415, "media-type", id="packed twice"),
    ],
)
def test_bodies_that_unpack_to_harm_are_refused(
    stage: Stage, content: bytes, encoding: str, status: int, kind: str
) -> None:
    """A bomb is not unpacked beyond the limit; what is no whole gzip stream is no body."""
    assert_problem(upload(stage, content, **{"Content-Encoding": encoding}), status, kind)


def test_a_chunked_body_is_bounded_as_it_comes(stage: Stage) -> None:
    """Without a declared length the limit holds all the same; a declared 2 GB is not waited for."""
    chunks = (b" " * 10_000 for _ in range(1000))
    assert_problem(upload(stage, chunks), 413, "too-large")
    address = stage.client.base_url
    claiming = http.client.HTTPConnection(address.host, address.port, timeout=90)
    claiming.putrequest("POST", "/v1/observations")
    claiming.putheader("Content-Length", str(2 * 2**30))
    claiming.endheaders(b"[")
    assert claiming.getresponse().status == 413
    claiming.close()


@pytest.mark.parametrize("path", ["/v1/series", "/v1/nothing", "/healthz", "/openapi.json"])
def test_every_answer_is_safe_in_a_browser(stage: Stage, path: str) -> None:
    """No answer is sniffed, framed or leaked as a referrer, errors included; data may run nothing."""
    headers = stage.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert ("content-security-policy" in headers) == path.startswith("/v1")
    assert (
        "access-control-allow-origin" not in stage.client.get(path, headers={"Origin": "https://x"}).headers
    )


def test_pages_of_an_allowed_origin_alone_may_call(database_url: str) -> None:
    """CORS is off unless an origin is named, and then it is that origin's."""
    before = staged_app().state.service
    settings = before.settings.model_copy(update={"cors_origins": ("https://desk.example",)})
    app = create_app(type(before)(settings, before.engine, before.now, before.nudge))
    with served(app) as address, staged(app, address, database_url) as stage:
        asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "Authorization"}
        for origin, status in (("https://desk.example", 200), ("https://other.example", 400)):
            answer = stage.client.options("/v1/series", headers={"Origin": origin, **asked})
            assert answer.status_code == status
            assert ("access-control-allow-origin" in answer.headers) == (status == 200)
        told = stage.client.get("/v1/series", headers={"Origin": "https://desk.example"}).headers
        readable = told["access-control-expose-headers"].lower().split(", ")
        assert {"etag", "location", "x-next-cursor"} <= set(readable)  # a page could not turn one else
