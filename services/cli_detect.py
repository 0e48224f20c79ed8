"""The commands that judge a panel of the past and list its episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from forecasting.months import Month
from services.usecases.detect_panel import Judging, detect_panel, list_episodes
from services.usecases.panel_file import read_panel

app = typer.Typer(no_args_is_help=True)

PANEL = "CSV or Parquet with series_id, month (YYYY-MM), value and perhaps unit."


@app.command()
def detect(  # noqa: PLR0917  # typer reads each option from the signature
    source: Annotated[Path, typer.Option("--input", help=PANEL, exists=True, dir_okay=False)],
    output: Annotated[Path, typer.Option(help="Rows are written here, CSV or Parquet by its ending.")],
    first: Annotated[str, typer.Option("--from", help="First month judged, YYYY-MM.")] = "2012-01",
    budget: Annotated[float, typer.Option(help="False alarms expected per series and year.")] = 0.1,
    refit_every: Annotated[int, typer.Option(min=1, max=18, help="Months between refits.")] = 3,
    portfolio: Annotated[str, typer.Option(help="fast, standard, full, or one model.")] = "fast",
    jobs: Annotated[int, typer.Option(min=1, help="Processes; the result is the same for any count.")] = 1,
) -> None:
    """Judge every month of a panel by what was published before it, as the service would have."""
    judging = Judging(Month.parse(first), budget, refit_every, portfolio)
    panel = read_panel(source).series
    console = Console(stderr=True)
    with Progress(console=console) as bar:
        task = bar.add_task("series judged", total=len(panel))
        rows = detect_panel(panel, judging, jobs=jobs, progress=lambda done: bar.advance(task, done))
    write(rows, output)
    counts = rows["verdict"].value_counts().to_dict()
    console.print(
        f"{len(rows)} figures of {len(panel)} series: " + ", ".join(f"{n} {v}" for v, n in counts.items())
    )


@app.command()
def episodes(
    source: Annotated[Path, typer.Option("--input", help="What detect wrote.", exists=True, dir_okay=False)],
) -> None:
    """List the episodes in the rows that detect wrote, each in its last state."""
    rows = pd.read_parquet(source) if source.suffix == ".parquet" else pd.read_csv(source)
    table = Table(
        "episode", "as of", "status", "trough", "recovered", "months under", "shortfall", "90 % interval"
    )
    for row in list_episodes(rows).itertuples():
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
    Console().print(table)


def write(rows: pd.DataFrame, output: Path) -> None:
    """Rows as CSV, or as Parquet where the name ends so."""
    if output.suffix == ".parquet":
        rows.to_parquet(output, index=False)
    else:
        rows.to_csv(output, index=False)
