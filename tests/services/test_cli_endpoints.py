"""``tonnage endpoint`` as an operator runs it: added, greeted, listed, sent again; mistakes in one line."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, select, update
from typer.testing import CliRunner

from services import bootstrap, cli, settings
from services.storage.tables import deliveries

URL = "https://desk.example.com/hook"


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """The command on a migrated database, without a broker."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("TONNAGE_SECRET_KEYS", json.dumps([Fernet.generate_key().decode()]))
    settings.settings.cache_clear()
    quiet = bootstrap.Service(settings.settings(), create_engine(database_url), bootstrap.now, lambda _: None)
    monkeypatch.setattr(bootstrap, "service", lambda: quiet)
    yield CliRunner()
    settings.settings.cache_clear()
    quiet.engine.dispose()
    bootstrap.engine().dispose()


def test_an_endpoint_is_added_greeted_and_sent_again(run: CliRunner) -> None:
    """The secret is shown once; two greetings, and a replay of the second makes that one due again."""
    endpoint_id, secret = run.invoke(cli.app, ["endpoint", "add", URL, "--desk", "metals"]).output.split()
    assert secret.startswith("whsec_")
    for _ in range(2):
        assert "is on its way" in run.invoke(cli.app, ["endpoint", "ping", endpoint_id]).output
    listed = run.invoke(cli.app, ["endpoint", "list"]).output
    assert f"{endpoint_id}  enabled  metals  webhook  {URL}" in listed
    assert secret not in listed
    with bootstrap.engine().begin() as connection:
        connection.execute(update(deliveries).values(status="delivered"))
    assert "1 on their way" in run.invoke(cli.app, ["endpoint", "replay", endpoint_id, "--first", "2"]).output
    with bootstrap.engine().connect() as connection:
        rows = connection.execute(select(deliveries.c.sequence, deliveries.c.status).order_by("sequence"))
        assert [tuple(each) for each in rows] == [(1, "delivered"), (2, "pending")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "http://10.0.0.1/", "--desk", "metals"], "cannot be an endpoint"),
        (["ping", "ep_none"], "There is no endpoint 'ep_none'"),
        (["enable", "ep_none"], "There is no endpoint 'ep_none'"),
        (["replay", "ep_none", "--first", "1"], "There is no endpoint 'ep_none'"),
        (["replay", "ep_none"], "--first or --since"),
        (["replay", "ep_none", "--since", "yesterday"], "is not a moment"),
    ],
    ids=["inside", "ping", "enable", "replay", "everything", "moment"],
)
def test_a_mistake_is_one_line_that_says_what_to_do(run: CliRunner, arguments: list[str], said: str) -> None:
    """What cannot be done ends with status 1 and its reason, without a trace."""
    told = run.invoke(cli.app, ["endpoint", *arguments])
    assert told.exit_code == 1
    assert said in told.output
    assert "Traceback" not in told.output
