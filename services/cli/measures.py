"""``tonnage measures``: dated measures loaded from a file, and listed beside the series they may show in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.auditing import keep
from services.cli.given import as_the_api_takes_it
from services.cli.json_files import json_file
from services.cli.shell import database, fail, moment_of, say

app = typer.Typer(help="Dated policy measures.", no_args_is_help=True)


@app.command()
def load(file: Annotated[Path, typer.Argument(help="JSON object: a measure under each id.")]) -> None:
    """Add measures, or describe those of the same id anew; all of a file, or none and the reason."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.api.schemas.measures import MeasureGiven, MeasureShown  # noqa: PLC0415 - as above
    from services.usecases.put_measure import put_measure  # noqa: PLC0415 - as above

    given = json_file(file, of="a measure")
    with database() as engine, engine.begin() as connection:
        for measure_id, raw in given.items():
            with as_the_api_takes_it(measure_id):
                record = MeasureGiven.model_validate(raw).record(measure_id)
            held = put_measure(connection, record, now=bootstrap.now())
            before = None if held is None else MeasureShown.of(held)
            keep(connection, "measure.put", measure_id, before=before, after=MeasureShown.of(record))
    say(f"measures loaded: {len(given)}")


@app.command("list")
def listed(
    *,
    series_id: Annotated[str | None, typer.Option("--series", help="Only beside a series.")] = None,
    as_of: Annotated[str | None, typer.Option(help="As of a moment; now by default.")] = None,
) -> None:
    """Each measure beside each series that it may show in, and whether it can be seen yet."""
    from services import bootstrap  # noqa: PLC0415 - read when asked for
    from services.queries import series  # noqa: PLC0415 - as above
    from services.queries.measures import watches  # noqa: PLC0415 - as above

    moment = bootstrap.now() if as_of is None else moment_of(as_of)
    with database() as engine, engine.begin() as connection:
        registered = series.chosen(connection, series_id=series_id)
        if series_id is not None and not registered:
            raise fail(f"There is no series {series_id!r}.")
        found = watches(connection, registered, as_of=moment)
    for each in found:
        day = "" if each.release_day is None else f", release day {each.release_day}"
        episodes = "".join(f"; {name}, {lag} months after" for name, lag in each.episodes)
        say(f"{each.measure.effective}  {each.series.id}  {each.measure.title}")
        say(f"  {each.sight}, first month {each.measure.first_month}{day}{episodes}")
    if not found:
        say(f"no measure is known as of {moment.isoformat()}")
