"""One API for all tests of this folder; each test gets a database of its own behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api_stage import Stage, served, staged, staged_app
from fastapi import FastAPI


@pytest.fixture(scope="session")
def served_app() -> Iterator[tuple[FastAPI, str]]:
    """The app and its address, started by the first test that asks for it."""
    app = staged_app()
    with served(app) as address:
        yield app, address


@pytest.fixture
def stage(served_app: tuple[FastAPI, str], database_url: str) -> Iterator[Stage]:
    """A client of an API on an empty database."""
    with staged(*served_app, database_url) as stage:
        yield stage
