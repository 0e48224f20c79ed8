"""One API for all tests of this folder, each with a database of its own behind it; receivers and a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from api_stage import Stage, served, staged, staged_app
from delivery_stage import Desk, Time
from fastapi import FastAPI
from own_databases import Pasts
from sqlalchemy import Engine, create_engine

T = TypeVar("T")


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


@pytest.fixture
def told_once(stage: Stage, pasts: Pasts) -> Callable[[Callable[[Stage], T]], T]:
    """Let a stage have a past: told by the function the first time, its rows put back every other.

    What the function returns is returned again, so it should be nothing that belongs to one stage.
    """

    def tell(past: Callable[[Stage], T]) -> T:
        returned, stage.at, stage.nudged[:] = pasts.once(
            stage.settings.database_url, past, lambda: (past(stage), stage.at, tuple(stage.nudged))
        )
        return returned

    return tell


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Connections to a migrated database that only this test sees."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def time() -> Time:
    """A clock that stands still until it is moved."""
    return Time()


@pytest.fixture
def desk() -> Iterator[Callable[..., Desk]]:
    """Starts receivers, each with the answers it is to give; they end with the test."""
    started: list[Desk] = []

    def start(*arguments: object, **named: object) -> Desk:
        started.append(Desk(*arguments, **named))  # type: ignore[arg-type]  # a test names what Desk takes
        return started[-1]

    yield start
    for each in started:
        each.stop()
