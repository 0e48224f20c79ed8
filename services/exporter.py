"""The service's state as Prometheus reads it: gauges made from rows, by one process for all."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.queries import operations, releases, sources
from services.queries.operations import Coverage, Vitals
from services.queries.sources import Health

COVERAGE_SECONDS = 300.0
"""How long a coverage is told before it is counted again: it reads a year of scores. Late releases too."""


class State(Collector):
    """Gauges of the whole installation; where the database is away they are left out and tonnage_up is 0.

    The coverage is of what ``portfolio`` said.
    """

    def __init__(self, engine: Engine, clock: Callable[[], dt.datetime], *, portfolio: str) -> None:
        self._engine = engine
        self._clock = clock
        self._portfolio = portfolio
        self._coverage: list[Coverage] = []
        self._late = 0
        self._counted = -COVERAGE_SECONDS

    def describe(self) -> list[Metric]:
        """Nothing, so that registering asks no database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges, read from the database at each scrape."""
        up = GaugeMetricFamily("tonnage_database_up", "1 where the database answers.")
        try:
            with self._engine.connect() as connection:
                state = operations.state(connection, now=self._clock())
                followed = sources.followed(connection)
                if time.monotonic() - self._counted >= COVERAGE_SECONDS:
                    self._coverage = operations.coverage(
                        connection, portfolio=self._portfolio, now=self._clock()
                    )
                    self._late = releases.late(connection, now=self._clock())
                    self._counted = time.monotonic()
        except SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from _gauges(state)
        yield from _sources(followed, self._clock())
        yield from _shares(self._coverage)
        help_ = "Releases that are late by their calendar."
        yield GaugeMetricFamily("tonnage_late_releases", help_, value=self._late)


def _gauges(state: Vitals) -> Iterator[Metric]:
    due = GaugeMetricFamily("tonnage_due", "Rows that a worker could claim now, by kind.", labels=["kind"])
    oldest = GaugeMetricFamily("tonnage_oldest_due_seconds", "Age of the one due longest.", labels=["kind"])
    for backlog in state.backlogs:
        due.add_metric([backlog.kind], backlog.due)
        oldest.add_metric([backlog.kind], backlog.oldest)
    beats = GaugeMetricFamily(
        "tonnage_heartbeat_age_seconds",
        "Since a part last worked, or was looked for in vain.",
        labels=["part"],
    )
    for part, age in (state.awaited | state.heartbeats).items():
        beats.add_metric([part], age)
    yield from (due, oldest, beats)
    for name, help_, value in (
        ("tonnage_failed_jobs", "Jobs that were given up.", state.failed_jobs),
        ("tonnage_stuck_leases", "Rows whose lease ended a minute ago and that nobody took.", state.stuck),
        ("tonnage_exhausted_deliveries", "Deliveries that wait for a replay.", state.exhausted),
        ("tonnage_disabled_endpoints", "Endpoints that are sent nothing.", state.disabled_endpoints),
        ("tonnage_paused_endpoints", "Endpoints that rest after failures.", state.paused_endpoints),
    ):
        yield GaugeMetricFamily(name, help_, value=value)


def _sources(followed: dict[str, tuple[int, Health]], now: dt.datetime) -> Iterator[Metric]:
    """Of sources that series are followed at; one without a success has no age, and its fault says why."""
    series = GaugeMetricFamily("tonnage_source_series", "Series followed.", labels=["source"])
    age = GaugeMetricFamily(
        "tonnage_source_success_age_seconds", "Since a poll went well.", labels=["source"]
    )
    fault = GaugeMetricFamily(
        "tonnage_source_fault", "1 for the kind of the last fault that stands.", labels=["source", "kind"]
    )
    calls = GaugeMetricFamily("tonnage_source_calls_today", "Calls made, by day in UTC.", labels=["source"])
    for name, (count, told) in followed.items():
        series.add_metric([name], count)
        calls.add_metric([name], told.calls if told.calls_on == now.date() else 0)
        if told.last_success_at is not None:
            age.add_metric([name], (now - told.last_success_at).total_seconds())
        if told.fault is not None:
            fault.add_metric([name, told.fault], 1)
    yield from (series, age, fault, calls)


def _shares(coverage: list[Coverage]) -> Iterator[Metric]:
    share = GaugeMetricFamily(
        "tonnage_interval_coverage",
        "Share of the last year's figures inside the published interval.",
        labels=["interval", "horizon"],
    )
    figures = GaugeMetricFamily("tonnage_interval_figures", "Figures behind a coverage.", labels=["horizon"])
    for each in coverage:
        share.add_metric(["80", str(each.horizon)], each.inside_80)
        share.add_metric(["95", str(each.horizon)], each.inside_95)
        figures.add_metric([str(each.horizon)], each.figures)
    yield from (share, figures)
