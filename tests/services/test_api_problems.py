"""Every error is a problem of RFC 9457, and says what to do; nothing unknown is ignored."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from api_stage import MAGNETS, Stage, assert_problem
from sqlalchemy import create_engine


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        (f"/v1/series/{MAGNETS}/observations?as_off=2025-06-20T00:00:00Z", "'as_of'"),
        (f"/v1/series/{MAGNETS}/forecasts?asof=2025-06-20T00:00:00Z", "'as_of'"),
        (f"/v1/series/{MAGNETS}/verdicts?limits=3", "'limit'"),
        ("/v1/alerts?state=opened", "'status'"),
        ("/healthz?as_of=2025-06-20T00:00:00Z", "none is known here"),
    ],
)
def test_unknown_parameter_is_refused_with_the_nearest_name(stage: Stage, path: str, nearest: str) -> None:
    """A misspelt parameter is refused, since an as_of that is ignored would leak the future."""
    problem = assert_problem(stage.client.get(path), 422, "invalid-request")
    assert nearest in problem["detail"]


@pytest.mark.parametrize("address", ["/v1/series?limit=1_0", "/v1/deliveries?before=1_0", "/v1/jobs/1_0"])
def test_a_number_with_an_underscore_is_refused(stage: Stage, address: str) -> None:
    """A number in an address is digits, as a figure's is: 1_0 is not taken for 10."""
    told = assert_problem(stage.client.get(address), 422, "invalid-request")
    assert "it is not a number" in told["detail"]


def test_parameter_given_twice_is_refused(stage: Stage) -> None:
    """Of two values for one parameter neither is silently chosen."""
    answer = stage.client.get("/v1/alerts?status=opened&status=resolved")
    assert "2 times" in assert_problem(answer, 422, "invalid-request")["detail"]


@pytest.mark.parametrize(
    "moment", ["2025-06-20", "yesterday", "2025-06-20T10:00:00 08:00", "0001-01-01T00:00:00+23:00"]
)
def test_moment_without_a_zone_is_refused(stage: Stage, moment: str) -> None:
    """A moment that could mean two is refused with one that would do."""
    stage.register()
    answer = stage.client.get(f"/v1/series/{MAGNETS}/observations", params={"as_of": moment})
    assert "2025-06-20T10:00:00Z" in assert_problem(answer, 422, "invalid-request")["detail"]


def test_unknown_key_in_a_body_is_refused(stage: Stage) -> None:
    """A key that nobody knows is refused with its path."""
    answer = stage.client.put("/v1/series/A", json={"name": "A", "unit": "t", "famly": "x"})
    problem = assert_problem(answer, 422, "invalid-request")
    assert problem["faults"][0]["path"] == "body.famly"


@pytest.mark.parametrize(
    ("method", "path", "body", "reasons"),
    [
        (
            "POST",
            "/v1/keys",
            {"name": "research", "scope": ["read"]},
            {
                "body.scopes": "Field required",
                "body.scope": "there is no such field; did you mean 'scopes'? "
                "Known are name, desk, scopes, expires_at",
            },
        ),
        (
            "PUT",
            "/v1/series/A",
            {"name": "A", "unit": "t", "famly": "x", "zzz": 1, "tags": 3},
            {
                "body.tags": "Input should be a valid list",
                "body.famly": "did you mean 'family'? Known are name, unit, ",
                "body.zzz": "there is no such field; Known are name, unit, ",
            },
        ),
    ],
)
def test_unknown_field_is_refused_with_the_nearest_name(
    stage: Stage, method: str, path: str, body: dict[str, object], reasons: dict[str, str]
) -> None:
    """A misspelt field is told where it stands, with the nearest that is known, beside every other fault."""
    answer = stage.client.request(method, path, json=body)
    faults = assert_problem(answer, 422, "invalid-request")["faults"]
    assert {each["path"] for each in faults} == reasons.keys()
    for each in faults:
        assert reasons[each["path"]] in each["reason"]


