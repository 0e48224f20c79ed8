"""Run as a module: the sweep, which delivers whatever is due from the database alone; no broker is needed."""

from __future__ import annotations

import signal
import threading

from services import bootstrap, telemetry, tracing
from services.exporter import State
from services.settings import settings
from services.usecases.deliver_messages import keep_delivering


def main() -> None:
    """Deliver until SIGTERM or SIGINT; what is in flight then still ends and is settled."""
    telemetry.configure(production=settings().environment == "production")
    tracing.configure(settings().traces_url)
    telemetry.tell_prometheus(settings().metrics_port, State(bootstrap.engine(), bootstrap.now))
    stopping = threading.Event()
    for caught in (signal.SIGTERM, signal.SIGINT):
        signal.signal(caught, lambda *_: stopping.set())
    keep_delivering(bootstrap.engine(), settings(), clock=bootstrap.now, stopped=stopping.is_set)


if __name__ == "__main__":
    main()
