"""The commands that need no server: a panel forecast, and its past forecast again and scored."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from alerts.quantities import counted
from forecasting import portfolios
from services.cli.shell import REFUSALS, refused, writable_table
from services.cli.tables import show
from services.usecases.backtest_panel import backtest_panel
from services.usecases.family_file import read_families
from services.usecases.forecast_panel import forecast_panel, processes
from services.usecases.panel_file import Columns, Panel, read_panel, write_table

app = typer.Typer(no_args_is_help=True)

SOURCE = typer.Option(
    "--input", help="CSV, Parquet, Excel or JSON, one row a series and month.", exists=True, dir_okay=False
)
OUTPUT = typer.Option("--output", help="CSV, or Parquet where the name ends so.", dir_okay=False)
JOBS = typer.Option(min=1, help=r"Processes; the result is the same for any number. \[default: all cores]")
ID = typer.Option("--id-col", help=r"\[default: series_id or unique_id]")
TIME = typer.Option(
    "--time-col", help=r"YYYY-MM, a date, YYYY-MM..YYYY-MM, or 1, 2, … \[default: month or ds]"
)
VALUE = typer.Option("--value-col", help=r"\[default: value or y]")
FAMILIES = typer.Option(
    help="CSV of series_id, kind (sum, difference, ratio, share) and parts: derived, and made to add up.",
    exists=True,
    dir_okay=False,
)
PORTFOLIO = typer.Option(help="fast, standard, full, or the name of one model.")

_SHOWN = ("smape", "mase", "owa", "msis95", "coverage80", "coverage95", "cpu_s")


@app.command()
def forecast(
    source: Annotated[Path, SOURCE],
    output: Annotated[Path, OUTPUT],
    *,
    horizon: Annotated[int, typer.Option(min=1, max=60, help="Months ahead.")] = 18,
    portfolio: Annotated[str, PORTFOLIO] = "standard",
    jobs: Annotated[int | None, JOBS] = None,
    id_col: Annotated[str | None, ID] = None,
    time_col: Annotated[str | None, TIME] = None,
    value_col: Annotated[str | None, VALUE] = None,
    families: Annotated[Path | None, FAMILIES] = None,
) -> None:
    """Forecast every series of a panel; status 0 only if each has a forecast or a stated reason.

    In the output `mean` is the point forecast: the median, the same as q0.5.
    """
    console = Console(stderr=True)
    writable_table(output)
    panel = _read(source, Columns(id_col, time_col, value_col), portfolio)
    try:
        family = () if families is None else read_families(families)
        wanted = {series.id for series in panel.series} | {each.id for each in family}
        with Progress(console=console) as bar:
            task = bar.add_task("series forecast", total=len(wanted))
            rows, engine = forecast_panel(
                panel,
                horizon=horizon,
                portfolio=portfolio,
                jobs=jobs or os.cpu_count() or 1,
                family=family,
                progress=lambda done: bar.advance(task, done),
            )
    except REFUSALS as error:
        raise refused(error) from error
    write_table(rows, output)
    for note in engine.notes:
        console.print(note, markup=False)
    without = rows["mean"].isna()
    silent = without & rows["reason"].isna()
    answered = rows["series_id"].nunique()
    console.print(f"{answered} of {len(wanted)} series answered, {counted(horizon, 'month')} ahead")
    if without.any():
        console.print(f"{without.sum()} of them without a forecast: column reason says why, or left_out")
    if answered < len(wanted) or silent.any():
        raise typer.Exit(1)


@app.command()
def backtest(
    source: Annotated[Path, SOURCE],
    output: Annotated[Path | None, OUTPUT] = None,
    *,
    folds: Annotated[int, typer.Option(min=1, help="Origins, one horizon apart.")] = 3,
    horizon: Annotated[int, typer.Option(min=1, max=60, help="Months ahead.")] = 12,
    portfolio: Annotated[str, PORTFOLIO] = "standard",
    jobs: Annotated[int | None, JOBS] = None,
    id_col: Annotated[str | None, ID] = None,
    time_col: Annotated[str | None, TIME] = None,
    value_col: Annotated[str | None, VALUE] = None,
) -> None:
    """Score every member and the combination on the panel's own past."""
    console = Console(stderr=True)
    if output is not None:
        writable_table(output)
    panel = _read(source, Columns(id_col, time_col, value_col), portfolio)
    with Progress(console=console) as bar, processes(jobs or os.cpu_count() or 1) as pool:
        task = bar.add_task("series scored", total=len(panel.series) * folds)
        table = backtest_panel(
            panel,
            folds=folds,
            horizon=horizon,
            portfolio=portfolio,
            pool=pool,
            progress=lambda done: bar.advance(task, done),
        )
        bar.update(task, completed=len(panel.series) * folds)
    if not len(table):
        console.print("No series holds 24 months before any origin: nothing can be scored.")
        raise typer.Exit(1)
    if output is not None:
        write_table(table, output)
    shown = Table("model", "folds", *_SHOWN, caption="cpu_s: CPU seconds a series")
    for row in table.to_dict("records"):
        shown.add_row(str(row["model"]), str(row["folds"]), *(f"{row[name]:.3f}" for name in _SHOWN))
    show(shown)
    ends = len({series.end for series in panel.series})
    if ends > 1 and not panel.numbered:
        console.print(
            f"The series end in {ends} different months, and origins are counted from the end of each: what "
            "is learned across them has seen months behind the origin of a series that ended earlier."
        )


def _read(source: Path, columns: Columns, portfolio: str) -> Panel:
    """The panel, once the portfolio is known to be one: no file is read for a command that cannot go on."""
    try:
        portfolios.portfolio(portfolio)
        return read_panel(source, columns)
    except REFUSALS as error:
        raise refused(error) from error
