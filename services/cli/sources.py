"""``tonnage sources``: what public sources offer, what is followed there, and a poll by hand."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.given import as_the_api_takes_it
from services.cli.progress import progress_bar
from services.cli.shell import database, fail, say
from services.ingestion.sources.faults import SourceMisnamedError

if TYPE_CHECKING:
    from services.ingestion.sources.source import Source

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
        key = "" if source.key is None else ", with your key" if source.key.needed else ", a key helps"
        say(f"{source.name:10} {source.title}: {each.followed} followed, last success: {when}{key}")
        say(f"{'':10} {source.terms.text} {source.terms.url}")
        if told.reason is not None:
            say(f"{'':10} {told.fault}: {told.reason}")


@app.command()
def search(source: SourceName, words: Words) -> None:
    """What a source offers under some words."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases import follow_source  # noqa: PLC0415 - as above
    from services.usecases.poll_source import line_to  # noqa: PLC0415 - as above

    with (
        database() as engine,
        closing(line_to(engine, settings(), _named(source), clock=bootstrap.now)) as line,
    ):
        for entry in follow_source.search(_named(source), " ".join(words), now=bootstrap.now(), ask=line.ask):
            say(f"{entry.series.id}  {entry.series.name} ({entry.series.unit})")


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
    for each in ids:
        say(f"following {each}")


@app.command()
def unfollow(series_id: Annotated[str, typer.Argument(help="Id of the series; its figures stay.")]) -> None:
    """Follow a series no longer."""
    from services.usecases import follow_source  # noqa: PLC0415 - read when asked for

    with database() as engine, engine.begin() as connection:
        if not follow_source.unfollow(connection, series_id):
            raise fail(f"{series_id} is not followed.")
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
            follow_source.give_key(engine, settings(), named, given, desk=desk)
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
        nudge = bootstrap.service().nudge
        nudge(bootstrap.DELIVER_MESSAGES)
        nudge(bootstrap.REFRESH_FORECASTS)
    say(str(polled))
    for refused in polled.derived.refused:
        say(f"refused: {refused}")
    if polled.fault is not None:
        raise fail(f"{polled.fault.kind}: {polled.fault}")


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
    for each in (*done.changes, *done.refused):
        say(str(each))
    changes = f"{len(done.changes):,} {'recorded anew' if record else 'would change'}"
    say(f"{done.answers:,} answers: {done.same:,} figures the same, {changes}, {len(done.refused):,} refused")


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
