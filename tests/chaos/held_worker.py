"""A Celery app whose refits begin, leave a line, and then wait for a file before they publish."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from services.usecases import refresh_forecasts
from services.worker.app import app

BEGUN, RELEASED = (Path(os.environ[name]) for name in ("TONNAGE_TEST_BEGUN", "TONNAGE_TEST_RELEASED"))

__all__ = ["app"]

_publish = refresh_forecasts.publish


def _held(*given: Any, **how: Any) -> Any:
    with BEGUN.open("a") as file:
        file.write("run\n")
    while not RELEASED.exists():
        time.sleep(0.05)
    return _publish(*given, **how)


refresh_forecasts.publish = _held
app.conf.worker_soft_shutdown_timeout = float(os.environ.get("TONNAGE_TEST_SHUTDOWN", "20"))
