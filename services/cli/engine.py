"""The commands around the service's own forecasting engine."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from services import bootstrap
from services.cli.auditing import keep
from services.cli.forecast_lines import told
from services.cli.shell import AsJson, database, fail, moment_of, say
from services.cli.tables import show
from services.queries.jobs import Job
from services.queries.scoreboard import By, Line, Measured, Print, measured
from services.queries.scoreboard import scoreboard as standings
from services.settings import settings
from services.usecases.request_forecast import NoFiguresError, NotPublishedError, request_forecast
from services.usecases.train_models import train_models

_SHOWN = ("mase", "wis", "pinball", "bias", "coverage_80", "coverage_95")

app = typer.Typer(no_args_is_help=True)


@app.command()
def train() -> None:
    """Train the global model and the calibration on all series held; each week a job does the same."""
    with database() as engine:
        trained = train_models(engine, now=bootstrap.now(), portfolio=settings().portfolio)
        learned = trained.global_model is not None or trained.calibration is not None
        if learned:
            with engine.begin() as connection:
                keep(connection, "models.trained", str(trained.version), after={"notes": list(trained.notes)})
    say(f"version {trained.version}" if learned else "nothing could be trained")
    for note in trained.notes:
        say(note)


@app.command()
def published(
    series_id: Annotated[str, typer.Argument(metavar="SERIES")],
    *,
    model: Annotated[str | None, typer.Option(help="A portfolio or one model, such as prophet.")] = None,
    as_of: Annotated[str | None, typer.Option(help="A past moment, such as 2025-06-20T10:00:00Z.")] = None,
) -> None:
    """Show the published forecast of a series: its members, why it changed, what its intervals have held.

    A model that is not fitted yet to what is known is ordered from the workers.
    """
    moment = None if as_of is None else moment_of(as_of)
    with database() as engine, engine.begin() as connection:
        wanted = model or settings().portfolio
        try:
            found = request_forecast(
                connection,
                series_id,
                model=wanted,
                published=settings().portfolio,
                now=bootstrap.now(),
                as_of=moment,
            )
        except (NoFiguresError, NotPublishedError) as error:
            raise fail(str(error)) from error
        held = measured(connection, wanted, as_of=moment)
    if isinstance(found, Job):
        bootstrap.service().nudge(bootstrap.REFRESH_FORECASTS)
        say(f"{wanted} is being fitted to {series_id} (job {found.id}, {found.status}); ask again.")
        return
    for line in told(found):
        say(line)
    say(_held(held))


def _held(held: Measured) -> str:
    if held.coverage_80 is None or held.coverage_95 is None:
        return f"coverage: {held.reason}"
    return (
        f"coverage measured on {held.figures} pairs of a forecast and a figure: "
        f"80 % intervals held {held.coverage_80:.1%}, "
        f"95 % intervals {held.coverage_95:.1%}"
    )


@app.command()
def scoreboard(
    *,
    by: Annotated[By, typer.Option(help="What stands apart on a line beside the model.")] = "model",
    against: Annotated[Print, typer.Option(help="Which print of a figure is the actual.")] = "first_print",
    model: Annotated[str | None, typer.Option(help="One portfolio or model.")] = None,
    series_id: Annotated[str | None, typer.Option("--series", help="One series.")] = None,
    members: Annotated[bool, typer.Option(help="Lines for each member too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how published forecasts did on the months that have arrived, seasonal naive beside them.

    Errors are over each series' mean absolute yearly change as known when it was forecast. Beside a
    forecaster's line stand ours on the same figures and Diebold and Mariano's test of the difference.
    """
    from services.api.schemas.scoreboard import EMPTY, StandingShown  # noqa: PLC0415 - read when asked for

    with database() as engine, engine.begin() as connection:
        lines = standings(
            connection,
            portfolio=settings().portfolio,
            by=by,
            against=against,
            model=model,
            series_id=series_id,
            members=members,
        )
    if as_json:
        say(json.dumps([StandingShown.of(line).model_dump() for line in lines], indent=2, ensure_ascii=False))
        return
    if not lines:
        say(EMPTY)
        return
    ours = any(line.ours is not None for line in lines)
    caption = "pairs: of a forecast and a figure; naive: the same of seasonal naive on the same forecasts"
    if ours:
        caption += (
            "; our mase: of the service's own forecasts on a forecaster's figures; "
            "p: the chance of so large a difference where both err alike"
        )
    shown = Table(caption=caption, box=box.SIMPLE)
    shown.add_column("model", no_wrap=True)
    apart = [] if by == "model" else ["horizon" if by == "horizon" else "series_id"]
    for title in (*apart, "pairs", *_SHOWN, "naive mase", *(["our mase", "months", "p"] if ours else [])):
        shown.add_column(title, justify="right")
    for line in lines:
        one, naive = line.standing, line.baseline
        shown.add_row(
            f"{one.model} {one.member}".rstrip(),
            *(str(getattr(one, field)) for field in apart),
            str(one.figures),
            *(_number(getattr(one, name)) for name in _SHOWN),
            _number(None if naive is None else naive.mase),
            *(_beside(line) if ours else ()),
        )
    show(shown)


def _beside(line: Line) -> tuple[str, str, str]:
    """Our MASE on a forecaster's figures, the months compared, and the chance that both are alike."""
    if line.compared is None:
        return _number(line.ours), "", ""
    return _number(line.ours), str(line.compared.months), _number(line.compared.p_value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
