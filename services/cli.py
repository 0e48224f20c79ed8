"""The command ``tonnage``: each command is a few lines around a use case."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from typer._click.core import Command, Context  # typer carries its own click and exports no types of it
from typer.core import TyperGroup

from alerts.errors import AlertsError
from services.ingestion.errors import UploadRefusedError, UploadTooLargeError

PANEL_COMMANDS = {
    "forecast": "services.cli_offline",
    "backtest": "services.cli_offline",
    "detect": "services.cli_detect",
    "episodes": "services.cli_detect",
}
"""Commands over whole panels, by module: imported only when asked for, since pandas and models are slow."""


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
rules = typer.Typer(help="What desks want to hear.", no_args_is_help=True)
app.add_typer(endpoints, name="endpoint")
app.add_typer(rules, name="rules")


def _say(line: str) -> None:
    print(line, flush=True)


def _fail(message: str) -> typer.Exit:
    print(message, file=sys.stderr)
    return typer.Exit(1)


@contextmanager
def _database() -> Iterator[Engine]:
    """The engine of DATABASE_URL; a fault of the caller or of the database ends in one line, not a trace."""
    from services import bootstrap  # noqa: PLC0415 - commands that need no database start without it
    from services.settings import settings  # noqa: PLC0415 - as above

    where = make_url(settings().database_url).render_as_string(hide_password=True)
    try:
        yield bootstrap.engine()
    except OperationalError as error:
        raise _fail(
            f"The database at {where} does not answer ({_first_line(error)}). "
            "Start it, or set DATABASE_URL; `tonnage up` starts one of its own."
        ) from error
    except ProgrammingError as error:
        raise _fail(
            f"The database at {where} has no such tables ({_first_line(error)}). Run `tonnage migrate`."
        ) from error
    except (UploadRefusedError, UploadTooLargeError, AlertsError) as error:
        raise _fail(str(error)) from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]


@app.command()
def up() -> None:
    """Start the local stack and keep its state between runs; Ctrl-C stops it."""
    from services.local.errors import LocalStackError  # noqa: PLC0415 - only here are local servers needed
    from services.local.folder import default_folder  # noqa: PLC0415 - as above
    from services.local.stack import run_until_stopped  # noqa: PLC0415 - as above

    try:
        run_until_stopped(default_folder(os.environ), os.environ, _say)
    except LocalStackError as error:
        raise _fail(str(error)) from error


@app.command()
def down() -> None:
    """End what `tonnage up` left running."""
    from services.local.folder import default_folder, stop  # noqa: PLC0415 - only here are local servers needed

    if not stop(default_folder(os.environ), _say):
        _say("nothing is running")


@app.command()
def demo(
    *, exit_: Annotated[bool, typer.Option("--exit", help="End by itself, summary as JSON last.")] = False
) -> None:
    """Replay China's rare-earth exports of 2025 as they became known."""
    from services.demo.replay import run  # noqa: PLC0415 - only here are local servers needed
    from services.local.errors import LocalStackError  # noqa: PLC0415 - as above

    try:
        shown = run(os.environ, _say, stay=not exit_)
    except LocalStackError as error:
        raise _fail(str(error)) from error
    if not shown:
        raise typer.Exit(1)


@app.command()
def migrate() -> None:
    """Bring the database to the newest version."""
    from services.settings import settings  # noqa: PLC0415 - read when asked for
    from services.storage import schema  # noqa: PLC0415 - alembic is needed nowhere else

    with _database():
        schema.upgrade(settings().database_url)
    _say("the database is at the newest version")


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
    with _database() as engine:
        if not file.is_file():
            raise _fail(f"There is no file {file}.")
        if file.stat().st_size > limit:
            raise _fail(str(UploadTooLargeError(limit)))
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
    _say(_report(report))


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

    with _database() as engine:
        endpoint, secret = manage_endpoints.add_endpoint(
            engine, settings(), desk=desk, url=url, now=bootstrap.now()
        )
    _say(f"{endpoint.id}\n{secret}")


@endpoints.command("ping")
def ping_endpoint(endpoint_id: str) -> None:
    """Send a signed greeting to an endpoint."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.usecases import manage_endpoints  # noqa: PLC0415 - as above

    with _database() as engine:
        message = manage_endpoints.ping(engine, endpoint_id, now=bootstrap.now())
        bootstrap.service().nudge(bootstrap.DELIVER_MESSAGES)
    _say(f"{message.id} is on its way")


@rules.command("save")
def save_rules(file: Annotated[Path, typer.Argument(help="JSON object: a rule under each id.")]) -> None:
    """Save rules as their next versions."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.usecases.save_rule import save_rule  # noqa: PLC0415 - as above

    with _database() as engine, engine.begin() as connection:
        for rule_id, raw in json.loads(file.read_text(encoding="utf-8")).items():
            rule = save_rule(connection, rule_id, raw, now=bootstrap.now())
            _say(f"{rule.id} version {rule.version}: {rule.in_words()}")


if __name__ == "__main__":
    app()
