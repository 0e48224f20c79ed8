"""A Chromium of the system, and a stack that knows the history of the demo and nothing of May 2025."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from services.demo import replay
from services.local.stack import Stack, running

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
UNHURRIED = 240.0
"""Seconds that the refits of a day may take beside the tests of another worker."""


@contextmanager
def told_history() -> Iterator[Stack]:
    """The stack as ``tonnage up`` starts it, the history of the demo in it, and its desk with its rules."""
    folder = Path(tempfile.mkdtemp(prefix="tonnage-browser-"))
    folder.chmod(0o711)  # nobody, who runs the servers, must be able to pass it
    given = {**os.environ, "TONNAGE_ALERT_BUDGET": str(replay.BUDGET)}
    given = {name: value for name, value in given.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    try:
        with running(folder, given, lambda _: None) as stack:
            with httpx.Client(base_url=stack.api, timeout=30) as client:
                history, _ = replay.figures()
                replay.begin(client, history, stack.desk, stack.trust, lambda _: None, patience=UNHURRIED)
            yield stack
    finally:
        shutil.rmtree(folder)
