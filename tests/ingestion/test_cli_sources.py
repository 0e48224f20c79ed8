"""``tonnage sources`` as its user runs it, against a site of our own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from source_shop import Shop, release
from typer.testing import CliRunner

from services import bootstrap, cli, settings
from services.ingestion.sources import comexstat, faults, hmrc
from services.ingestion.sources.alfred import FOUND, Alfred
from services.ingestion.sources.comtrade import Comtrade
from services.ingestion.sources.gacc import Gacc
from services.storage.tables import followed, observations, series, snapshots
from services.usecases import follow_source
from services.usecases.derive_figures import Derived
from services.usecases.poll_source import Poll

QUANTITY = "gacc.exports.rare-earths.quantity"


@pytest.fixture
def run(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """The command on the shop's database and site, without a broker and without the source's pace."""
    url = shop.engine.url.render_as_string(hide_password=False)
    keys = json.dumps([each.get_secret_value() for each in shop.settings.secret_keys])
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("TONNAGE_SECRET_KEYS", keys)
    monkeypatch.setenv("TONNAGE_SOURCE_ADDRESSES", json.dumps(shop.settings.source_addresses))
    monkeypatch.setattr(Gacc, "pace", type(Gacc.pace)(Gacc.pace.apart * 0, 500))
    quiet = bootstrap.Service(shop.settings, shop.engine, bootstrap.now, lambda _: None)
    monkeypatch.setattr(bootstrap, "service", lambda: quiet)
    settings.settings.cache_clear()
    yield CliRunner()
    settings.settings.cache_clear()
    bootstrap.engine().dispose()


def test_search_follow_poll_and_list(run: CliRunner, shop: Shop) -> None:
    """What a search finds is followed under its id, polled, and listed with its health."""
    shop.publish(release())
    found = run.invoke(cli.app, ["sources", "search", "gacc", "rare", "earth"])
    assert found.exit_code == 0, found.output
    assert f"{QUANTITY}  China's exports of Rare Earths, quantity (t)" in found.output
    assert "of Rare Earths, value (USD million)" in found.output

    taken = run.invoke(cli.app, ["sources", "follow", "gacc", "rare-earths.quantity"])
    assert taken.output.split() == ["following", QUANTITY]
    polled = run.invoke(cli.app, ["sources", "poll", "gacc"])
    assert polled.exit_code == 0, polled.output
    assert "2 recorded" in polled.output
    assert QUANTITY in {each.series_id for each in shop.rows(observations)}
    listed = run.invoke(cli.app, ["sources", "list"])
    assert "gacc       China Customs, preliminary table: 2 followed, last success: 20" in listed.output


def test_a_search_without_a_source_asks_all_and_says_which_cannot(run: CliRunner, shop: Shop) -> None:
    """What four find is listed; each of the others says in its own words what it wants."""
    shop.publish(release())
    follow_source.give_key(shop.engine, shop.settings, Alfred(), "secret-key")
    described = {"id": "RE", "title": "Rare earth", "frequency_short": "M", "units": "t"}
    found = json.dumps({"count": 1, "seriess": [described]}).encode()
    shop.site.answers[FOUND] = 200, {}, found
    codes = {"value": [{"Cn8Code": "28053010", "Cn8LongDescription": "Intermixtures of rare-earth metals"}]}
    shop.site.answers[hmrc.CODES] = 200, {}, json.dumps(codes).encode()
    row = {
        "coNcm": "28053010",
        "noNCM": "Rare earth alloys",
        "headingCode": "2805",
        "heading": "Alkali metals",
    }
    table = {"data": {"list": [row], "count": 1}, "success": True}
    shop.site.answers[comexstat.CODES] = 200, {}, json.dumps(table).encode()
    told = run.invoke(cli.app, ["sources", "search", "rare", "earth"])
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert f"{QUANTITY}  China's exports of Rare Earths, quantity (t)" in lines
    assert "alfred.RE  Rare earth (t)" in lines
    assert any(line.startswith("hmrc.exports.all.28053010.value  ") for line in lines)
    assert any(line.startswith("comexstat.exports.all.28053010.weight  ") for line in lines)
    for name, why in (
        ("census", "answers only with a key"),
        ("comtrade", "as reporter=276 rare earth"),
        ("comext", "as reporter=DE partner=CN rare earth"),
        ("imf", "offers no search by words"),
    ):
        assert any(line.startswith(f"{name} was not searched: ") and why in line for line in lines), name


def test_a_search_of_all_that_finds_nothing_fails_in_words(run: CliRunner, shop: Shop) -> None:
    """Each source is named with its reason, and the command has failed."""
    shop.publish(release())
    told = run.invoke(cli.app, ["sources", "search", "unobtainium"])
    assert told.exit_code == 1
    assert "gacc offers nothing under 'unobtainium'" in told.output
    assert (
        "No source that was asked offers anything under 'unobtainium'; 8 of 9 could not be asked"
        in told.output
    )
    assert run.invoke(cli.app, ["sources", "search", "gacc"]).exit_code == 1


def test_a_search_that_nothing_answers_says_that_nothing_was_asked(run: CliRunner) -> None:
    """Where no source can be reached, that is the reason, and not that none offers anything."""
    told = run.invoke(cli.app, ["sources", "search", "unobtainium"])
    assert told.exit_code == 1
    assert "No source could be asked for 'unobtainium'" in told.output
    assert "offers anything" not in told.output


def test_a_key_that_is_not_held_is_not_said_to_be(run: CliRunner, shop: Shop) -> None:
    """The list says which sources want a key; following one without says what to set."""
    shop.publish(release())
    wants = "wants a key: tonnage sources key comtrade"
    assert wants in run.invoke(cli.app, ["sources", "list"]).output
    words = ["follow", "comtrade", "reporter=276", "cmd=850511", "edition=H6"]
    told = run.invoke(cli.app, ["sources", *words])
    assert "Give yours with `tonnage sources key comtrade`; TONNAGE_SECRET_KEYS" in told.output, told.output
    follow_source.give_key(shop.engine, shop.settings, Comtrade(), "secret-key")
    listed = run.invoke(cli.app, ["sources", "list"]).output
    assert wants not in listed
    assert listed.count("with your key") == 1
    again = run.invoke(cli.app, ["sources", *words])
    assert "none is held" not in again.output


def test_one_request_is_no_plural(run: CliRunner, shop: Shop) -> None:
    """What a poll came to is counted as people count."""
    shop.publish(release())
    run.invoke(cli.app, ["sources", "poll", "gacc"])
    told = run.invoke(cli.app, ["sources", "poll", "gacc"])
    assert not re.search(r"\b1 (requests|new answers|rows)\b", told.output), told.output
    assert str(Poll("gacc", 1, Derived(answers=1, rows=1), None, 0.0, 0.0)).startswith(
        "gacc: 1 request, 1 new answer, 1 row; "
    )


def test_follow_under_an_id_of_our_own_keeps_units_apart(run: CliRunner, shop: Shop) -> None:
    """A value in USD is not followed into a series of tonnes, and the message says what to do."""
    shop.publish(release())
    told = run.invoke(cli.app, ["sources", "follow", "gacc", "rare-earths.value", "--as", "CN_EXP_RE_T"])
    assert told.exit_code == 1
    assert "follow it under another id" in told.output
    assert shop.count(followed) == shop.count(series) == 1


def test_one_id_of_our_own_is_for_one_series(run: CliRunner, shop: Shop) -> None:
    """Where a search finds several, none is followed under the id, and the message names what was found."""
    shop.publish(release())
    told = run.invoke(cli.app, ["sources", "follow", "gacc", "rare", "--as", "MINE"])
    assert told.exit_code == 1
    assert "2 series are offered, and MINE can be the id of one: gacc.exports.rare" in told.output
    assert "without --as" in told.output
    assert shop.count(followed) == shop.count(series) == 1  # the one that the shop begins with


def test_refusals_of_a_command_are_sentences(run: CliRunner, shop: Shop) -> None:
    """An unknown source, a search without a find, a key where none is taken, a real host without leave."""
    shop.publish(release())
    for words, said in (
        (["list"], "never polled"),
        (
            ["follow", "nowhere", "x"],
            "known are gacc, census, comext, comtrade, comexstat, hmrc, alfred, imf, oecd",
        ),
        (["search", "gacc", "unobtainium"], "offers nothing under 'unobtainium'"),
        (["key", "gacc"], "takes no key"),
        (["check", "gacc"], "say --live if it may"),
        (["search", "comtrade", "reporter=276", "cars"], "tonnage sources key"),
        (["follow", "comtrade", "rare", "earth"], "as reporter=276 rare earth"),
        (["search", "comext", "cars"], "as reporter=DE"),
    ):
        told = run.invoke(cli.app, ["sources", *words])
        assert said in told.output, told.output
        assert "Traceback" not in told.output


def test_check_asks_the_smallest_thing_and_says_what_came(run: CliRunner, shop: Shop) -> None:
    """With leave to ask, one request is made; a source that is away is told in a sentence."""
    shop.publish(release())
    told = run.invoke(cli.app, ["sources", "check", "gacc", "--live"])
    assert "China Customs, preliminary table answers: 200, " in told.output
    assert len(shop.site.asked) == 1
    shop.site.answers.clear()
    gone = run.invoke(cli.app, ["sources", "check", "gacc", "--live"])
    assert (gone.exit_code, "answered 404" in gone.output) == (1, True)


def test_a_refused_page_fails_the_command_in_words(run: CliRunner, shop: Shop) -> None:
    """The poll prints what was refused and why."""
    shop.publish([[each[0], *each[2:], ""] for each in release()])
    polled = run.invoke(cli.app, ["sources", "poll", "gacc"])
    assert "refused: shifted-table: The last cell of all 4 rows of 2025-04 is blank" in polled.output


def test_a_refused_answer_is_shown_and_written_byte_for_byte(
    run: CliRunner, shop: Shop, tmp_path: Path
) -> None:
    """Poll and list name its id; the command says what it is, and hands no escape to the terminal."""
    shop.publish([[each[0], *each[2:], ""] for each in release()])
    path = "/Statics/Apr.html"
    status, headers, page = shop.site.answers[path]
    shop.site.answers[path] = status, headers, page + b"<!--\x1b[31m-->"
    polled = run.invoke(cli.app, ["sources", "poll", "gacc"])
    (kept,) = [each for each in shop.rows(snapshots) if each.outcome == "refused"]
    named = f"(snapshot {kept.id})"
    assert named in polled.output
    assert named in run.invoke(cli.app, ["sources", "list"]).output
    told = run.invoke(cli.app, ["sources", "snapshot", str(kept.id)])
    assert f"snapshot {kept.id} of gacc: GET {path}" in told.output
    assert "shifted-table: The last cell of all 4 rows of 2025-04 is blank" in told.output
    assert ("<!--\ufffd[31m-->" in told.output, "\x1b" in told.output) == (True, False)
    file = tmp_path / "page.html"
    written = run.invoke(cli.app, ["sources", "snapshot", str(kept.id), "--output", str(file)])
    assert (written.exit_code, file.read_bytes()) == (0, page + b"<!--\x1b[31m-->")
    none = run.invoke(cli.app, ["sources", "snapshot", "99999"])
    assert (none.exit_code, "There is no snapshot 99999" in none.output) == (1, True)


def test_faults_that_want_a_look_name_the_command() -> None:
    """No sentence says to open a snapshot without the command that shows one."""
    kinds = [each for each in vars(faults).values() if isinstance(each, type)]
    todos = {each.todo for each in kinds if issubclass(each, faults.SourceFault)}
    looked = [each for each in todos if "snapshot" in each]
    assert len(looked) == 4
    assert all("tonnage sources snapshot ID" in each for each in looked)


def test_rederive_reports(run: CliRunner, shop: Shop) -> None:
    """The same parser finds the same."""
    shop.publish(release())
    run.invoke(cli.app, ["sources", "poll", "gacc"])
    told = run.invoke(cli.app, ["sources", "rederive", "gacc"])
    assert "1 answer: 1 figure the same, 0 would change, 0 refused" in told.output
