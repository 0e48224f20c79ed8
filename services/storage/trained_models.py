"""What was learned across all series of the installation, by the vintage that it was learned as of."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, select, true
from sqlalchemy.dialects.postgresql import insert

from services.storage.tables import trained_models


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A global model and a calibration as bytes, each None where too little was held for it.

    ``calibration`` is of the residuals of ``portfolio``. ``notes`` say what each came from, or why not.
    """

    version: str
    vintage: dt.datetime
    portfolio: str
    series: int
    global_model: bytes | None
    calibration: bytes | None
    notes: tuple[str, ...]
    versions: dict[str, str]
    trained_at: dt.datetime


def add(connection: Connection, model: TrainedModel) -> bool:
    """Add a model; False where the same was learned before."""
    statement = insert(trained_models).values(
        version=model.version,
        vintage=model.vintage,
        portfolio=model.portfolio,
        series=model.series,
        global_model=model.global_model,
        calibration=model.calibration,
        notes=list(model.notes),
        versions=model.versions,
        trained_at=model.trained_at,
    )
    return (
        connection.execute(statement.on_conflict_do_nothing().returning(trained_models.c.id)).first()
        is not None
    )


@dataclass(frozen=True, slots=True)
class Newest:
    """Versions of the newest training that made a global model, and of the newest that made a calibration.

    They are two where a training could make one alone; None where none has made one.
    """

    global_model: str | None
    calibration: str | None


def newest(connection: Connection, *, as_of: dt.datetime | None = None) -> Newest:
    """The newest of both whose vintage is not after ``as_of``."""
    made = (trained_models.c.global_model, trained_models.c.calibration)
    queries = (
        select(trained_models.c.version)
        .where(part.is_not(None), true() if as_of is None else trained_models.c.vintage <= as_of)
        .order_by(trained_models.c.vintage.desc(), trained_models.c.id.desc())
        .limit(1)
        for part in made
    )
    return Newest(*(connection.execute(query).scalar_one_or_none() for query in queries))


def by_version(connection: Connection, version: str) -> TrainedModel | None:
    """The model of a version, with its bytes."""
    row = connection.execute(select(trained_models).where(trained_models.c.version == version)).first()
    if row is None:
        return None
    return TrainedModel(
        row.version,
        row.vintage,
        row.portfolio,
        row.series,
        row.global_model,
        row.calibration,
        tuple(row.notes),
        row.versions,
        row.trained_at,
    )
