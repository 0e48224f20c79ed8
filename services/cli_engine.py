"""The commands around the service's own forecasting engine."""

from __future__ import annotations

import typer

from services import bootstrap
from services.cli_shell import database, say
from services.settings import settings
from services.usecases.train_models import train_models

app = typer.Typer(no_args_is_help=True)


@app.command()
def train() -> None:
    """Train the global model and the calibration on all series held; each week a job does the same."""
    with database() as engine:
        trained = train_models(engine, now=bootstrap.now(), portfolio=settings().portfolio)
    learned = trained.global_model is not None or trained.calibration is not None
    say(f"version {trained.version}" if learned else "nothing could be trained")
    for note in trained.notes:
        say(note)
