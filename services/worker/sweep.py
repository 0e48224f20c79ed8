"""Run as a module: the sweep, which delivers whatever is due from the database alone; no broker is needed.

Where the task of the same name has not run for a minute, since beat or its worker is away, it also asks in
its place for work that waits.
"""

from __future__ import annotations

import datetime as dt
import signal
import threading
from collections.abc import Callable

from sqlalchemy import Engine

from services import bootstrap, telemetry, tracing
from services.exporter import State
from services.settings import settings
from services.storage import heartbeats
from services.usecases.deliver_messages import keep_delivering
from services.usecases.tell_trouble import MISSING

ASK_EVERY = dt.timedelta(seconds=30)
"""Between two askings, since what is asked for may lie in a queue that nobody serves."""


class StandIn:
    """Asks for work that waits while the task that should is missing."""

    def __init__(
        self, engine: Engine, nudge: Callable[[str], None], clock: Callable[[], dt.datetime]
    ) -> None:
        self._engine = engine
        self._nudge = nudge
        self._clock = clock
        self._asked: dt.datetime | None = None

    def ask(self) -> bool:
        """Ask where nobody else does and we have not just now; True where it was asked."""
        now = self._clock()
        if self._asked is not None and now - self._asked < ASK_EVERY:
            return False
        from services.worker.hands import ask_for_what_waits  # noqa: PLC0415 - seldom needed, and not small

        with self._engine.begin() as connection:
            last = heartbeats.last(connection, heartbeats.TASK)
            if last is not None and now - last < MISSING:
                return False
            self._asked = now
            ask_for_what_waits(connection, self._nudge, now=now)
        return True


def main() -> None:
    """Deliver until SIGTERM or SIGINT; what is in flight then still ends and is settled."""
    telemetry.configure(production=settings().environment == "production")
    tracing.configure(settings().traces_url)
    telemetry.tell_prometheus(
        settings().metrics_port, State(bootstrap.engine(), bootstrap.now, portfolio=settings().portfolio)
    )
    stopping = threading.Event()
    for caught in (signal.SIGTERM, signal.SIGINT):
        signal.signal(caught, lambda *_: stopping.set())
    keep_delivering(
        bootstrap.engine(),
        settings(),
        clock=bootstrap.now,
        stopped=stopping.is_set,
        beside=StandIn(bootstrap.engine(), bootstrap.service().nudge, bootstrap.now).ask,
    )


if __name__ == "__main__":
    main()
