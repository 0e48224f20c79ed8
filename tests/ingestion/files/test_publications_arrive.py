"""Each shape that agencies and desks use goes all the way in: by the command line, and by the API."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import Client
from own_servers import served
from publications import PUBLICATIONS, Publication, Row, merged
from sqlalchemy import create_engine, select
from typer.testing import Result

from forecasting.months import Span
from services import bootstrap, settings
from services.api.app import create_app
from services.storage.tables import observations, series

Run = Callable[..., Result]
each_publication = pytest.mark.parametrize("publication", PUBLICATIONS, ids=lambda each: each.name)


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[FastAPI, str]]:
    """One app for all, and its address; its service is that of each test."""
    nowhere = create_engine("postgresql+psycopg://127.0.0.1:1/nowhere")
    app = create_app(bootstrap.Service(settings.Settings(), nowhere, bootstrap.now, lambda _: None))
    with served(app) as address:
        yield app, address


@pytest.fixture
def client(site: tuple[FastAPI, str], run: Run) -> Iterator[Client]:
    """The API on the database of ``run``."""
    assert run
    app, address = site
    app.state.service = bootstrap.service()
    with Client(base_url=address, timeout=30) as client:
        yield client


def recorded(database_url: str) -> list[Row]:
    """What is held, by the name of its series and in the unit of the series."""
    engine = create_engine(database_url)
    query = select(series.c.name, series.c.unit, observations).join(series)
    with engine.begin() as connection:
        rows = connection.execute(query).all()
    engine.dispose()
    return sorted(
        (row.name, str(Span(row.first_month, row.months)), row.value, row.unit, row.stage) for row in rows
    )


def wanted(publication: Publication) -> list[Row]:
    """Rows of a publication that hold a figure."""
    return sorted(row for row in publication.rows if isinstance(row[2], float))


@each_publication
def test_a_publication_is_recorded_by_command(
    run: Run, database_url: str, tmp_path: Path, publication: Publication
) -> None:
    """Shown, its questions answered in the mapping, and recorded: each figure under its series' name."""
    file = tmp_path / publication.name
    file.write_bytes(publication.content)
    assert "Its shape:" in run("ingest", file, "--preview").output
    mapping = tmp_path / f"{publication.name}.map.toml"
    if publication.choices:
        said = merged(tomllib.loads(mapping.read_text(encoding="utf-8")), publication.choices)
        said.pop("register", None)
        answered = tmp_path / "answered.json"
        answered.write_text(json.dumps(said), encoding="utf-8")
        shown = run("ingest", file, "--preview", "--map", answered, "--output", mapping)
        assert shown.exit_code == 0, shown.output
    assert recorded(database_url) == []
    done = run("ingest", file, "--map", mapping)
    assert done.exit_code == 0, done.output
    assert recorded(database_url) == wanted(publication)


@each_publication
def test_a_publication_is_recorded_by_the_api(
    client: Client, database_url: str, publication: Publication
) -> None:
    """Shown, answered by its id, confirmed by its id."""
    shown = client.post(
        "/v1/imports",
        content=publication.content,
        headers={"content-type": "application/octet-stream"},
        params={"name": publication.name},
    )
    assert shown.status_code == 201, shown.text
    where, body = f"/v1/imports/{shown.json()['id']}", shown.json()
    if publication.choices:
        said = merged(body["mapping"], publication.choices)
        said.pop("register", None)
        again = client.put(f"{where}/mapping", json=said)
        assert again.status_code == 200, again.text
        body = again.json()
    assert body["ready"], body
    assert recorded(database_url) == []
    confirmed = client.post(f"{where}/confirm")
    assert confirmed.status_code == 200, confirmed.text
    assert recorded(database_url) == wanted(publication)
