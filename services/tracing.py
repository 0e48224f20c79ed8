"""Traces by setting: one from the request that brought a figure to the webhook that told of it.

Between processes a trace travels as a row's ``trace``, a W3C traceparent. Without TONNAGE_TRACES_URL nothing
is imported, kept or sent; with it the extra ``tracing`` must be installed. Each process makes a provider of
its own at its first span: the thread of one that was made before a fork would be missing after it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

HEADER = "traceparent"
_SEND_EACH_MS = 1000

_url: str | None = None


class TracingMissingError(RuntimeError):
    """Traces are wanted and what sends them is not installed."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"Traces to {url} need OpenTelemetry: install tonnage[tracing], or unset TONNAGE_TRACES_URL."
        )


def configure(url: str | None) -> None:
    """Send spans to an OTLP receiver by HTTP, such as http://collector:4318/v1/traces; None is nowhere.

    Raises TracingMissingError.
    """
    global _url  # noqa: PLW0603 - one address a process
    if url is not None and find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        raise TracingMissingError(url)
    _url = url


@contextmanager
def span(
    name: str, *, parent: str | None = None, server: bool = False, **attributes: Any
) -> Iterator[Span | None]:
    """A span around what is done inside, under ``parent`` or else the span that is open; an error marks it.

    None where nothing is traced.
    """
    if _url is None:
        yield None
        return
    from opentelemetry import trace  # noqa: PLC0415 - an extra, wanted by a setting
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - as above
        TraceContextTextMapPropagator,
    )

    context = TraceContextTextMapPropagator().extract({HEADER: parent}) if parent else None
    kind = trace.SpanKind.SERVER if server else trace.SpanKind.INTERNAL
    known = {key: value for key, value in attributes.items() if value is not None}
    with _tracer(_url, os.getpid()).start_as_current_span(
        name, context=context, kind=kind, attributes=known
    ) as opened:
        yield opened


def carried() -> str | None:
    """The traceparent of the open span, to be kept with a row or sent along; None where nothing is traced."""
    if _url is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - an extra, wanted by a setting
        TraceContextTextMapPropagator,
    )

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(HEADER)


def headers() -> Mapping[str, str]:
    """What a request of ours says of the open span."""
    found = carried()
    return {} if found is None else {HEADER: found}


@cache
def _tracer(url: str, _process: int) -> Tracer:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - as above
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above

    provider = TracerProvider(resource=Resource.create({"service.name": "tonnage"}))
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=url), schedule_delay_millis=_SEND_EACH_MS)
    )
    return provider.get_tracer("tonnage")
