"""What is wrong with an installation, and what to do about it: each check looks at the real thing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import redis
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from services.queries import health, keys, operations
from services.queries.health import QUEUES, SWEEPER, TASK
from services.settings import Settings

OLDEST_SERVER = 150000
"""PostgreSQL 15, as the server numbers it."""

FRESH = 60.0
"""Seconds up to which a heartbeat counts."""

SKEW = 5.0
"""Seconds by which the clocks of this machine and of the database may differ.

Two machines then differ by 10 at most, and a delivery is leased for 15 beyond the time of its attempt.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``do`` is what to do where it is not well, ``see`` the page for it."""

    well: bool
    what: str
    do: str = ""
    see: str = ""


def examine(settings: Settings, engine: Engine, *, now: dt.datetime) -> list[Finding]:
    """Every check that can be made; what is behind a server that is away is not looked at."""
    findings = list(_broker(settings))
    try:
        with engine.connect() as connection:
            findings += _database(connection, engine, settings, now)
    except SQLAlchemyError as error:
        first = str(getattr(error, "orig", error)).strip().splitlines()[0]
        findings.append(
            Finding(False, f"the database does not answer: {first}", "Start it, or correct DATABASE_URL.")
        )
    return findings


def _broker(settings: Settings) -> Iterator[Finding]:
    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=5) as client:
            client.ping()
            wanted = {"appendonly": "yes", "maxmemory-policy": "noeviction"}
            found = {name: client.config_get(name).get(name, "not told") for name in wanted}
    except redis.RedisError as error:
        yield Finding(
            False,
            f"the broker does not answer: {error}",
            "Start it, or correct REDIS_URL; messages go out meanwhile.",
        )
        return
    yield Finding(True, "the broker answers")
    for name, value in wanted.items():
        yield Finding(
            found[name] == value,
            f"the broker's {name} is {found[name]}",
            f"Set {name} to {value}: otherwise nudges are lost and found only by the sweep.",
        )


def _database(
    connection: Connection, engine: Engine, settings: Settings, now: dt.datetime
) -> Iterator[Finding]:
    server = health.server(connection)
    yield Finding(
        server.version >= OLDEST_SERVER,
        f"the database answers, PostgreSQL {server.version // 10000}",
        "Use PostgreSQL 15 or later.",
    )
    skew = abs((server.clock - now).total_seconds())
    yield Finding(skew <= SKEW, f"its clock differs by {skew:.1f} s", "Run NTP on both machines.")
    at_head = health.at_head(engine)
    where = "at the newest migration" if at_head else "not at the newest migration"
    yield Finding(at_head, f"the schema is {where}", "Run tonnage migrate.")
    if not at_head:
        return
    yield _secrets(connection, settings)
    anybody = keys.any_exists(connection)
    yield Finding(
        anybody,
        "an API key exists" if anybody else "there is no API key",
        "Make one: tonnage key add NAME --scope admin.",
    )
    yield from _work(connection, now)


def _secrets(connection: Connection, settings: Settings) -> Finding:
    what = "webhook secrets can be encrypted and read"
    do = "Set TONNAGE_SECRET_KEYS to the JSON list of Fernet keys of this installation, the newest first."
    if not settings.secret_keys:
        return Finding(False, "TONNAGE_SECRET_KEYS is not set", do)
    why = health.unreadable_secret(connection, settings.secret_keys)
    if why is not None:
        return Finding(False, f"a webhook secret cannot be read: {why}", do)
    return Finding(True, what)


def _work(connection: Connection, now: dt.datetime) -> Iterator[Finding]:
    state = operations.state(connection, now=now)
    for part, name, do in (
        (
            TASK,
            "a worker last did what beat asks for",
            "Start worker-delivery and beat, and check the broker between them.",
        ),
        (SWEEPER, "the sweep last worked", "Start the sweep: python -m services.worker.sweep."),
        *(
            (
                health.worker(queue),
                f"a worker last consumed the queue {queue}",
                f"Start worker-{queue}, and check the broker.",
            )
            for queue in QUEUES
        ),
    ):
        age = state.heartbeats.get(part)
        said = "never" if age is None else f"{age:.0f} s ago"
        yield Finding(age is not None and age < FRESH, f"{name} {said}", do)
    for backlog in state.backlogs:
        yield Finding(
            backlog.oldest < 900,
            f"{backlog.due} to {backlog.kind} are due, the oldest for {backlog.oldest:.0f} s",
            "Add workers of its queue; see the scaling guide in services/docs/operations.md.",
        )
    for count, what, do, see in (
        (
            state.failed_jobs,
            "jobs failed",
            "Operations lists each with its error.",
            "/operations?status=failed",
        ),
        (
            state.exhausted,
            "deliveries are exhausted",
            "Mend the endpoint and replay them.",
            "/deliveries?status=exhausted",
        ),
        (state.stuck, "rows lost their worker a minute ago", "Start a worker of their queue.", ""),
        (
            state.disabled_endpoints,
            "endpoints are disabled",
            "Enable each once its desk has mended it.",
            "/endpoints",
        ),
    ):
        yield Finding(count == 0, f"{count} {what}", do, see)
