"""Every table. Rows of figures, verdicts, forecasts, events and attempts are only ever added."""

from __future__ import annotations

from services.storage.tables.access import api_keys, audit, sessions
from services.storage.tables.alerts import (
    alert_events,
    alert_notes,
    alerts,
    overdue_releases,
    release_calendars,
    rules,
    silences,
    verdicts,
)
from services.storage.tables.arrivals import followed, imports, snapshots, sources, uploads
from services.storage.tables.delivery import attempts, deliveries, endpoints, messages, retired_secrets
from services.storage.tables.figures import observations, releases, restricted, series
from services.storage.tables.forecasts import (
    backtests,
    forecasters,
    forecasts,
    measures,
    scores,
    submitted_forecasts,
    trained_models,
)
from services.storage.tables.metadata import metadata
from services.storage.tables.work import heartbeats, jobs, schedules

__all__ = [
    "alert_events",
    "alert_notes",
    "alerts",
    "api_keys",
    "attempts",
    "audit",
    "backtests",
    "deliveries",
    "endpoints",
    "followed",
    "forecasters",
    "forecasts",
    "heartbeats",
    "imports",
    "jobs",
    "measures",
    "messages",
    "metadata",
    "observations",
    "overdue_releases",
    "release_calendars",
    "releases",
    "restricted",
    "retired_secrets",
    "rules",
    "schedules",
    "scores",
    "series",
    "sessions",
    "silences",
    "snapshots",
    "sources",
    "submitted_forecasts",
    "trained_models",
    "uploads",
    "verdicts",
]
