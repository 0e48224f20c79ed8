"""A Celery app with a planted fault: each refit kills the process that runs it, and leaves a line before."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NoReturn

from services.usecases import refresh_forecasts
from services.worker.app import app

RUNS = Path(os.environ["TONNAGE_TEST_RUNS"])

__all__ = ["app"]


def _die(*_: object, **__: object) -> NoReturn:
    with RUNS.open("a") as file:
        file.write("run\n")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


refresh_forecasts.publish = _die
