"""``tonnage sources``: what public sources offer, what is followed there, and a poll by hand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alerts.quantities import counted
from services.cli.auditing import keep
from services.cli.given import as_the_api_takes_it
from services.cli.progress import progress_bar
from services.cli.shell import database, fail, say, writable
from services.ingestion.sources.faults import (
    NothingOfferedError,
    SourceFault,
    SourceMisnamedError,
    key_wanted,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from services.ingestion.sources.source import Source
    from services.queries.sources import PolledSource

app = typer.Typer(help="Public sources: figures that arrive by themselves.", no_args_is_help=True)

SourceName = Annotated[str, typer.Argument(help="As `tonnage sources list` names it.")]
Words = Annotated[list[str], typer.Argument(help="Words, or the source's own codes as name=value.")]


@app.command("list")
def list_() -> None:
    """Each source, its terms, what is followed there, and how it has been doing."""
    from services.queries import sources  # noqa: PLC0415 - read when asked for

    with database() as engine, engine.begin() as connection:
        found = sources.polled(connection)
    for each in found:
        source, told = each.source, each.health
        when = "never polled" if told.last_success_at is None else f"{told.last_success_at:%F %R}Z"
        say(f"{source.name:10} {source.title}: {each.followed} followed, last success: {when}{_key(each)}")
        say(f"{'':10} {source.terms.text} {source.terms.url}")
        if told.reason is not None:
            which = "" if each.refused is None else f" (snapshot {each.refused})"
            say(f"{'':10} {told.fault}: {told.reason}{which}")


def _key(each: PolledSource) -> str:
    use = each.source.key
    if use is None:
        return ""
    if each.keyed:
        return ", with your key"
    return f", wants a key: tonnage sources key {each.source.name}" if use.needed else ", a key helps"


@app.command()
def search(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[SOURCE] WORDS...",
            help="Words, or a source's own codes as name=value; without a source all are searched.",
        ),
    ],
) -> None:
    """What a source offers under some words, or all of them; those that cannot be searched are named."""
    from services.ingestion.sources.registry import SOURCES  # noqa: PLC0415 - read when asked for

    if words[0] in SOURCES:
        if len(words) == 1:
            raise fail(f"Say what to search {words[0]} for: words, or its own codes as name=value.")
        with database() as engine:
            _offered(engine, SOURCES[words[0]], words[1:])
        return
    found, asked = False, 0
    with database() as engine:
        for source in SOURCES.values():
            try:
                found = _offered(engine, source, words) or found
                asked += 1
            except NothingOfferedError:
                asked += 1
                say(f"{source.name} offers nothing under {' '.join(words)!r}")
            except (SourceFault, SourceMisnamedError) as error:
                say(f"{source.name} was not searched: {error}")
    if not found:
        wanted = repr(" ".join(words))
        if not asked:
            raise fail(f"No source could be asked for {wanted}: what hinders each is said above.")
        left = len(SOURCES) - asked
        rest = f"; {left} of {len(SOURCES)} could not be asked, as said above" if left else ""
        raise fail(f"No source that was asked offers anything under {wanted}{rest}.")


def _offered(engine: Engine, source: Source, words: Sequence[str]) -> bool:
    """Print what a source offers; True, or one of the errors of a search."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases import follow_source  # noqa: PLC0415 - as above
    from services.usecases.poll_source import line_to  # noqa: PLC0415 - as above

    with closing(line_to(engine, settings(), source, clock=bootstrap.now)) as line:
        for entry in follow_source.search(source, " ".join(words), now=bootstrap.now(), ask=line.ask):
            say(f"{entry.series.id}  {entry.series.name} ({entry.series.unit})")
    return True


