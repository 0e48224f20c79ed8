"""``tonnage releases``: what is expected when, and the calendars that say so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.auditing import keep
from services.cli.given import as_the_api_takes_it
from services.cli.json_files import json_file
from services.cli.shell import database, fail, moment_of, month_of, say

app = typer.Typer(help="Expected releases and their calendars.", no_args_is_help=True)


@app.command("list")
def listed(
    *,
    calendar: Annotated[str | None, typer.Option(help="Only those of a calendar.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First reference month, YYYY-MM.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last reference month, YYYY-MM.")] = None,
    as_of: Annotated[str | None, typer.Option(help="As of a moment; now by default.")] = None,
) -> None:
    """Each release of the series held: expected, due, late or arrived."""
    from alerts.releases import release_line  # noqa: PLC0415 - read when asked for
    from forecasting.months import Month  # noqa: PLC0415 - as above
    from services import bootstrap  # noqa: PLC0415 - as above
    from services.queries.releases import AHEAD, BEHIND, LONGEST, every_release  # noqa: PLC0415 - as above

    moment = bootstrap.now() if as_of is None else moment_of(as_of)
    here = Month.from_date(moment.date())
    begin = here - BEHIND if first is None else month_of(first)
    end = max(here + AHEAD, begin) if last is None else month_of(last)
    if not 0 <= end.since(begin) < LONGEST:
        raise fail(f"--from and --to: at least one month and at most {LONGEST}.")
    with database() as engine, engine.begin() as connection:
        told = every_release(connection, calendar_id=calendar, first=begin, last=end, as_of=moment)
    for release in told:
        say(release_line(release))
    if not told:
        say("no release is expected: no calendar covers a series with a figure of the last four months")


@app.command()
def load(file: Annotated[Path, typer.Argument(help="JSON object: a calendar under each id.")]) -> None:
    """Add release calendars, or describe those of the same id anew; all of a file, or none and the reason."""
    from alerts.release_calendars import dump_calendar, parse_calendar  # noqa: PLC0415 - read when asked for
    from services import bootstrap  # noqa: PLC0415 - as above
    from services.api.schemas.common import clean_json, storable_id  # noqa: PLC0415 - as above
    from services.usecases.put_calendar import put_calendar  # noqa: PLC0415 - as above

    given = json_file(file, of="a calendar")
    with database() as engine, engine.begin() as connection:
        for name, raw in given.items():
            with as_the_api_takes_it(name):
                calendar = parse_calendar(clean_json(raw), calendar_id=storable_id(name))
            held = put_calendar(connection, calendar, now=bootstrap.now())
            before = None if held is None else {"calendar": dump_calendar(held)}
            after = {"calendar": dump_calendar(calendar)}
            keep(connection, "release_calendar.put", calendar.id, before=before, after=after)
    say(f"release calendars loaded: {len(given)}")
