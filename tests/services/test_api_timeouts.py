"""What a request may take of others' time: in the database, waiting for others, sending its body."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from api_stage import MAGNETS, Stage, assert_problem, served, staged, staged_app
from sqlalchemy import Engine, create_engine

from services import bootstrap
from services.api.app import create_app
from services.storage.session import engine_for

FIGURE = {"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"}


@contextmanager
def bounded(stage: Stage, *, statement: float, lock: float) -> Iterator[None]:
    """The stage's requests with these bounds in seconds."""
    url = stage.settings.database_url
    engine = engine_for(url, statement_seconds=statement, lock_seconds=lock)
    stage.app.state.service = replace(stage.app.state.service, engine=engine)
    try:
        yield
    finally:
        engine.dispose()


def test_whoever_waits_for_others_too_long_is_told_to_come_back(stage: Stage) -> None:
    """An upload whose series another transaction holds is 503 with Retry-After, and may come again."""
    stage.register()
    with bounded(stage, statement=30, lock=0.2):
        with stage.engine.begin() as other:
            other.exec_driver_sql("SELECT 1 FROM series FOR UPDATE")
            refused = stage.upload(FIGURE)
        assert_problem(refused, 503, "busy")
        assert refused.headers["retry-after"] == "5"
        assert stage.rows()["observations"] == 0
        assert stage.upload(FIGURE).json()["recorded"] == 1


def test_a_statement_that_takes_too_long_is_ended(stage: Stage) -> None:
    """What the database is at for longer than a request may take is 504, in words that say what to do."""
    stage.register()
    with bounded(stage, statement=0.2, lock=30):
        with stage.engine.begin() as other:
            other.exec_driver_sql("LOCK TABLE series IN ACCESS EXCLUSIVE MODE")
            refused = stage.client.get(f"/v1/series/{MAGNETS}")
        told = assert_problem(refused, 504, "too-slow")
        assert "Ask for less" in stage.client.get(told["type"]).json()["remedy"]
        assert stage.client.get(f"/v1/series/{MAGNETS}").status_code == 200


def test_whoever_gets_no_connection_is_told_to_come_back(stage: Stage) -> None:
    """Where other requests have every connection to the database it is 503, and no error of ours."""
    few = create_engine(stage.settings.database_url, pool_size=1, max_overflow=0, pool_timeout=0.2)
    stage.app.state.service = replace(stage.app.state.service, engine=few)
    with few.connect():
        assert_problem(stage.client.get("/v1/series"), 503, "busy")
    assert stage.client.get("/v1/series").status_code == 200
    few.dispose()


def test_requests_alone_have_the_bounds(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service of a server has the bounds of its settings; workers, commands and migrations have none."""
    monkeypatch.setattr(bootstrap, "settings", lambda: stage.settings)

    def bounds(engine: Engine) -> list[str]:
        with engine.begin() as connection:
            asked = ("SHOW statement_timeout", "SHOW lock_timeout")
            found = [connection.exec_driver_sql(each).scalar_one() for each in asked]
        engine.dispose()
        return found

    service = bootstrap.service.__wrapped__()
    service.nudge.__self__.close()
    assert bounds(service.engine) == ["1min", "40s"]
    assert bounds(bootstrap.engine()) == ["0", "0"]


def test_a_body_that_trickles_in_is_not_waited_for(database_url: str) -> None:
    """A body that is not whole in time is 408; work on one that is may take longer."""
    before = staged_app().state.service
    settings = before.settings.model_copy(update={"body_timeout_seconds": 0.3})
    app = create_app(replace(before, settings=settings))
    head = (
        b"PUT /v1/series/SLOW HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000\r\n\r\n"
    )
    with served(app) as address, staged(app, address, database_url) as stage:
        stage.register()
        began = time.monotonic()
        with socket.create_connection((stage.client.base_url.host, stage.client.base_url.port)) as slow:
            slow.settimeout(30)
            slow.sendall(head + b'{"name":')
            told = slow.recv(65536)
            while b"}" not in told and (more := slow.recv(65536)):
                told += more
        assert time.monotonic() - began < 20
        assert told.startswith(b"HTTP/1.1 408 ")
        assert b"/problems/body-too-slow" in told
        assert stage.rows()["series"] == 1
        with ThreadPoolExecutor(1) as pool:
            with stage.engine.begin() as other:
                other.exec_driver_sql("SELECT 1 FROM series FOR UPDATE")
                upload = pool.submit(stage.upload, FIGURE)
                other.exec_driver_sql("SELECT pg_sleep(0.5)")
            assert upload.result(30).json()["recorded"] == 1
