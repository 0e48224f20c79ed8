"""The command ``tonnage``: each command is a few lines around a query or a use case."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Annotated

import typer
from typer._click.core import Command, Context  # typer carries its own click and exports no types of it
from typer.core import TyperGroup

from services.cli import (
    deliveries,
    endpoints,
    forecasters,
    ingest,
    keys,
    measures,
    releases,
    remote,
    rules,
    series,
    silences,
    sources,
)
from services.cli.plain_numbers import plain_numbers
from services.cli.shell import REFUSALS, database, fail, say

PANEL_COMMANDS = {
    "forecast": "services.cli.offline",
    "backtest": "services.cli.offline",
    "detect": "services.cli.detect",
    "episodes": "services.cli.detect",
    "train": "services.cli.engine",
    "scoreboard": "services.cli.engine",
    "published": "services.cli.engine",
}
"""Commands around the models, by module: imported only when asked for, since pandas and models are slow."""


class Commands(TyperGroup):
    """Our commands, and those of PANEL_COMMANDS."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Names, in the order in which help lists them."""
        return [*super().list_commands(ctx), *PANEL_COMMANDS]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """One command; its module is imported here."""
        if cmd_name not in PANEL_COMMANDS:
            found = super().get_command(ctx, cmd_name)
            return None if found is None else plain_numbers(found)
        module = importlib.import_module(PANEL_COMMANDS[cmd_name])
        group = typer.main.get_group(module.app)
        found = group.get_command(ctx, cmd_name)
        return None if found is None else plain_numbers(found)

    def invoke(self, ctx: Context) -> object:
        """Run a command; an error that says what to do ends it in that line, wherever it was raised."""
        try:
            return super().invoke(ctx)
        except REFUSALS as error:
            raise fail(str(error)) from error


