"""Run as a module: whether a part works, by exit status; what a health check of a container asks.

A part that tells Prometheus must be heard on its port too.

``python -m services.worker.probe worker QUEUE``: the worker of this host consumes, as its main process says
over the broker. ``sweep``: the sweep has left a heartbeat in the last minute. ``beat``: beat has sent what a
worker then did in the last minute.
"""

from __future__ import annotations

import datetime as dt
import platform
import socket
import sys

from celery import Celery

from services import bootstrap
from services.broker import broker_address
from services.settings import settings
from services.storage import heartbeats

FRESH = dt.timedelta(seconds=60)
"""Age up to which a heartbeat counts; each part leaves one every few seconds."""

_ANSWER_SECONDS = 5.0
HEARTBEAT_OF = {"sweep": heartbeats.SWEEPER, "beat": heartbeats.TASK}


def consumes(queue: str) -> bool:
    """True where the worker of this host on a queue answers a ping over the broker."""
    with Celery(broker=broker_address(settings().redis_url), set_as_current=False) as app:
        answers = app.control.ping(destination=[f"{queue}@{platform.node()}"], timeout=_ANSWER_SECONDS)
    return bool(answers)


def beats(part: str) -> bool:
    """True where a part has left a heartbeat in the last minute."""
    with bootstrap.engine().connect() as connection:
        last = heartbeats.last(connection, HEARTBEAT_OF[part])
    return last is not None and bootstrap.now() - last < FRESH


def tells(port: int | None) -> bool:
    """True where the part of this host can be reached on its metrics port, or has none."""
    if port is None:
        return True
    try:
        socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    part, *queues = sys.argv[1:]
    if part != "beat" and not tells(settings().metrics_port):  # beat has no numbers of its own
        sys.exit(f"{part} does not tell Prometheus")
    sys.exit(0 if (consumes(*queues) if part == "worker" else beats(part)) else f"{part} does not work")
