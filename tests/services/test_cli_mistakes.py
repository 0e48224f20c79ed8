"""Every command that is given a wrong month, moment, id or file says so in one line, with a status."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from cryptography.fernet import Fernet
from sqlalchemy import create_engine
from typer._click.core import Context  # typer carries its own click and exports no types of it
from typer.testing import CliRunner

from services import bootstrap, cli, settings

Refused = Callable[..., str]
SOUND = {
    "name": "Low",
    "desk": "metals",
    "scope": {"series": ["S"]},
    "condition": {"kind": "level", "below": 3},
}
FILES = {
    "missing.json": None,
    "none.json": b"{",
    "gbk.json": "{'a': '中国'}".encode("gbk"),
    "list.json": b"[]",
    "deep.json": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "twice.json": b'{"a": 1, "a": 2}',
    "number.json": b'{"a": 5}',
    "id.json": json.dumps({"bad id!": SOUND}).encode(),
    "alone.json": json.dumps(SOUND).encode(),
    "digits.json": b'{"a": ' + b"9" * 5000 + b"}",
}
"""Files that hold no rules, measures or calendars."""
SOUND_TO_REHEARSE = {("rules rehearse", "id.json"), ("rules rehearse", "alone.json")}
LOADING = ("rules save", "rules rehearse", "measures load", "releases load")
WRONG = (
    ("rules save alone.json", 'put it under its id, as in {"magnet-shocks": {…}}'),
    ("rules save list.json", 'a rule under each id is needed, as in {"some-id": {…}}'),
    ("releases list --from 2024", "'2024' is not a month"),
    ("releases list --to 2024-13", "'2024-13' is not a month"),
    ("releases list --from 2024-05 --to 2024-01", "at least one month"),
    ("releases list --from 0001-01", "at most 240"),
    ("releases list --as-of yesterday", "is not a moment"),
    ("releases list --as-of 0001-01-01T00:00:00Z", "is not a month"),
    ("measures list --as-of 2024-01-01", "has no time zone"),
    ("measures list --as-of 9999-12-31T23:59:59-14:00", "is not a moment"),
    ("measures list --series none", "There is no series 'none'"),
    ("published none", "holds no figure"),
    ("published S --as-of 2020-01-01T00:00:00Z", "holds no figure"),
    ("published S --as-of 2099-01-01T00:00:00Z", "had been published by 2099-01-01"),
    ("published S --model oracle", "oracle"),
    ("episodes --series none", "There is no series 'none'"),
    ("episodes --as-of 2024", "is not a moment"),
    ("deliveries show 99", "There is no delivery 99"),
    ("deliveries show 99999999999999999999999", "outside"),
    ("endpoint replay none --first 99999999999999999999999", "no endpoint"),
    ("endpoint replay none --since 2024", "is not a moment"),
    ("endpoint add ftp://x --desk metals", "cannot be an endpoint"),
    ("endpoint ping none", "There is no endpoint"),
    ("endpoint enable none", "There is no endpoint"),
    ("silences end none", "There is no silence"),
    ("rules disable none", "There is no rule"),
    ("rules enable none", "There is no rule"),
    ("forecasters put bad! --name x", "cannot be an id"),
    ("forecasters submit sound.csv --forecaster none", "'value' is not a column"),
    ("remote record sound.csv --api http://127.0.0.1:1", "does not answer"),
    ("remote record sound.txt", "ends with none of .csv"),
    ("remote record missing.csv", "cannot be read"),
    ("remote submit missing.csv --forecaster none", "cannot be read"),
    ("remote forecast none --api http://127.0.0.1:1", "does not answer"),
    ("remote alerts --api nowhere", "does not answer"),
    ("remote scoreboard --api ftp://x", "does not answer"),
    ("remote live --api http://127.0.0.1:1", "does not answer"),
    ("key add research --scope everything", "everything"),
    ("key rotate none", "none"),
    ("key revoke none", "none"),
    ("sources search gacc", "Say what to search gacc for"),
    ("sources snapshot 99", "There is no snapshot"),
    ("sources follow nowhere copper", "nowhere"),
    ("sources follow census copper --as bad!", "cannot be an id"),
    ("sources unfollow none", "is not followed"),
    ("sources poll nowhere", "nowhere"),
    ("sources rederive nowhere", "nowhere"),
    ("sources check nowhere", "nowhere"),
    ("sources key nowhere", "nowhere"),
    ("series add bad! --name x --unit t", "cannot be an id"),
    ("series add S2 --name x\x07 --unit t", "control character"),
    ("ingest missing.csv", "There is no file"),
    ("ingest sound.csv --map missing.json", "cannot be read"),
    ("ingest huge.csv", "a figure beyond 10¹⁵ is refused: check its unit"),
    ("ingest sound.csv --map gbk.json", "cannot be read"),
    ("ingest sound.csv --map deep.json", "nested too deeply"),
    ("ingest sound.csv --map twice.json", "the key 'a' stands twice"),
    ("forecast --input sound.csv --output out.csv --horizon 1_2", "'1_2' is not a number"),
    ("forecast --input sound.csv --output out.csv --jobs 1_2", "'1_2' is not a number"),
    ("detect --input sound.csv --output out.csv --budget 0.1_2", "'0.1_2' is not a number"),
    ("deliveries show 1_2", "'1_2' is not a number"),
    ("key rotate none --overlap-hours 1_2", "'1_2' is not a number"),
    ("rules rehearse id.json --budget 1_2", "'1_2' is not a number"),
    ("forecast --input huge.csv --output out.csv", "a figure beyond 10¹⁵ is refused: check its unit"),
    ("backtest --input huge.csv --output out.csv", "a figure beyond 10¹⁵ is refused: check its unit"),
    ("detect --input huge.csv --output out.csv", "a figure beyond 10¹⁵ is refused: check its unit"),
    ("detect --input huge.csv --output out.csv --from 2024", "'2024' is not a month"),
    ("forecast --input sound.csv --output out.csv --families sound.csv", "sound.csv was not read"),
    ("episodes --input sound.csv", "sound.csv was not read"),
    ("backup sound.csv", "sound.csv is a file"),
    ("restore missing", "it is no backup"),
    ("restore sound.csv", "it is no backup"),
    ("restore broken", "cannot be read"),
    ("restore other", "is no manifest of ours"),
    ("desk --listen nowhere", "Give --listen HOST:PORT"),
    ("desk --folder sound.csv", "sound.csv cannot be a folder"),
    ("backup sound.csv/new", "cannot be made"),
    ("replay --api http://127.0.0.1:1 --desk http://127.0.0.1:1 --desk-folder .", "http://127.0.0.1:1"),
)
UNTRIED = {"up", "down", "demo", "doctor", "migrate", "train", "scoreboard", "endpoint reseal"}
"""Commands that take nothing that could be wrong, or start the local stack."""
LISTS = {
    "forecasters list",
    "rules list",
    "series list",
    "endpoint list",
    "deliveries list",
    "silences list",
    "key list",
    "sources list",
}
"""Commands whose options choose among rows: what none bears is an empty list."""


@pytest.fixture
def refused(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Refused]:
    """The line that a command ends with, faults of a file indented below it; on a database with a series."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TONNAGE_SECRET_KEYS", json.dumps([Fernet.generate_key().decode()]))
    settings.settings.cache_clear()
    engine = create_engine(database_url)
    quiet = bootstrap.Service(settings.settings(), engine, bootstrap.now, lambda _: None)
    monkeypatch.setattr(bootstrap, "service", lambda: quiet)
    monkeypatch.setattr(bootstrap, "engine", lambda: engine)
    for name, content in FILES.items():
        if content is not None:
            Path(name).write_bytes(content)
    months = [f"{2020 + at // 12}-{at % 12 + 1:02}" for at in range(36)]
    head = "series_id,month,value,unit\n"
    Path("sound.csv").write_text(head + "".join(f"S,{month},5,t\n" for month in months))
    Path("huge.csv").write_text(head + "".join(f"S,{month},1e160,t\n" for month in months))
    for folder, text in (("broken", "{"), ("other", "[]")):
        Path(folder).mkdir()
        (Path(folder) / "manifest.json").write_text(text)
    CliRunner().invoke(cli.app, ["series", "add", "S", "--name", "S", "--unit", "t"])
    assert CliRunner().invoke(cli.app, ["ingest", "sound.csv", "--history"]).exit_code == 0

    def run(*words: str) -> str:
        done = CliRunner().invoke(cli.app, list(words))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        assert done.exit_code in {1, 2}, done.output
        assert "Traceback" not in done.output
        if done.output.startswith("Usage: "):
            return done.output
        lines = done.stderr.strip().splitlines()
        assert [line for line in lines if not line.startswith("  ")] == lines[:1], done.output
        return done.stderr

    yield run
    engine.dispose()
    settings.settings.cache_clear()


