"""One trace from the post of a figure to its webhook and its refit; and none where none is wanted."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network

import pytest
from api_stage import MAGNETS, Stage
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from services import tracing
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import add_endpoint
from services.usecases.refresh_forecasts import refresh_forecasts

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
RULE = {
    "name": "Low magnets",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}
MAY = {"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"}

Eventually = Callable[[Callable[[], bool]], bool]


class Collector(ThreadingHTTPServer):
    """Takes spans by OTLP at one path, and messages as a desk at every other."""

    daemon_threads = True

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.told: list[str | None] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:  # the name that http.server calls
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    self.server.spans.extend(scope.spans)
        else:
            self.server.told.append(self.headers.get("traceparent"))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's signature
        """Nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def traced(collector: Collector) -> Iterator[None]:
    tracing.configure(f"{collector.address}/v1/traces")
    yield
    tracing.configure(None)


def story(stage: Stage, collector: Collector, **headers: str) -> None:
    """A figure is posted, its message delivered and its forecast made."""
    stage.register()
    stage.client.put("/v1/rules/low", json=RULE)
    settings = stage.settings.model_copy(update={"private_networks": (IPv4Network("127.0.0.1/32"),)})
    add_endpoint(stage.engine, settings, desk="metals", url=f"{collector.address}/desk", now=stage.at)
    assert stage.upload(MAY, headers=headers).status_code < 300
    assert deliver_due(stage.engine, settings, clock=lambda: stage.at) == {"delivered": 1}
    assert refresh_forecasts(stage.engine, now=stage.at, lease=dt.timedelta(minutes=1)).claimed == 1


@pytest.mark.usefixtures("traced")
def test_one_trace_leads_from_the_post_to_the_webhook(
    stage: Stage, collector: Collector, eventually: Eventually
) -> None:
    """Under the caller's own trace are the request, the delivery, the refit, and the desk's request."""
    story(stage, collector, traceparent=f"00-{CALLER}-00f067aa0ba902b7-01")
    wanted = {"POST /v1/observations", "deliver", "refit"}
    assert eventually(
        lambda: {each.name for each in collector.spans if each.trace_id.hex() == CALLER} == wanted
    )
    by_name = {each.name: each for each in collector.spans if each.trace_id.hex() == CALLER}
    posted = by_name["POST /v1/observations"]
    assert posted.parent_span_id.hex() == "00f067aa0ba902b7"
    assert {by_name[name].parent_span_id for name in ("deliver", "refit")} == {posted.span_id}
    assert collector.told == [f"00-{CALLER}-{by_name['deliver'].span_id.hex()}-01"]


def test_nothing_is_traced_by_default(stage: Stage, collector: Collector) -> None:
    """Without the setting no span is made, no row keeps a trace, and a desk is told none."""
    story(stage, collector, traceparent=f"00-{CALLER}-00f067aa0ba902b7-01")
    assert (collector.spans, collector.told) == ([], [None])


def test_what_sends_traces_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is to send traces and cannot says so when it starts, with what to install."""
    monkeypatch.setattr(tracing, "find_spec", lambda _: None)
    with pytest.raises(tracing.TracingMissingError, match=r"tonnage\[tracing\]"):
        tracing.configure("http://collector:4318/v1/traces")
