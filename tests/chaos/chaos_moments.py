"""The moment inside a recording, shown and not hoped for: a part is stopped, looked at, and killed."""

from __future__ import annotations

import contextlib
import time

import psutil
from chaos_stage import Stage
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

WITHIN_SECONDS = 20.0
"""In which a moment is waited for; figures are on their way all the time."""

_RECORDING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE state IN ('active', 'idle in transaction') AND backend_xid IS NOT NULL
        AND query ~ '^INSERT INTO (releases|observations|verdicts|alerts|alert_events) '
""")
"""Backends with a transaction open in which they have written, last by a statement of a recording."""


def killed_while_recording(on: Stage, part: str) -> bool:
    """Kill a part with -9 while it has a recording open, the one that records; False where none was met.

    Between a look and a signal a transaction may be committed: so the part is stopped first, and killed only
    where the transaction is still open then. A process that is stopped commits nothing.
    """
    until = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OperationalError, psutil.NoSuchProcess, KeyError):
            if not _recordings(on):
                time.sleep(0.002)
                continue
            process = psutil.Process(on.supervisor.pids()[part])
            process.suspend()
            try:
                if _recordings(on):
                    process.kill()
                    return True
            finally:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()
    return False


def _recordings(on: Stage) -> int:
    with on.engine.connect() as connection:
        return int(connection.execute(_RECORDING).scalar_one())