def test_faults_of_a_rule_come_with_examples(stage: Stage) -> None:
    """Each fault of a rule has its path, its reason and an example that would be accepted."""
    stage.register()
    rule = {
        "name": "Low",
        "desk": "metals",
        "scope": {"series": [MAGNETS]},
        "condition": {"kind": "level", "bellow": 3000},
    }
    problem = assert_problem(stage.client.put("/v1/rules/low", json=rule), 422, "invalid-rule")
    for fault in problem["faults"]:
        assert fault["path"].startswith("$.condition")
        assert fault["reason"]
        json.loads(fault["example"])
    unknown = {**rule, "condition": {"kind": "shock"}, "scope": {"series": ["NO_SUCH"]}}
    assert (
        "NO_SUCH"
        in assert_problem(stage.client.put("/v1/rules/low", json=unknown), 422, "invalid-rule")["detail"]
    )
    assert stage.rows()["rules"] == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/nothing", 404, "not-found"),
        ("GET", "/v1/series/NO_SUCH", 404, "not-found"),
        ("GET", "/v1/series/NO_SUCH/forecasts", 404, "not-found"),
        ("GET", "/v1/alerts/none", 404, "not-found"),
        ("GET", "/v1/rules/none", 404, "not-found"),
        ("GET", "/v1/endpoints/none", 404, "not-found"),
        ("POST", "/v1/endpoints/none/ping", 404, "not-found"),
        ("GET", "/v1/deliveries/99", 404, "not-found"),
        ("GET", "/v1/deliveries/abc", 422, "invalid-request"),
        ("POST", "/v1/deliveries/99/replay", 404, "not-found"),
        ("GET", "/problems/none", 404, "not-found"),
        ("DELETE", "/v1/series", 405, "method-not-allowed"),
        ("POST", "/v1/observations", 415, "media-type"),
        ("PUT", "/v1/series/A", 415, "media-type"),
        ("GET", "/v1/series?after=%00", 422, "invalid-request"),
        ("GET", "/v1/series/a%00b", 422, "invalid-request"),
        ("GET", "/v1/deliveries?before=9999999999999999999999", 422, "invalid-request"),
    ],
)
def test_every_error_is_a_problem(stage: Stage, method: str, path: str, status: int, kind: str) -> None:
    """Whatever goes wrong is said in one shape, with a type whose page explains it."""
    problem = assert_problem(stage.client.request(method, path), status, kind)
    page = stage.client.get(problem["type"]).json()
    assert page["status"] == status
    assert page["remedy"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json; charset=latin-1", "application/xml"]
)
def test_other_content_types_are_refused(stage: Stage, content_type: str) -> None:
    """A body is read only as what it says it is."""
    answer = stage.client.post("/v1/observations", content=b"[]", headers={"content-type": content_type})
    assert_problem(answer, 415, "media-type")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"", b'"text"', b"[" * 90_000])
def test_broken_json_is_refused(stage: Stage, content: bytes) -> None:
    """What is not JSON, or not an object, never becomes a series."""
    answer = stage.client.put("/v1/series/A", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert stage.rows()["series"] == 0


@pytest.mark.parametrize("given", [None, f"tonnage_{'a' * 16}_{'b' * 43}"])
def test_unreachable_database_is_said_without_internals(
    stage: Stage, served_app: tuple[object, str], given: str | None
) -> None:
    """Where the database is away requests are answered with 503, and nothing of its address is shown."""
    app, _ = served_app
    nowhere = create_engine("postgresql+psycopg://secret-user:secret-word@127.0.0.1:1/nowhere")
    app.state.service = app.state.service.__class__(
        stage.settings, nowhere, lambda: stage.at, stage.nudged.append
    )  # type: ignore[attr-defined]  # the app of the fixture
    if given is None:
        answer = stage.client.get("/v1/series")
    else:
        answer = stage.client.get("/v1/series", headers={"Authorization": f"Bearer {given}"})
    assert_problem(answer, 503, "unavailable")
    assert "secret" not in answer.text
    assert answer.headers["retry-after"] == "2"
    ready = stage.client.get("/readyz")
    assert ready.status_code == 503
    assert "DATABASE_URL" in ready.json()["reasons"][0]
    assert stage.client.get("/healthz").json() == {"status": "ok"}


def test_error_of_ours_shows_nothing_of_the_inside(stage: Stage, served_app: tuple[object, str]) -> None:
    """An unforeseen error is answered with a request id and no word of what happened."""
    app, _ = served_app

    def broken() -> None:
        raise RuntimeError("secret-word")

    app.state.service = app.state.service.__class__(stage.settings, stage.engine, broken, stage.nudged.append)  # type: ignore[attr-defined]  # the app of the fixture
    answer = stage.client.put("/v1/series/A", json={"name": "A", "unit": "t"})
    problem = assert_problem(answer, 500, "internal")
    assert problem["request_id"]
    assert "secret-word" not in answer.text


def test_api_process_loads_no_forecasting_library() -> None:
    """The API answers from what is stored: importing it loads no library that fits."""
    heavy = ("statsforecast", "prophet", "statsmodels", "lightgbm", "pandas")
    code = (
        "import sys; from services.api.app import create_app; create_app();"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


FILES = {"/v1/observations", "/v1/imports", "/v1/forecasters/{forecaster_id}/forecasts"}
"""Routes whose body is read as a file is: what is wrong in it is a fault of an upload."""


def test_a_key_given_twice_is_refused_by_every_route_that_takes_json(stage: Stage) -> None:
    """Which value was meant nobody can say: it is asked for again by name, wherever in the body it stands."""
    described = stage.app.openapi()["paths"]
    taking = [
        (method, path)
        for path, methods in described.items()
        for method, operation in methods.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    assert len(taking) > 15
    for method, path in taking:
        address = re.sub(r"\{\w+\}", "1", path)
        for content in (b'{"desk": "a", "desk": "b"}', b'{"x": [{"y": 1, "desk": 1, "desk": 1}]}'):
            headers = {"content-type": "application/json"}
            answer = stage.client.request(method, address, content=content, headers=headers)
            files = path in FILES
            told = assert_problem(answer, 422, "upload-refused" if files else "invalid-request")
            assert "the key 'desk' stands twice" in told["detail"], path
    assert {name for name, count in stage.rows().items() if count} <= {"heartbeats", "alembic_version"}
