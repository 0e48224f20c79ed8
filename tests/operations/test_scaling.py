"""What Kubernetes scales workers by is what the service itself tells as due, whatever the rows."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Connection, create_engine, insert, text

from services import bootstrap
from services.storage.tables import deliveries, endpoints, jobs, messages
from services.storage.vitals import vitals
from services.worker.hands import FORECAST, INGEST

SCALING = Path(__file__).parents[2] / "services" / "operations" / "kubernetes" / "scaling.yml"
QUERIES: dict[str, str] = {
    each["spec"]["scaleTargetRef"]["name"]: each["spec"]["triggers"][0]["metadata"]["query"]
    for each in yaml.safe_load_all(SCALING.read_text())
    if each["kind"] == "ScaledObject"
}
SERVED = {
    "worker-ingest": {place.kind for place in INGEST},
    "worker-forecast": {place.kind for place in FORECAST},
    "worker-delivery": {"deliver"},
}
"""Kinds of work by who does them, as the tasks of the queues have it."""

NOW = bootstrap.now()
AGO, AHEAD = NOW - dt.timedelta(days=1), NOW + dt.timedelta(days=1)
SORTS = [
    {"status": "pending", "due_at": AGO},
    {"status": "pending", "due_at": AGO, "lease_until": AGO},  # its worker was lost
    {"status": "pending", "due_at": AGO, "lease_until": AHEAD},  # a worker holds it
    {"status": "pending", "due_at": AHEAD},
    {"status": "done", "due_at": AGO},
    {"status": "failed", "due_at": AGO},
]
"""Every sort of row of work; the first two could be claimed now."""

ENDPOINTS = [
    {"status": "enabled"},
    {"status": "enabled", "paused_until": AGO},
    {"status": "enabled", "paused_until": AHEAD},
    {"status": "disabled"},
]
"""Every sort of endpoint; to the first two something is sent now."""


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A connection whose rows are seen by itself alone."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def asked(connection: Connection) -> dict[str, int]:
    """What KEDA is told of each kind of worker."""
    return {name: connection.execute(text(query)).scalar_one() for name, query in QUERIES.items()}


def told(connection: Connection) -> dict[str, int]:
    """What the gauge tonnage_due tells, added up by who does it."""
    due = {each.kind: each.due for each in vitals(connection, now=bootstrap.now()).backlogs}
    assert due.keys() <= set().union(*SERVED.values())
    return {name: sum(due.get(kind, 0) for kind in kinds) for name, kinds in SERVED.items()}


def filled(row: dict[str, Any]) -> dict[str, Any]:
    """A row of work with every column that the sorts differ in."""
    return {"lease_until": None, "created_at": AGO, **row}


def work(connection: Connection, kind: str) -> None:
    """Jobs of a kind, one of each sort."""
    rows = [{"kind": kind, "key": str(key), "arguments": {}, **filled(row)} for key, row in enumerate(SORTS)]
    connection.execute(insert(jobs), rows)


def send(connection: Connection) -> None:
    """Deliveries of each sort to endpoints of each sort."""
    connection.execute(
        insert(messages), {"id": "m", "desk": "magnets", "event_type": "t", "payload": {}, "created_at": AGO}
    )
    same = {"desk": "magnets", "url": "https://desk.example/", "secret": b"", "created_at": AGO}
    to = [{"id": f"e{place}", "paused_until": None, **same, **each} for place, each in enumerate(ENDPOINTS)]
    for number, row in enumerate(SORTS):
        each = [one | {"id": f"{one['id']}-{number}"} for one in to]
        connection.execute(insert(endpoints), each)
        rows = [{"message_id": "m", "endpoint_id": one["id"], "sequence": 1, "body": b""} for one in each]
        connection.execute(insert(deliveries), [one | filled(row) for one in rows])


@pytest.mark.parametrize("kind", sorted(SERVED["worker-ingest"] | SERVED["worker-forecast"]))
def test_a_job_scales_the_workers_that_do_it(connection: Connection, kind: str) -> None:
    """Jobs of a kind that are due and free scale the workers of its own queue, and no others."""
    work(connection, kind)
    (own,) = (name for name, kinds in SERVED.items() if kind in kinds)
    assert asked(connection) == told(connection) == dict.fromkeys(SERVED, 0) | {own: 2}


def test_what_waits_for_an_endpoint_scales_nothing(connection: Connection) -> None:
    """Deliveries to endpoints that are disabled or rest, and those in hand, ask for no more workers."""
    send(connection)
    assert asked(connection) == told(connection) == dict.fromkeys(SERVED, 0) | {"worker-delivery": 2 * 2}


def test_scaling_and_the_gauge_agree(connection: Connection) -> None:
    """With rows of every sort KEDA is told the same numbers as Prometheus."""
    for kind in itertools.chain(SERVED["worker-ingest"], SERVED["worker-forecast"]):
        work(connection, kind)
    send(connection)
    assert asked(connection) == told(connection)
    assert min(asked(connection).values()) > 0