@app.command()
def follow(
    source: SourceName,
    words: Words,
    *,
    as_: Annotated[str | None, typer.Option("--as", help="Id of our own, for one series.")] = None,
) -> None:
    """Follow what a search finds: register the series, whose figures then arrive by themselves."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.api.schemas.common import storable_id  # noqa: PLC0415 - as above
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases import follow_source  # noqa: PLC0415 - as above
    from services.usecases.poll_source import line_to  # noqa: PLC0415 - as above

    named = _named(source)
    if as_ is not None:
        with as_the_api_takes_it("--as"):
            storable_id(as_)
    with database() as engine, closing(line_to(engine, settings(), named, clock=bootstrap.now)) as line:
        found = follow_source.search(named, " ".join(words), now=bootstrap.now(), ask=line.ask)
        with engine.begin() as connection:
            ids = follow_source.follow(connection, named, found, now=bootstrap.now(), as_series=as_)
            keep(connection, "source.followed", named.name, after={"series": ids})
            keyless = follow_source.key_missing(connection, named)
    for each in ids:
        say(f"following {each}")
    if keyless:
        say(
            f"{named.title} answers only with a key, and none is held: no figure arrives before. "
            f"{key_wanted(named.name)}"
        )


@app.command()
def unfollow(series_id: Annotated[str, typer.Argument(help="Id of the series; its figures stay.")]) -> None:
    """Follow a series no longer."""
    from services.usecases import follow_source  # noqa: PLC0415 - read when asked for

    with database() as engine, engine.begin() as connection:
        if not follow_source.unfollow(connection, series_id):
            raise fail(f"{series_id} is not followed.")
        keep(connection, "source.unfollowed", series_id)
    say(f"{series_id} is followed no longer")


@app.command()
def key(
    source: SourceName,
    *,
    desk: Annotated[
        str | None, typer.Option(help="Whose key it is, where rows may not be passed on.")
    ] = None,
) -> None:
    """Keep your key to a source, encrypted; it is read from standard input, and is never shown."""
    from services.settings import settings  # noqa: PLC0415 - read when asked for
    from services.usecases import follow_source  # noqa: PLC0415 - as above

    named = _named(source)
    if named.key is None:
        raise fail(f"{named.title} takes no key.")
    given = sys.stdin.readline().strip() if not sys.stdin.isatty() else typer.prompt("key", hide_input=True)
    with database() as engine:
        try:
            follow_source.give_key(
                engine,
                settings(),
                named,
                given,
                desk=desk,
                noted=lambda connection: keep(
                    connection, "source.key_kept", named.name, after={"desk": desk}
                ),
            )
        except follow_source.EncryptionKeyError as error:
            raise fail(str(error)) from error
    say(f"the key to {source} is kept, encrypted")


@app.command()
def poll(source: SourceName) -> None:
    """Ask a source now for whatever may be new, and print what came of it."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases.poll_source import poll_source  # noqa: PLC0415 - as above

    with database() as engine:
        with progress_bar() as show:
            polled = poll_source(engine, settings(), _named(source), clock=bootstrap.now, progress=show)
        counts = {name: getattr(polled.derived, name) for name in ("recorded", "revised", "unchanged")}
        with engine.begin() as connection:
            keep(connection, "source.polled", source, after=counts)
        nudge = bootstrap.service().nudge
        nudge(bootstrap.DELIVER_MESSAGES)
        nudge(bootstrap.REFRESH_FORECASTS)
    say(str(polled))
    for refused in polled.derived.refused:
        say(f"refused: {refused}")
    if polled.fault is not None:
        raise fail(f"{polled.fault.kind}: {polled.fault}")


@app.command()
def snapshot(
    snapshot_id: Annotated[
        int, typer.Argument(metavar="ID", help="As a refusal names it.", min=1, max=2**63 - 1)
    ],
    *,
    output: Annotated[
        Path | None, typer.Option(help="Write the body there, byte for byte.", dir_okay=False)
    ] = None,
) -> None:
    """A source's answer as it was received: what was asked, why it was refused, and its body."""
    from services.queries import snapshots  # noqa: PLC0415 - read when asked for

    if output is not None:
        writable(output)
    with database() as engine, engine.begin() as connection:
        found = snapshots.one(connection, snapshot_id, desk=None)
    if found is None:
        raise fail(
            f"There is no snapshot {snapshot_id}; `tonnage sources list` names the last that was refused."
        )
    say(f"snapshot {found.id} of {found.source}: {found.request}")
    say(f"answered {found.status}, {len(found.body):,} bytes of {snapshots.media_type(found)}")
    say(f"SHA-256 {found.digest}")
    say(f"first seen {found.first_seen:%F %T}Z, last seen {found.last_seen:%F %T}Z, {found.outcome}")
    if found.reason is not None:
        say(f"{found.fault}: {found.reason}")
    if output is not None:
        output.write_bytes(found.body)
        say(f"its body is in {output}")
        return
    try:
        text = found.body.decode()
    except UnicodeDecodeError:
        say("its body is no text in UTF-8: --output FILE writes it")
        return
    say("")
    say("".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text))  # no escapes


@app.command()
def rederive(
    source: SourceName,
    *,
    record: Annotated[
        bool, typer.Option("--record", help="Record what differs; else only report it.")
    ] = False,
) -> None:
    """Read every kept answer again with the parser of this version, and report what changes."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases.rederive_snapshots import rederive_snapshots  # noqa: PLC0415 - as above

    with database() as engine, engine.begin() as connection:
        done = rederive_snapshots(
            connection,
            _named(source),
            now=bootstrap.now(),
            budget=settings().alert_budget,
            portfolio=settings().portfolio,
            record=record,
        )
        if record:
            keep(connection, "source.rederived", source, after={"changes": len(done.changes)})
    for each in (*done.changes, *done.refused):
        say(str(each))
    changes = f"{len(done.changes):,} {'recorded anew' if record else 'would change'}"
    read, same = counted(done.answers, "answer"), counted(done.same, "figure")
    say(f"{read}: {same} the same, {changes}, {len(done.refused):,} refused")


@app.command()
def check(
    source: SourceName,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the real host; without it nothing is asked.")
    ] = False,
) -> None:
    """Try the way to a source with its smallest request, and say what a user can do where that fails."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases.poll_source import line_to  # noqa: PLC0415 - as above

    named = _named(source)
    if not live:
        raise fail(f"This would ask {named.address}; say --live if it may.")
    with database() as engine, closing(line_to(engine, settings(), named, clock=bootstrap.now)) as line:
        answer = line.ask(named.probe(bootstrap.now()))
    kind = answer.headers.get("content-type", "no stated type")
    say(f"{named.title} answers: {answer.status}, {len(answer.body):,} bytes, {kind}")


def _named(name: str) -> Source:
    from services.ingestion.sources.registry import source_named  # noqa: PLC0415 - read when asked for

    try:
        return source_named(name)
    except SourceMisnamedError as error:
        raise fail(str(error)) from error
