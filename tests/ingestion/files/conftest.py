"""The command line on a database of a test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine
from typer.testing import CliRunner, Result

from services import bootstrap, settings
from services.cli import app

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command on a database of its own, without a broker."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TONNAGE_SECRET_KEYS", json.dumps([Fernet.generate_key().decode()]))
    settings.settings.cache_clear()
    engine = create_engine(database_url)
    quiet = bootstrap.Service(settings.settings(), engine, bootstrap.now, lambda _: None)
    monkeypatch.setattr(bootstrap, "service", lambda: quiet)
    monkeypatch.setattr(bootstrap, "engine", lambda: engine)
    yield lambda *words: CliRunner().invoke(app, [str(word) for word in words])
    engine.dispose()
    settings.settings.cache_clear()
