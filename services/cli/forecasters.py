"""``tonnage forecasters``: forecasts submitted before the figures come."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.auditing import keep
from services.cli.given import as_the_api_takes_it
from services.cli.shell import AsJson, database, fail, say, say_all

if TYPE_CHECKING:  # a command that needs no database starts without storage
    from services.queries.forecasters import Forecaster

app = typer.Typer(help="Submitted forecasts, beside the service's own.", no_args_is_help=True)

ForecasterId = Annotated[str, typer.Argument(help="Id of the forecaster.")]


@app.command("list")
def listed(*, as_json: AsJson = False) -> None:
    """Every forecaster, and whose it is."""
    from services.queries import forecasters  # noqa: PLC0415 - read when asked for

    with database() as engine, engine.begin() as connection:
        found = forecasters.listed(connection)

    def line(forecaster: Forecaster) -> str:
        return f"{forecaster.id}  {forecaster.name}  {forecaster.desk or 'every desk'}"

    say_all(found, line, as_json=as_json, none="there is no forecaster; tonnage forecasters put adds one")


@app.command()
def put(
    forecaster_id: ForecasterId,
    *,
    name: Annotated[str, typer.Option(help="As messages name it.")],
    desk: Annotated[str | None, typer.Option(help="Whose it is; every desk's where not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add a forecaster, or name the one of its id anew."""
    from forecasting.submitted_forecasts import Forecaster  # noqa: PLC0415 - read when asked for
    from services import bootstrap  # noqa: PLC0415 - as above
    from services.api.schemas.common import storable_id  # noqa: PLC0415 - as above
    from services.api.schemas.forecasters import ForecasterGiven, ForecasterShown  # noqa: PLC0415 - as above
    from services.usecases.put_forecaster import (  # noqa: PLC0415 - as above
        ForecasterMovedError,
        TooManyForecastersError,
        put_forecaster,
    )

    with as_the_api_takes_it(forecaster_id):
        given = ForecasterGiven(name=name, desk=desk)
        wanted = Forecaster(storable_id(forecaster_id), given.name, given.desk)
    with database() as engine, engine.begin() as connection:
        try:
            held = put_forecaster(connection, wanted, desk=None, now=bootstrap.now())
        except (ForecasterMovedError, TooManyForecastersError) as error:
            raise fail(str(error)) from error
        before = None if held is None else ForecasterShown.of(held)
        keep(connection, "forecaster.put", wanted.id, before=before, after=ForecasterShown.of(wanted))
    done = "added" if held is None else "named anew"
    say_all([wanted], lambda each: f"{each.id}  {each.name}  {done}", as_json=as_json, none="")


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(help="CSV or JSON: series_id, month, unit, and what is expected.")],
    *,
    forecaster_id: Annotated[str, typer.Option("--forecaster", help="Whose forecasts they are.")],
    as_json: Annotated[bool, typer.Option("--json", help="The report as a JSON object.")] = False,
) -> None:
    """Submit the forecasts of a file: all of them, or none and the reasons."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.api.schemas.forecasters import SubmissionShown  # noqa: PLC0415 - as above
    from services.ingestion.submitted_forecasts import read_file  # noqa: PLC0415 - as above
    from services.settings import settings  # noqa: PLC0415 - as above
    from services.usecases.put_forecaster import UnknownForecasterError  # noqa: PLC0415 - as above
    from services.usecases.submit_forecasts import submit_forecasts  # noqa: PLC0415 - as above

    try:
        content = file.read_bytes()
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror}.") from error
    with database() as engine, engine.begin() as connection:
        arriving = read_file(file.name, content, limit=settings().file_limit_bytes)
        try:
            report = submit_forecasts(
                connection,
                forecaster_id,
                arriving,
                now=bootstrap.now(),
                portfolio=settings().portfolio,
            )
        except UnknownForecasterError as error:
            raise fail(str(error)) from error
        if report.submitted or report.claimed:
            shown = SubmissionShown.model_validate(report)
            keep(connection, "forecasts.submitted", forecaster_id, after=shown)
    if as_json:
        say(json.dumps({**asdict(report), "known_from": report.known_from.isoformat()}, indent=2))
        return
    say(f"{report.submitted} submitted, {report.claimed} claimed, {report.unchanged} unchanged")
