"""The command ``tonnage``: each command is a few lines around a use case."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer._click.core import Command, Context  # typer carries its own click and exports no types of it
from typer.core import TyperGroup

from services import cli_rules
from services.cli_shell import database, fail, say
from services.ingestion.errors import UploadTooLargeError

PANEL_COMMANDS = {
    "forecast": "services.cli_offline",
    "backtest": "services.cli_offline",
    "detect": "services.cli_detect",
    "episodes": "services.cli_detect",
    "train": "services.cli_engine",
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
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(PANEL_COMMANDS[cmd_name])
        group = typer.main.get_group(module.app)
        return group.get_command(ctx, cmd_name)


app = typer.Typer(
    cls=Commands,
    help="Forecasts monthly export volumes and tells desks when a shock is in a figure.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
endpoints = typer.Typer(help="The addresses that desks receive at.", no_args_is_help=True)
app.add_typer(endpoints, name="endpoint")
app.add_typer(cli_rules.app, name="rules")


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
def migrate() -> None:
    """Bring the database to the newest version."""
    from services.settings import settings  # noqa: PLC0415 - read when asked for
    from services.storage import schema  # noqa: PLC0415 - alembic is needed nowhere else

    with database():
        schema.upgrade(settings().database_url)
    say("the database is at the newest version")


@app.command()
def ingest(
    file: Annotated[Path, typer.Argument(help="CSV or JSON; see README for the columns.")],
    *,
    source: Annotated[str, typer.Option(help="Who says so, where a row does not.")] = "file",
    history: Annotated[bool, typer.Option(help="The past of a new installation: wake no rule.")] = False,
) -> None:
    """Record the figures of a file: all of them, or none and the reasons."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.ingestion.readers import read_file  # noqa: PLC0415 - as above
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases.record_observations import record_observations  # noqa: PLC0415 - as above

    limit = settings().upload_limit_bytes
    with database() as engine:
        if not file.is_file():
            raise fail(f"There is no file {file}.")
        if file.stat().st_size > limit:
            raise fail(str(UploadTooLargeError(limit)))
        figures = read_file(file.name, file.read_bytes(), limit=limit)
        with engine.begin() as connection:
            report = record_observations(
                connection,
                figures,
                source=source,
                now=bootstrap.now(),
                budget=settings().alert_budget,
                portfolio=settings().portfolio,
                history=history,
            )
        nudge = bootstrap.service().nudge
        nudge(bootstrap.DELIVER_MESSAGES)
        nudge(bootstrap.REFRESH_FORECASTS)
    say(_report(report))


def _report(report: dict[str, Any]) -> str:
    counts = f"{report['recorded']} recorded, {report['revised']} revised, {report['unchanged']} held already"
    alerts = ", ".join(f"{count} {kind}" for kind, count in report["alerts"].items()) or "none"
    return f"{counts}; alerts: {alerts}"


@endpoints.command("add")
def add_endpoint(
    url: Annotated[str, typer.Argument(help="Where messages are posted to.")],
    desk: Annotated[str, typer.Option(help="Whose rules it hears.")],
) -> None:
    """Add an endpoint; its signing secret is shown once."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases import manage_endpoints  # noqa: PLC0415 - as above

    with database() as engine:
        endpoint, secret = manage_endpoints.add_endpoint(
            engine, settings(), desk=desk, url=url, now=bootstrap.now()
        )
    say(f"{endpoint.id}\n{secret}")


@endpoints.command("ping")
def ping_endpoint(endpoint_id: str) -> None:
    """Send a signed greeting to an endpoint."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.usecases import manage_endpoints  # noqa: PLC0415 - as above

    with database() as engine:
        message = manage_endpoints.ping(engine, endpoint_id, now=bootstrap.now())
        bootstrap.service().nudge(bootstrap.DELIVER_MESSAGES)
    say(f"{message.id} is on its way")


if __name__ == "__main__":
    app()
