"""The installation's own models: trained across all its series, as of a vintage, by a scheduled job."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from importlib import metadata

from sqlalchemy import Engine

from forecasting import calibration
from forecasting.engine import past_residuals
from forecasting.errors import CalibrationError, GlobalModelError
from forecasting.forecast import HORIZON, LEVELS
from forecasting.models import global_trees
from forecasting.series import Series
from services.storage import observations, series, trained_models
from services.storage.jobs import Job
from services.storage.known_series import known_series
from services.storage.trained_models import TrainedModel
from services.usecases.archived_residuals import archived
from services.usecases.order_training import TRAIN
from services.usecases.time_limit import BATCH_SECONDS, BatchOverError, limited
from services.work.runner import Kind, Outcome, turn

LIBRARIES = ("tonnage", "numpy", "lightgbm", "statsforecast")
"""Whose versions stand beside each trained model."""

RETRY_AFTER = dt.timedelta(minutes=10)
SEED = 0

_CHUNK = 200
"""Series read at once: their rows are let go of before the next."""


def trainings(engine: Engine, *, clock: Callable[[], dt.datetime], lease: dt.timedelta) -> Kind[TrainedModel]:
    """Trainings as a kind of work: one a run."""

    def work(claimed: Sequence[Job]) -> Outcome[TrainedModel]:
        (job,) = claimed
        trained = train_models(engine, now=clock(), portfolio=job.arguments["portfolio"])
        return Outcome(trained, note=" ".join(trained.notes))

    return Kind(TRAIN, work, lease=lease, again_after=RETRY_AFTER, once=True)


def train_due(engine: Engine, *, now: dt.datetime, lease: dt.timedelta) -> TrainedModel | None:
    """Do a training that is due; None where there was none, or it failed and is due again."""
    kind = trainings(engine, clock=lambda: now, lease=lease)
    return next(iter(turn(engine, kind, clock=lambda: now).came_to), None)


def train_models(
    engine: Engine, *, now: dt.datetime, portfolio: str, as_of: dt.datetime | None = None
) -> TrainedModel:
    """Learn from all that is known as of a moment (now by default), and keep it where it came to anything.

    Its vintage is that of the last figure seen. ``notes`` say what was learned, and what was not: too few
    series are no error, since forecasts do without.
    """
    panel, vintage = _panel(engine, as_of or now)
    notes = []
    model = table = None
    try:
        trees = global_trees.train(panel, SEED)
        model = trees.dump()
        notes.append(f"Global model: learned from {trees.rows} months of {trees.series} series.")
    except GlobalModelError as error:
        notes.append(str(error))
    try:
        table, note = _calibration(engine, panel, portfolio, vintage)
        notes.append(note)
    except CalibrationError as error:
        notes.append(str(error))
    except BatchOverError as over:
        notes.append(f"Calibration: {over}; the one that stands is used.")
    digest = hashlib.sha256((model or b"") + b"\0" + (table or b"")).hexdigest()
    trained = TrainedModel(
        version=f"{vintage:%Y%m%dT%H%M%SZ}-{digest[:12]}",
        vintage=vintage,
        portfolio=portfolio,
        series=len(panel),
        global_model=model,
        calibration=table,
        notes=tuple(notes),
        versions={name: metadata.version(name) for name in LIBRARIES},
        trained_at=now,
    )
    if model is not None or table is not None:
        with engine.begin() as connection:
            trained_models.add(connection, trained)
    return trained


def _panel(engine: Engine, as_of: dt.datetime) -> tuple[list[Series], dt.datetime]:
    """Every series as known, and the moment of the last news on any."""
    panel: list[Series] = []
    with engine.begin() as connection:
        vintage = observations.newest(connection, as_of=as_of) or as_of
        registered = series.every(connection)
        for first in range(0, len(registered), _CHUNK):
            some = known_series(connection, registered[first : first + _CHUNK], vintage)
            panel.extend(known for known, _ in some)
    return panel, vintage


def _calibration(
    engine: Engine, panel: list[Series], portfolio: str, vintage: dt.datetime
) -> tuple[bytes, str]:
    """A calibration of one rolling origin; CalibrationError where too few series can be scored.

    Of a series whose forecast of then was published it is that one which is scored; the others are refitted.
    BatchOverError where that takes too long together: a training is to end well below a task's limit, and
    what else it learned is kept.
    """
    guard = limited(together=BATCH_SECONDS)
    chosen = calibration.sample(panel)
    with engine.begin() as connection:
        said = archived(connection, chosen, portfolio, as_of=vintage)
    kept = {name: made for name, each in said.items() if (made := each.residuals(portfolio, guard=guard))}
    others = [each for each in chosen if each.id not in kept]
    refitted = [made for each in others if (made := past_residuals(each, HORIZON, portfolio, guard=guard))]
    table = calibration.pooled([*kept.values(), *refitted], LEVELS)
    count = len(kept) + len(refitted)
    note = (
        f"Calibration: residuals of {count} series from one origin, {HORIZON} months ago: "
        f"{len(kept)} of forecasts that were published then, {len(refitted)} refitted."
    )
    return table.dump(), note
