"""What a process says of itself: structured logs, and the counters that Prometheus collects."""

from __future__ import annotations

import logging
import sys

import structlog
from prometheus_client import Counter

NUDGES = Counter("tonnage_nudges", "Celery tasks sent by name, by outcome.", ["task", "outcome"])
"""``sent``, or ``lost``: the sweep then finds what is due."""

PROBLEMS = Counter("tonnage_api_problems", "Requests that were answered with a problem, by type.", ["type"])


def configure(*, production: bool) -> None:
    """Write logs to stderr: JSON lines in production, else lines for people; times in UTC."""
    renderer = structlog.processors.JSONRenderer() if production else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
