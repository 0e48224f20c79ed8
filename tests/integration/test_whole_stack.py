"""The whole stack as a user starts it: the README's ten minutes on it, a part of it killed, then all of it.

One stack for all tests of this file, in their order: it takes half a minute of two cores to start.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from own_ports import free_port

from services.local.stack import API_PORT

CHECKOUT = Path(__file__).parents[2]
PARTS = {"postgres", "valkey", "api", "worker forecast", "worker delivery", "beat", "sweep", "flower", "desk"}
SECTION = "## Ten minutes"

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
        with urllib.request.urlopen(address, timeout=90) as response:  # noqa: S310  # an address of ours
            return bool(response.status == 200)
    except OSError:
        return False


def pasted(api: str, desk: str) -> str:
    """The commands of the section, with the addresses of this run."""
    section = (CHECKOUT / "README.md").read_text().partition(SECTION)[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 2
    said = "set -eu -o pipefail\n" + "\n".join(blocks) + "\nwait\n"
    return said.replace("http://127.0.0.1:8000", api).replace("127.0.0.1:8123", desk)


@pytest.fixture(scope="module")
def up(server_folder: Path, eventually: Eventually) -> Iterator[Up]:
    """A stack that has told where the service is, beside a busy port."""
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # where another holds the port, it is busy all the same
            squatter.bind(("127.0.0.1", API_PORT))
            squatter.listen()
        up = Up(server_folder / "whole")
        try:
            assert eventually(lambda: up.has_said("the service is at") or up.process.poll() is not None), (
                up.said
            )
            yield up
        finally:
            up.close()


def test_every_part_starts_beside_a_busy_port(up: Up) -> None:
    """All parts get ready and answer; the API steps over a port that is taken."""
    assert {line.split(" ready in ")[0] for line in up.said if " ready in " in line} == PARTS
    assert up.address("api") != f"http://127.0.0.1:{API_PORT}"
    assert answers(f"{up.address('api')}/docs")
    assert answers(f"{up.address('flower')}/healthcheck")


def test_the_readme_leads_to_a_verified_webhook(up: Up, server_folder: Path, eventually: Eventually) -> None:
    """Pasted as they stand, its commands give a key, a forecast, and a sentence that the desk verified."""
    joined = next(line for line in up.said if line.startswith("to join it: "))
    named = dict(re.findall(r"(\w+)='([^']*)'", joined))
    told = server_folder / "readme.txt"
    with told.open("w") as out:
        shell = subprocess.Popen(
            ["/bin/bash", "-c", pasted(up.address("api"), f"127.0.0.1:{free_port()}")],
            cwd=CHECKOUT,
            env={**os.environ, **named},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def heard() -> bool:
        return "desk: " in told.read_text() or shell.poll() is not None

    try:
        assert eventually(heard), told.read_text()
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait()
    said = told.read_text()
    assert '"steps"' in said
    assert re.search(r"desk: .*412 t in May 2025", said), said


def test_a_killed_part_is_replaced(up: Up, eventually: Eventually) -> None:
    """The API comes back at the address that it had."""
    family = psutil.Process(up.process.pid).children(recursive=True)
    next(each for each in family if "services.local.serve_api" in each.cmdline()).kill()
    assert eventually(lambda: up.has_said("api was ended by SIGKILL; it is started again")), up.said
    assert eventually(lambda: up.has_said("api ready again")), up.said
    assert answers(f"{up.address('api')}/docs")


def test_nothing_outlives_the_stack(up: Up, eventually: Eventually) -> None:
    """kill -9 of the supervisor ends every process of the tree."""
    family = psutil.Process(up.process.pid).children(recursive=True)
    os.kill(up.process.pid, signal.SIGKILL)
    assert eventually(lambda: not any(each.is_running() for each in family)), family
