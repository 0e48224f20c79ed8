"""The commands that judge a panel of the past and list its episodes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from forecasting.months import Month
from services.cli.offline import ID, JOBS, OUTPUT, PORTFOLIO, SOURCE, TIME, VALUE
from services.cli.shell import REFUSALS, database, fail, moment_of, refused, say, writable_table
from services.cli.tables import show
from services.usecases.detect_panel import Judging, detect_panel, list_episodes
from services.usecases.detections_file import read_detections
from services.usecases.panel_file import Columns, read_panel, write_table

app = typer.Typer(no_args_is_help=True)


@app.command()
def detect(
    source: Annotated[Path, SOURCE],
    output: Annotated[Path, OUTPUT],
    *,
    first: Annotated[str, typer.Option("--from", help="First month judged, YYYY-MM.")] = "2012-01",
    budget: Annotated[float, typer.Option(help="False alarms expected per series and year.")] = 0.1,
    refit_every: Annotated[int, typer.Option(min=1, max=18, help="Months between refits.")] = 3,
    discovery_rate: Annotated[float, typer.Option(help="False share of a month's `discovery` rows.")] = 0.1,
    portfolio: Annotated[str, PORTFOLIO] = "fast",
    jobs: Annotated[int | None, JOBS] = None,
    id_col: Annotated[str | None, ID] = None,
    time_col: Annotated[str | None, TIME] = None,
    value_col: Annotated[str | None, VALUE] = None,
) -> None:
    """Judge every month of a panel by what was published before it, as the service would have."""
    console = Console(stderr=True)
    writable_table(output)
    try:
        judging = Judging(Month.parse(first), budget, refit_every, portfolio, discovery_rate)
        judging.check()
        panel = read_panel(source, Columns(id_col, time_col, value_col))
    except REFUSALS as error:
        raise refused(error) from error
    if panel.numbered:
        raise refused("The months are numbers; records and seasons need a calendar: write them as YYYY-MM.")
    with Progress(console=console) as bar:
        task = bar.add_task("series judged", total=len(panel.series))
        rows = detect_panel(
            panel.series,
            judging,
            jobs=jobs or os.cpu_count() or 1,
            progress=lambda done: bar.advance(task, done),
        )
    write_table(rows, output)
    counts = rows["verdict"].value_counts().to_dict()
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    console.print(
        f"{len(rows)} figures of {len(panel.series)} series: {told or 'none from ' + first + ' on'}"
    )


@app.command()
def episodes(
    *,
    source: Annotated[
        Path | None,
        typer.Option(
            "--input", help="What detect wrote; without it the service's own.", exists=True, dir_okay=False
        ),
    ] = None,
    series_id: Annotated[str | None, typer.Option("--series", help="Only those of a series.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="As of a moment, such as 2025-06-20T10:00:00Z; now by default.")
    ] = None,
) -> None:
    """List episodes: those in the rows that detect wrote, or those that the service follows."""
    if source is None:
        _told(series_id, as_of)
        return
    if as_of is not None:
        raise fail("--as-of asks the service; the rows that detect wrote hold each episode's last state.")
    try:
        rows = read_detections(source)
    except REFUSALS as error:
        raise refused(error) from error
    table = Table(
        "episode", "as of", "status", "trough", "recovered", "months under", "shortfall", "90 % interval"
    )
    for row in list_episodes(rows).itertuples():
        if series_id not in {None, str(row.series_id)}:
            continue
        table.add_row(
            str(row.episode_id),
            str(row.as_of),
            str(row.episode_status),
            str(row.episode_trough),
            f"{row.episode_recovered_share:.0%}",
            f"{row.episode_months_under:.0f}",
            f"{row.episode_shortfall:,.0f}",
            f"{row.episode_shortfall_lower:,.0f} to {row.episode_shortfall_upper:,.0f}",
        )
    show(table)


def _told(series_id: str | None, as_of: str | None) -> None:
    """Say the service's episodes as of a moment, each as its sentence."""
    from services import bootstrap  # noqa: PLC0415 - only the service's own need a database
    from services.queries import series  # noqa: PLC0415 - as above
    from services.queries.episodes import episodes_as_of, told  # noqa: PLC0415 - as above

    moment = bootstrap.now() if as_of is None else moment_of(as_of)
    with database() as engine, engine.begin() as connection:
        registered = series.chosen(connection, series_id=series_id)
        if series_id is not None and not registered:
            raise fail(f"There is no series {series_id!r}.")
        found = episodes_as_of(connection, registered, as_of=moment)
    for each in found:
        fields = told(each)
        say(f"{fields['id']}  {fields['status']}\n  {fields['sentence']}")
    if not found:
        say(f"no episode is known as of {moment.isoformat()}")
