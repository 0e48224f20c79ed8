"""What a process says of itself: structured logs, and what Prometheus collects from it on a port of its own.

Labels take few values, all known beforehand: models, outcomes, verdicts, queues; never a series or a desk.
With PROMETHEUS_MULTIPROC_DIR the processes of one container add up their numbers in files there. Celery
recycles its children; one that takes a slot goes on with its predecessor's file, so files do not pile up.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any, TextIO

import structlog
from billiard import current_process

_FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if _FOLDER:
    Path(_FOLDER).mkdir(parents=True, exist_ok=True)  # prometheus_client looks for it when it is imported

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server, values  # noqa: E402 - above
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402 - above
from prometheus_client.registry import REGISTRY, Collector  # noqa: E402 - above


def _slot() -> str:
    """Slot of a Celery child in its pool, which its successor takes over; else the process number."""
    index = getattr(current_process(), "index", None)
    return f"pid{os.getpid()}" if index is None else f"slot{index}"


if _FOLDER:
    values.ValueClass = values.MultiProcessValue(_slot)  # type: ignore[no-untyped-call]  # it has no types

_log = structlog.get_logger()

NUDGES = Counter("tonnage_nudges", "Celery tasks sent by name, by outcome.", ["task", "outcome"])
"""``sent``, or ``lost``: the sweep then finds what is due."""

RATE_LIMITS = Counter("tonnage_rate_limits", "Requests by what their key's rate came to.", ["outcome"])
"""``passed``, ``refused``, or ``unchecked``: Valkey was away, and the request was let through."""

REQUEST_SECONDS = Histogram(
    "tonnage_api_request_seconds",
    "From a request to the beginning of its answer, by the route's own path and the class of its status.",
    ["route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
"""``route`` is such as /v1/series/{series_id}, or ``none`` where no route fits; ``status`` such as 2xx."""

PROBLEMS = Counter("tonnage_api_problems", "Requests that were answered with a problem, by type.", ["type"])

COMMIT_SECONDS = Histogram(
    "tonnage_release_commit_seconds",
    "From a release's figures being read to its commit, verdicts and alerts within.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
LATENESS_SECONDS = Histogram(
    "tonnage_figure_lateness_seconds",
    "From when a figure became known at its source to its record here; histories are not counted.",
    buckets=(60, 300, 1800, 3600, 6 * 3600, 86400, 3 * 86400, 7 * 86400, 30 * 86400),
)
FIGURES = Counter("tonnage_figures", "Figures by outcome: recorded, revised or unchanged.", ["outcome"])
RULE_FAILURES = Counter(
    "tonnage_rule_failures", "Rules that raised what nobody foresaw and were passed over in a release."
)
VERDICTS = Counter("tonnage_verdicts", "Verdicts on arriving figures.", ["verdict"])

DELIVERY_SECONDS = Histogram(
    "tonnage_commit_to_delivered_seconds",
    "From the commit of a message to the receiver's 2xx.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30, 300, 3600, 36000),
)
ATTEMPTS = Counter(
    "tonnage_delivery_attempts",
    "Attempts by what follows: delivered, pending, exhausted.",
    ["outcome"],
)

FITS = Counter(
    "tonnage_fits",
    "Members of published forecasts, by model: used, shown, refused by the sanity gate, or left_out.",
    ["model", "outcome"],
)
REFIT_SECONDS = Histogram(
    "tonnage_refit_batch_seconds",
    "One batch of refits, from what is known to what is published.",
    buckets=(0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 540),
)
REFIT_FAILURES = Counter("tonnage_refit_failures", "Refits that ended in an error and were put back.")


def tell_prometheus(port: int | None, *state: Collector) -> None:
    """Serve this process's numbers, those of its children and ``state`` on a port; nothing where it is None.

    OSError where the port is taken.
    """
    if port is None:
        return
    registry = REGISTRY
    if _FOLDER:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # as above
    for each in state:
        registry.register(each)
    start_http_server(port, registry=registry)


def tell_release(report: dict[str, Any], seconds: float, *, way: str) -> None:
    """Log and count what was committed with a release, from its report; ``seconds`` it took.

    ``way`` is how it came: upload, import, poll, or file where a command read one. Call it after the commit,
    once a release.
    """
    counts = {name: report[name] for name in ("recorded", "revised", "unchanged", "alerts")}
    _log.info("release committed", release_id=report["release_id"], way=way, **counts)
    COMMIT_SECONDS.observe(seconds)
    for outcome in ("recorded", "revised", "unchanged"):
        FIGURES.labels(outcome).inc(report[outcome])
    for verdict, count in report.get("verdicts", {}).items():
        VERDICTS.labels(verdict).inc(count)
    for figure in () if "verdicts" in report else report["figures"]:  # a history counts, and names few
        if figure["verdict"] is not None:
            VERDICTS.labels(figure["verdict"]).inc()


def request_id() -> str | None:
    """Id of the request that is being answered; it goes with every row that the request causes."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return None if found is None else str(found)


def release_id() -> int | None:
    """Id of the release that is being recorded; it goes with every row that the release causes."""
    found = structlog.contextvars.get_contextvars().get("release_id")
    return None if found is None else int(found)


_PROCESSORS: list[structlog.types.Processor] = []
"""One list for the process: a logger that has spoken holds on to it, and speaks as was last configured."""


_SAY_EACH_FIT = ("prophet", "cmdstanpy")


def quiet_libraries() -> None:
    """Let no library log a fit that went well, nor that one for plots is absent."""
    for name in _SAY_EACH_FIT:
        logging.getLogger(name).addFilter(_tells_trouble)
    logging.getLogger("prophet.plot").disabled = True


def _tells_trouble(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def configure(*, production: bool, to: TextIO = sys.stderr) -> None:
    """Write logs: JSON lines in production, else lines for people; times in UTC."""
    quiet_libraries()
    renderer = structlog.processors.JSONRenderer() if production else structlog.dev.ConsoleRenderer()
    _PROCESSORS[:] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        renderer,
    ]
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(to),
        cache_logger_on_first_use=True,
    )
