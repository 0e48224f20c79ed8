"""The whole stack as a user starts it: every part real, one of them killed, then the supervisor itself."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil

from services.local.stack import API_PORT

CHECKOUT = Path(__file__).parents[2]
PARTS = {"postgres", "valkey", "api", "worker forecast", "worker delivery", "beat", "sweep", "flower", "desk"}
Eventually = Callable[[Callable[[], bool]], bool]

UP = """
import os
from pathlib import Path
from services.local.stack import run_until_stopped

run_until_stopped(Path(os.environ["TONNAGE_DATA_DIR"]), os.environ, lambda line: print(line, flush=True))
"""


class Up:
    """A running stack and what it has said so far."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "TONNAGE_DATA_DIR": str(folder)}
        environment.pop("DATABASE_URL", None)
        environment.pop("REDIS_URL", None)
        self.process = subprocess.Popen(  # our own script
            [sys.executable, "-c", UP], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT, env=environment
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.said.append(line.rstrip("\n"))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()

    def has_said(self, pattern: str) -> bool:
        return any(re.search(pattern, line) for line in self.said)

    def address(self, part: str) -> str:
        line = next(line for line in self.said if line.startswith(f"{part} ready"))
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None
        return found[0]


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310  # an address of ours
            return bool(response.status == 200)
    except OSError:
        return False


def test_the_stack_starts_repairs_itself_and_leaves_nothing(
    server_folder: Path, eventually: Eventually
) -> None:
    """All parts get ready beside a busy port, a killed one is replaced, and kill -9 of all leaves nothing."""
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", API_PORT))
        squatter.listen()
        up = Up(server_folder / "whole")
        try:
            assert eventually(lambda: up.has_said("the service is at") or up.process.poll() is not None), (
                up.said
            )
            assert {line.split(" ready in ")[0] for line in up.said if " ready in " in line} == PARTS
            api = up.address("api")
            assert api != f"http://127.0.0.1:{API_PORT}"
            assert answers(f"{api}/docs")
            assert answers(f"{up.address('flower')}/healthcheck")

            family = psutil.Process(up.process.pid).children(recursive=True)
            serving = next(each for each in family if "services.local.serve_api" in each.cmdline())
            serving.kill()
            assert eventually(lambda: up.has_said("api was ended by SIGKILL; it is started again")), up.said
            assert eventually(lambda: up.has_said("api ready again")), up.said
            assert answers(f"{api}/docs")

            family = psutil.Process(up.process.pid).children(recursive=True)
            os.kill(up.process.pid, signal.SIGKILL)
            assert eventually(lambda: not any(each.is_running() for each in family)), family
        finally:
            up.close()
