"""Keys, series, endpoints, silences and deliveries from the command line, as lines and as JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine
from typer.testing import CliRunner, Result

from alerts.routing import Matcher, Silence
from services import bootstrap, settings
from services.cli import app
from services.storage import silences
from services.storage.silences import SilenceRecord

Run = Callable[..., Result]
GROUPS = ("key", "series", "endpoint", "silences", "deliveries")


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command on a database of its own, without a broker."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TONNAGE_SECRET_KEYS", json.dumps([Fernet.generate_key().decode()]))
    monkeypatch.setenv("TONNAGE_PRIVATE_NETWORKS", '["127.0.0.0/8"]')
    settings.settings.cache_clear()
    engine = create_engine(database_url)
    quiet = bootstrap.Service(settings.settings(), engine, bootstrap.now, lambda _: None)
    monkeypatch.setattr(bootstrap, "service", lambda: quiet)
    monkeypatch.setattr(bootstrap, "engine", lambda: engine)
    yield lambda *words: CliRunner().invoke(app, list(words))
    engine.dispose()
    settings.settings.cache_clear()


def listed(run: Run, group: str, *options: str) -> list[dict[str, Any]]:
    done = run(group, "list", "--json", *options)
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_each_group_stands_in_the_help(run: Run) -> None:
    """`tonnage --help` names every group."""
    told = run("--help").stdout
    assert all(f" {group} " in told for group in GROUPS)


@pytest.mark.parametrize("group", GROUPS)
def test_an_empty_list_says_so(run: Run, group: str) -> None:
    """Without a row a line says what there is not, and as JSON it is an empty array."""
    assert listed(run, group) == []
    assert run(group, "list").stdout.strip()


def test_a_series_is_added_found_and_keeps_its_unit(run: Run) -> None:
    """What was registered is found by a word; another unit is refused in one line."""
    assert run("series", "add", "A", "--name", "Copper ore", "--unit", "t").exit_code == 0
    assert [each["id"] for each in listed(run, "series", "--search", "copper")] == ["A"]
    assert "A  t  Copper ore" in run("series", "list").stdout
    refused = run("series", "add", "A", "--name", "Copper ore", "--unit", "kg")
    assert refused.exit_code == 1
    assert "held in 't'" in refused.output


def test_a_key_is_rotated(run: Run) -> None:
    """The new key may do the same and the old one ends after the overlap; none shows a secret."""
    made = run("key", "add", "research", "--scope", "read").stdout.split()
    rotated = run("key", "rotate", made[0], "--overlap-hours", "2").stdout.split()
    old, new = sorted(listed(run, "key"), key=lambda each: each["id"] != made[0])
    assert (new["id"], new["scopes"]) == (rotated[0], ["read"])
    assert old["expires_at"] is not None
    assert made[1] not in json.dumps([old, new])
    assert run("key", "rotate", "none").exit_code == 1


def test_a_key_is_listed_and_revoked(run: Run) -> None:
    """A key is listed as valid and, once revoked, as ended, with whose it is and what it may do."""
    key_id, secret = run("key", "add", "research", "--scope", "read", "--desk", "metals").stdout.split()
    assert run("key", "list").stdout == f"{key_id}  valid  research  metals  read\n"
    revoked = run("key", "revoke", key_id)
    assert (revoked.exit_code, revoked.stdout) == (0, f"{key_id} is revoked\n")
    assert run("key", "list").stdout == f"{key_id}  ended  research  metals  read\n"
    (shown,) = listed(run, "key")
    assert (shown["id"], shown["scopes"], shown["desk"]) == (key_id, ["read"], "metals")
    assert secret not in json.dumps(shown)
    assert run("key", "revoke", "none").exit_code == 1


def test_a_delivery_is_shown_with_its_attempts(run: Run) -> None:
    """A ping stands as a delivery to its endpoint, and is shown with its body."""
    endpoint = run("endpoint", "add", "http://127.0.0.1:9/", "--desk", "metals").stdout.split()[0]
    run("endpoint", "ping", endpoint)
    (delivery,) = listed(run, "deliveries", "--status", "pending")
    assert (delivery["endpoint_id"], delivery["event_type"]) == (endpoint, "endpoint.ping")
    assert '"type":"endpoint.ping"' in run("deliveries", "show", str(delivery["id"])).stdout
    assert run("deliveries", "show", "99").exit_code == 1


def test_a_silence_is_listed_and_ended(run: Run) -> None:
    """One that lasts is listed, and once it was ended it is not."""
    now = bootstrap.now()
    matcher = Matcher(desks=frozenset({"metals"}), rules=frozenset({"low"}))
    silence = Silence("sil_1", matcher, now, now + dt.timedelta(days=1), "ops")
    with bootstrap.engine().begin() as connection:
        silences.add(connection, SilenceRecord(silence, "metals", now))
    assert "rules=['low']" in run("silences", "list").stdout
    assert [each["desk"] for each in listed(run, "silences")] == ["metals"]
    assert run("silences", "end", "sil_1").exit_code == 0
    assert listed(run, "silences") == []
    assert run("silences", "end", "none").exit_code == 1