def commands() -> list[str]:
    """Every command of ``tonnage``, with its group."""
    group = typer.main.get_group(cli.app)
    found = []
    for name in group.list_commands(Context(group)):
        command = group.get_command(Context(group), name)
        inner = getattr(command, "list_commands", None)
        found += [name] if inner is None else [f"{name} {each}" for each in inner(Context(group))]
    return found


def test_no_command_is_left_out() -> None:
    """Every command that takes a file, a month, a moment or an id is given a wrong one below."""
    tried = {" ".join(words.split()[:count]) for words, _ in WRONG for count in (1, 2)} | set(LOADING)
    assert [each for each in commands() if each not in tried | UNTRIED | LISTS] == []


@pytest.mark.parametrize("command", LOADING)
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_loaded(refused: Refused, command: str, name: str) -> None:
    """Missing, unreadable, nested too deeply, with a key twice or of another kind: one line, and no trace."""
    if (command, name) not in SOUND_TO_REHEARSE:
        assert refused(*command.split(), name)


@pytest.mark.usefixtures("refused")
def test_one_rule_alone_is_rehearsed() -> None:
    """A file of one rule without an id is what the API takes too: it goes by the name of its file."""
    done = CliRunner().invoke(cli.app, ["rules", "rehearse", "alone.json"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("alone, 2020-01 to 2022-12: ")


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_a_mistake_is_one_line(refused: Refused, words: str, said: str) -> None:
    """The line names what is wrong."""
    assert said in refused(*words.split(" "))