app = typer.Typer(
    cls=Commands,
    help="Forecasts monthly export volumes and tells desks when a shock is in a figure.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(series.app, name="series")
app.add_typer(endpoints.app, name="endpoint")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(rules.app, name="rules")
app.add_typer(silences.app, name="silences")
app.add_typer(measures.app, name="measures")
app.add_typer(forecasters.app, name="forecasters")
app.add_typer(releases.app, name="releases")
app.add_typer(sources.app, name="sources")
app.add_typer(keys.app, name="key")
app.add_typer(remote.app, name="remote")


@app.command()
def up() -> None:
    """Start the local stack and keep its state between runs; Ctrl-C stops it."""
    from services.local.errors import LocalStackError  # noqa: PLC0415 - only here are local servers needed
    from services.local.folder import default_folder  # noqa: PLC0415 - as above
    from services.local.stack import run_until_stopped  # noqa: PLC0415 - as above

    try:
        run_until_stopped(default_folder(os.environ), os.environ, say)
    except LocalStackError as error:
        raise fail(str(error)) from error


@app.command()
def down() -> None:
    """End what `tonnage up` left running."""
    from services.local.folder import default_folder, stop  # noqa: PLC0415 - only here are local servers needed

    if not stop(default_folder(os.environ), say):
        say("nothing is running")


@app.command()
def demo(
    *, exit_: Annotated[bool, typer.Option("--exit", help="End by itself, summary as JSON last.")] = False
) -> None:
    """Replay China's rare-earth exports of 2025 as they became known."""
    from services.demo.replay import run  # noqa: PLC0415 - only here are local servers needed
    from services.local.errors import LocalStackError  # noqa: PLC0415 - as above

    try:
        shown = run(os.environ, say, stay=not exit_)
    except LocalStackError as error:
        raise fail(str(error)) from error
    if not shown:
        raise typer.Exit(1)


@app.command()
def desk(
    *,
    listen: Annotated[str, typer.Option(help="HOST:PORT to receive at.")] = "127.0.0.1:8100",
    secret: Annotated[
        list[str] | None, typer.Option(help="What an endpoint was made with, whsec_… or whpk_…; repeatable.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where messages and secrets are kept; by default nowhere.")
    ] = None,
) -> None:
    """Receive messages: verify each, keep it once, say its sentence; needs no database. Ctrl-C ends it."""
    from services.local.folder import temporary_folder  # noqa: PLC0415 - read when asked for

    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise fail(f"{folder} cannot be a folder: {error.strerror}. Give another --folder.") from error
        _receive(listen, folder, secret or [])
    else:
        with temporary_folder() as fresh:
            _receive(listen, fresh, secret or [])


def _receive(where: str, folder: Path, secrets: list[str]) -> None:
    from services.local import desk as receiver  # noqa: PLC0415 - read when asked for

    for each in secrets:
        receiver.trust(folder, each)
    told = f"receiving at http://{where}/ and listing at http://{where}/received"
    try:
        receiver.serve(where, folder, ready=lambda: say(told))
    except (OSError, ValueError, OverflowError) as error:
        reason = str(error).rstrip(".")
        raise fail(f"Nothing can be received at {where}: {reason}. Give --listen HOST:PORT.") from error
    except KeyboardInterrupt:
        say("no more is received")


@app.command()
def replay(
    api: Annotated[str, typer.Option(help="Where the service answers.")],
    desk: Annotated[str, typer.Option(help="Where the demo desk receives.")],
    desk_folder: Annotated[Path, typer.Option(help="The demo desk's folder, to leave its secret in.")],
) -> None:
    """Replay the story of the demo on a stack that runs elsewhere; TONNAGE_API_KEY opens its API."""
    import httpx  # noqa: PLC0415 - read when asked for

    from services.demo.replay import tell_story  # noqa: PLC0415 - only here are local servers needed
    from services.local.desk import trust  # noqa: PLC0415 - as above

    headers = {"Authorization": f"Bearer {key}"} if (key := os.environ.get("TONNAGE_API_KEY")) else {}
    try:
        with httpx.Client(base_url=api, headers=headers, timeout=30) as client:
            summary = tell_story(client, desk, lambda secret: trust(desk_folder, secret), say)
    except httpx.HTTPError as error:
        raise fail(f"{api} or {desk} does not answer as it should: {error}.") from error
    except OSError as error:
        raise fail(f"{desk_folder} is no folder of a demo desk: {error.strerror}.") from error
    say(json.dumps(summary, indent=2, ensure_ascii=False))
    if not summary["ok"]:
        raise typer.Exit(1)


@app.command()
def migrate() -> None:
    """Bring the database to the newest version."""
    from services.settings import settings  # noqa: PLC0415 - read when asked for
    from services.storage import schema  # noqa: PLC0415 - alembic is needed nowhere else

    with database():
        try:
            schema.upgrade(settings().database_url)
        except schema.MigrationsError as error:
            raise fail(str(error)) from error
    say("the database is at the newest version")


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Write the whole database into a folder, as of one moment; the service goes on meanwhile."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.storage.backup import BackupError, back_up  # noqa: PLC0415 - as above

    with database() as engine:
        try:
            kept = back_up(engine, folder, now=bootstrap.now())
        except BackupError as error:
            raise fail(str(error)) from error
    say(f"{sum(kept.rows.values()):,} rows of {len(kept.rows)} tables in {kept.size:,} bytes: {folder}")
    say("keep TONNAGE_SECRET_KEYS beside it: without them no webhook secret in it can be read")


@app.command()
def restore(folder: Annotated[Path, typer.Argument(help="What `tonnage backup` wrote.")]) -> None:
    """Put a backup into an empty database and bring that to the newest version."""
    from services.storage import backup as stored  # noqa: PLC0415 - read when asked for

    with database() as engine:
        try:
            kept = stored.restore(engine, folder)
        except stored.BackupError as error:
            raise fail(str(error)) from error
    say(f"{sum(kept.rows.values()):,} rows of {len(kept.rows)} tables are back")


@app.command()
def doctor() -> None:
    """Check the installation: what is wrong, and what to do about it; status 1 where something is."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.doctor import examine  # noqa: PLC0415 - as above
    from services.settings import settings  # noqa: PLC0415 - as above

    findings = examine(settings(), bootstrap.engine(), now=bootstrap.now())
    for finding in findings:
        say(f"{'ok   ' if finding.well else 'WRONG'}  {finding.what}")
        if not finding.well:
            say(f"       {finding.do}")
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


app.command()(ingest.ingest)
