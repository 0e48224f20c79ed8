"""When the installation's own models are to be trained: one job a slot, ordered without loading any model."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from services.storage import jobs, observations
from services.storage.jobs import BACKGROUND, Job

TRAIN = "train_models"


def order_training(connection: Connection, *, now: dt.datetime, portfolio: str) -> int | None:
    """Order a training for this slot, unless one stands: the job's id where it is new.

    A slot is a week, and within it a size of the archive by powers of two: an installation whose figures have
    doubled does not wait for Monday. Two clocks that order the same slot make one job.
    """
    figures = observations.count(connection)
    if figures == 0:
        return None
    key = f"{now:%G-W%V} below {2 ** figures.bit_length()} figures"
    if jobs.get(connection, TRAIN, key) is not None:
        return None
    wanted = Job(kind=TRAIN, key=key, arguments={"portfolio": portfolio}, priority=BACKGROUND)
    return next(iter(jobs.add(connection, [wanted], now=now)), None)
