"""Every command that changes something leaves who ran it, on which machine, and what it changed."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from source_shop import Shop, release
from sqlalchemy import select
from test_cli_sources import run
from typer._click.core import Context  # typer carries its own click and exports no types of it
from typer.testing import CliRunner

from alerts.release_calendars import EXAMPLE
from alerts.routing import Matcher, Silence
from forecasting.months import Month
from services import cli
from services.cli.auditing import operator
from services.storage import series, silences
from services.storage.series import SeriesRecord
from services.storage.silences import SilenceRecord
from services.storage.tables import audit
from services.usecases import train_models as training

__all__ = ["run"]

READING = {
    "forecasters list",
    *("doctor", "published", "scoreboard", "forecast", "backtest", "detect", "episodes", "backup"),
    *("series list", "endpoint list", "deliveries list", "deliveries show", "rules rehearse", "rules list"),
    *("silences list", "measures list", "releases list", "key list"),
    *("remote forecast", "remote alerts", "remote scoreboard", "remote live"),
    *("sources list", "sources search", "sources snapshot", "sources check"),
}
"""Commands that change nothing that is known, heard or allowed."""
OTHERWISE = {
    "up": "starts parts, each of which keeps its own changes",
    "down": "ends parts",
    "demo": "changes a stack of its own, through the API",
    "desk": "receives, and has no database",
    "remote record": "changes through the API, which keeps it under the name of a key",
    "remote submit": "as above",
    "replay": "changes through the API, which keeps it under the name of a key",
    "migrate": "changes what the log itself is kept in",
    "restore": "fills an empty database, the log of the backup among the rest",
}
"""Commands that change something without a row of their own, and why."""
RULE = {
    "name": "Low",
    "desk": "ops",
    "scope": {"series": ["S00"]},
    "condition": {"kind": "level", "below": 3},
}
MEASURE = {
    "title": "Licences",
    "announced": "2025-04-04",
    "effective": "2025-04-04",
    "known_from": "2025-04-04T04:00:00Z",
    "scope": {"series": ["S00"]},
}
QUANTITY = "gacc.exports.rare-earths.quantity"


def commands() -> set[str]:
    """Every command by its words."""
    group = typer.main.get_group(cli.app)
    found = set()
    for name in group.list_commands(Context(group)):
        command = group.get_command(Context(group), name)
        inner = getattr(command, "list_commands", None)
        found |= {name} if inner is None else {f"{name} {each}" for each in inner(Context(command))}
    return found


def changing(shop: Shop, folder: Path) -> list[tuple[str, Callable[[dict[str, str]], list[str]], str]]:
    """Each command that changes something, its arguments by what earlier ones said, and what is kept."""

    def file(name: str, held: Any) -> str:
        path = folder / name
        path.write_text(held if isinstance(held, str) else json.dumps(held))
        return str(path)

    start = Month.of(2018, 1)
    paths = 100 * np.exp(0.1 * np.random.default_rng(7).standard_normal((24, 72)))
    rows = [
        f"S{number:02},{start + step},{value:.1f},t"
        for number, path in enumerate(paths)
        for step, value in enumerate(path)
    ]
    csv = file("past.csv", "\n".join(["series_id,month,value,unit", *rows]))
    poll = file("poll.csv", "series_id,month,unit,point\nS00,2030-01,t,100\n")
    rules, measures = file("rules.json", {"low": RULE}), file("measures.json", {"made": MEASURE})
    calendars = file("calendars.json", {"made": {**EXAMPLE, "scope": {"series": ["S00"]}}})
    return [
        ("key add", lambda _: ["ops", "--scope", "admin"], "key.made"),
        ("key rotate", lambda said: [said["key add"]], "key.rotated"),
        ("key revoke", lambda said: [said["key add"]], "key.revoked"),
        ("series add", lambda _: ["NEW", "--name", "New", "--unit", "t"], "series.described"),
        ("ingest", lambda _: [csv, "--history"], "figures.recorded"),
        ("train", lambda _: [], "models.trained"),
        ("rules save", lambda _: [rules], "rule.saved"),
        ("rules disable", lambda _: ["low"], "rule.disabled"),
        ("rules enable", lambda _: ["low"], "rule.enabled"),
        ("forecasters put", lambda _: ["poll", "--name", "Poll"], "forecaster.put"),
        ("forecasters submit", lambda _: [poll, "--forecaster", "poll"], "forecasts.submitted"),
        ("measures load", lambda _: [measures], "measure.put"),
        ("releases load", lambda _: [calendars], "release_calendar.put"),
        ("silences end", lambda _: ["sil_1"], "silence.ended"),
        ("endpoint add", lambda _: ["https://desk.example.com/hook", "--desk", "ops"], "endpoint.added"),
        ("endpoint ping", lambda said: [said["endpoint add"]], "endpoint.pinged"),
        ("endpoint enable", lambda said: [said["endpoint add"]], "endpoint.enabled"),
        ("endpoint replay", lambda said: [said["endpoint add"], "--first", "1"], "endpoint.replayed"),
        ("endpoint reseal", lambda _: [], "endpoints.resealed"),
        ("sources follow", lambda _: ["gacc", "rare-earths.quantity"], "source.followed"),
        ("sources poll", lambda _: ["gacc"], "source.polled"),
        ("sources rederive", lambda _: ["gacc", "--record"], "source.rederived"),
        ("sources unfollow", lambda _: [QUANTITY], "source.unfollowed"),
        ("sources key", lambda _: ["alfred"], "source.key_kept"),
    ]


def test_every_changing_command_is_kept(
    run: CliRunner, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command is among those that only read, has a reason to leave no row, or leaves one: shown here."""
    monkeypatch.setattr(training, "BATCH_SECONDS", 0.0)  # no calibration, which takes long
    tried = changing(shop, tmp_path)
    named = {name for name, _, _ in tried}
    assert commands() == READING | set(OTHERWISE) | named
    assert not named & (READING | set(OTHERWISE))
    with shop.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM endpoints")  # whose secret is none that opens
        held = [SeriesRecord(f"S{number:02}", f"S{number:02}", "t") for number in range(24)]
        series.register(connection, held, now=shop.at)
        starts, ends = shop.at, shop.at.replace(year=2100)
        silence = Silence("sil_1", Matcher(desks=frozenset({"ops"})), starts, ends, "ops", "")
        silences.add(connection, SilenceRecord(silence, "ops", shop.at))
    shop.publish(release())
    said: dict[str, str] = {}
    for name, arguments, action in tried:
        before = rows(shop)
        done = run.invoke(cli.app, [*name.split(), *arguments(said)], input="a-key\n")
        assert done.exit_code == 0, (name, done.output)
        said[name] = done.output.split()[0] if done.output.split() else ""
        new = rows(shop)[len(before) :]
        assert [each.action for each in new] == [action], name
        who = f"command line ({operator()})"
        assert {(each.name, each.key_id, each.address) for each in new} == {(who, None, platform.node())}
    kept = json.dumps([[each.before, each.after] for each in rows(shop)])
    assert "tonnage_" not in kept
    assert "whsec_" not in kept
    assert "a-key" not in kept


def test_a_command_that_is_refused_leaves_no_row(run: CliRunner, shop: Shop) -> None:
    """What was not changed is not kept."""
    for words in ("key revoke none", "silences end none", "sources unfollow none", "endpoint ping none"):
        assert run.invoke(cli.app, words.split()).exit_code == 1, words
    assert rows(shop) == []


def test_who_ran_a_command_is_not_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that the caller may set to another's are not believed."""
    for name in ("USER", "LOGNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody-else")
    assert operator() != "somebody-else"


def rows(shop: Shop) -> list[Any]:
    """The audit log, the oldest first."""
    with shop.engine.connect() as connection:
        return list(connection.execute(select(audit).order_by(audit.c.id)))
