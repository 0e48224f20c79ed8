"""What ``tonnage up`` and the demo print leads to the dashboard, as the README says."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.demo import replay
from services.local import stack

STARTED = SimpleNamespace(
    api="http://127.0.0.1:8000",
    flower="http://127.0.0.1:5555",
    desk="http://127.0.0.1:8123",
    database_url="postgresql://there",
    redis_url="redis://there",
    joined_by="export DATABASE_URL='postgresql://there'",
    trust=lambda _: None,
)


class Stopped:
    """An event whose wait is over: what waits for Ctrl-C goes on."""

    def wait(self) -> None:
        """Not at all."""


def _started(*_: object) -> AbstractContextManager[SimpleNamespace]:
    return nullcontext(STARTED)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], list[str]]:
    """The lines that a command says of a stack that is up."""

    def run(command: str) -> list[str]:
        lines: list[str] = []
        for module in (stack, replay):
            monkeypatch.setattr(module, "running", _started)
            monkeypatch.setattr(module, "threading", SimpleNamespace(Event=Stopped))
            monkeypatch.setattr(module, "stops_on_signals", nullcontext)
        monkeypatch.setattr(replay, "temporary_folder", lambda: nullcontext(tmp_path))
        monkeypatch.setattr(replay, "tell_story", lambda *_: {"ok": True})
        if command == "up":
            stack.run_until_stopped(tmp_path, os.environ, lines.append)
        else:
            replay.run(os.environ, lines.append, stay=True)
        return lines

    return run


@pytest.mark.parametrize("command", ["up", "demo"])
def test_the_address_printed_is_the_dashboards(said: Callable[[str], list[str]], command: str) -> None:
    """It is the service's own address, where Now stands, and not that of the API's description."""
    (line,) = [line for line in said(command) if STARTED.api in line]
    assert "dashboard" in line
    assert f"{STARTED.api}/docs" not in line
