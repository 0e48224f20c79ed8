"""Run as a script: the API with a planted fault, which the chaos suite has to see.

Messages are written by themselves, after the transaction of their figures has been committed.
"""

from __future__ import annotations

import datetime as dt
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import uvicorn
from sqlalchemy import Connection

from services import bootstrap
from services.api.app import create_app
from services.storage import outbox
from services.storage.messages import Message

Addressed = Sequence[tuple[Message, Sequence[str]]]

BETWEEN_SECONDS = 5.0
"""From the commit to the messages: a kill that waits for the commit falls in here."""


def main(number: int) -> None:
    """Serve on a listening socket."""
    real = outbox.enqueue
    service = bootstrap.service()
    waiting = threading.local()

    def put_off(connection: Connection, addressed: Addressed, *, now: dt.datetime) -> int:
        waiting.addressed = addressed
        return len(addressed)

    def write_and_nudge(task: str) -> None:
        if addressed := waiting.__dict__.pop("addressed", None):
            time.sleep(BETWEEN_SECONDS)
            with service.engine.begin() as connection:
                real(connection, addressed, now=service.now())
        service.nudge(task)

    outbox.enqueue = put_off
    app = create_app(replace(service, nudge=write_and_nudge))
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[socket.socket(fileno=number)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
