"""An API on a real PostgreSQL with a clock that tests move, and nudges that are only counted."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet
from fastapi import FastAPI
from httpx import Client, Response
from own_servers import served
from sqlalchemy import Engine, create_engine, func, select

from services.api.app import create_app
from services.bootstrap import Service
from services.queries import alert_stream
from services.settings import Settings
from services.storage.tables import metadata
from services.usecases.manage_keys import add_key

__all__ = ["MAGNETS", "NOW", "Stage", "assert_problem", "key", "served", "staged", "staged_app"]

NOW = dt.datetime(2025, 8, 1, 12, tzinfo=dt.UTC)
MAGNETS = "CN_EXP_REPM_T"


@dataclass
class Stage:
    """A client, and what stands behind it."""

    app: FastAPI
    client: Client
    engine: Engine
    settings: Settings
    at: dt.datetime = NOW
    nudged: list[str] = field(default_factory=list)

    def rows(self) -> dict[str, int]:
        """Count of rows in each table."""
        with self.engine.begin() as connection:
            return {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in metadata.tables.items()
            }

    def register(self, series_id: str = MAGNETS, **given: Any) -> None:
        """Register a series in tonnes."""
        answer = self.client.put(f"/v1/series/{series_id}", json={"name": series_id, "unit": "t", **given})
        assert answer.status_code in {200, 201}, answer.text

    def upload(self, *figures: dict[str, Any], **parameters: Any) -> Response:
        """Upload figures; the series, unit and moment are put in where they are not given."""
        rows = [{"series_id": MAGNETS, "unit": "t", **figure} for figure in figures]
        headers = {"content-type": "application/json", **parameters.pop("headers", {})}
        content = json.dumps(rows)
        return self.client.post("/v1/observations", content=content, params=parameters, headers=headers)


@contextmanager
def staged(app: FastAPI, address: str, database_url: str, **changed: Any) -> Iterator[Stage]:
    """A stage on a migrated database, for the time that the app works with it."""
    engine = create_engine(database_url)
    before = app.state.service
    settings = before.settings.model_copy(update={"database_url": database_url, **changed})
    with Client(base_url=address, timeout=30) as client:
        stage = Stage(app, client, engine, settings)
        app.state.service = Service(settings, engine, lambda: stage.at, stage.nudged.append)
        try:
            yield stage
        finally:
            app.state.service = before
            deadline = time.monotonic() + 20
            while alert_stream._open and time.monotonic() < deadline:
                time.sleep(0.01)  # a stream that was left holds a connection until its look is over
            engine.dispose()


def staged_app() -> FastAPI:
    """An app that waits for a database."""
    settings = Settings(
        REDIS_URL="redis://127.0.0.1:1/0",
        secret_keys=[Fernet.generate_key().decode()],
        upload_limit_bytes=200_000,
    )
    nowhere = create_engine("postgresql+psycopg://127.0.0.1:1/nowhere")
    return create_app(Service(settings, nowhere, lambda: NOW, lambda _: None))


def key(
    stage: Stage, *scopes: str, desk: str | None = None, expires_at: dt.datetime | None = None
) -> dict[str, str]:
    """Headers of a new key."""
    with stage.engine.begin() as connection:
        _, text = add_key(
            connection, name="test", scopes=scopes, desk=desk, expires_at=expires_at, now=stage.at
        )
    return {"Authorization": f"Bearer {text}"}


def assert_problem(answer: Response, status: int, kind: str) -> dict[str, Any]:
    """The body of an answer that is the problem it should be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{kind}", body
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body
