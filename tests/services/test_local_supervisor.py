"""The process tree: nothing outlives it, what dies is started again, and what cannot start says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from services.local.errors import PartFailedError
from services.local.processes import Command
from services.local.supervisor import Part, Supervisor

DEADLINE = 90.0
Eventually = Callable[[Callable[[], bool]], bool]
CHECKOUT = Path(__file__).parents[2]

# A supervisor over a shell that ignores the polite signal and has a child of its own, and over real servers.
# A run in the background hands down an ignored SIGINT, which Python would leave ignored.
LONG_RUNNING = """
import signal, sys, threading
from pathlib import Path
from services.local.postgres import Postgres
from services.local.processes import Command
from services.local.supervisor import Part, Supervisor
from services.local.valkey import Valkey

signal.signal(signal.SIGINT, signal.default_int_handler)
folder = Path(sys.argv[1])
deaf = ("/bin/sh", "-c", "trap '' TERM; sleep 1000 & wait")
shell = Command(deaf, {"PATH": "/bin:/usr/bin"}, folder, stop_within=1.0)
with Supervisor(say=lambda line: None) as supervisor:
    supervisor.start(
        Part("shell", shell, ready=lambda: True),
        Postgres.prepare(folder / "postgres", durable=False).part(),
        Valkey.prepare(folder / "valkey").part(),
    )
    print("ready", flush=True)
    threading.Event().wait()
"""


def shell(script: str, folder: Path) -> Command:
    return Command(("/bin/sh", "-c", script), {"PATH": os.defpath}, folder, log=folder / "shell.log")


def start_tree(folder: Path) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    supervisor = subprocess.Popen(  # our own script
        [sys.executable, "-c", LONG_RUNNING, str(folder)], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    )
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == "ready\n"
    family = psutil.Process(supervisor.pid).children(recursive=True)
    supervisor.stdout.close()
    return supervisor, family


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those of a tree that are left: neither gone, nor ended and not yet waited for."""
    return [each for each in family if _left(each)]


def _left(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it went between the two looks
        return False


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_supervisor(
    server_folder: Path, signum: signal.Signals, eventually: Eventually
) -> None:
    """However the supervisor is ended, kill -9 included, no process of its tree is left."""
    supervisor, family = start_tree(
        server_folder / "tree"
    )  # one cluster for all: initdb is not what is tested
    names = {each.name() for each in family}
    assert {"sleep", "postgres", "valkey-server"} <= names
    supervisor.send_signal(signum)
    supervisor.wait(DEADLINE)
    assert eventually(lambda: not alive(family)), alive(family)


def test_a_part_that_dies_is_started_again_and_said(tmp_path: Path, eventually: Eventually) -> None:
    """Killing a part prints what happened, and a new process takes its place."""
    said: list[str] = []
    with Supervisor(said.append) as supervisor:
        supervisor.start(Part("clock", shell("exec sleep 1000", tmp_path), ready=lambda: True))
        first = supervisor.pids()["clock"]
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: len(said) == 3), said
        assert supervisor.pids()["clock"] != first
    assert said[0].startswith("clock ready in ")
    assert said[1] == "clock was ended by SIGKILL; it is started again in 0.5 s"
    assert said[2].startswith("clock ready again in ")


def test_back_off_grows_while_a_part_keeps_dying(tmp_path: Path, eventually: Eventually) -> None:
    """Each new start of a part that dies at once waits twice as long as the one before."""
    said: list[str] = []
    with Supervisor(said.append) as supervisor:
        supervisor.start(Part("moth", shell("sleep 0.2", tmp_path), ready=lambda: True))
        assert eventually(lambda: sum("started again" in line for line in said) >= 3), said
    waits = [line.rsplit("in ", 1)[1] for line in said if "started again" in line]
    assert waits[:3] == ["0.5 s", "1.0 s", "2.0 s"]


def test_a_part_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The error of a part that ends before it is ready holds its exit status and its last words."""
    with Supervisor(lambda _: None) as supervisor, pytest.raises(PartFailedError) as refusal:
        supervisor.start(Part("mute", shell("echo no such luck; exit 3", tmp_path), ready=lambda: False))
    assert "mute did not start: ended with exit status 3" in str(refusal.value)
    assert refusal.value.last_words == "no such luck"


def test_a_part_that_never_answers_has_a_deadline(tmp_path: Path) -> None:
    """A part that runs and is not ready in time is ended, and the error says how long it was given."""
    part = Part("slow", shell("exec sleep 1000", tmp_path), ready=lambda: False, deadline=0.3)
    with (
        Supervisor(lambda _: None) as supervisor,
        pytest.raises(PartFailedError, match="not ready within 0 s"),
    ):
        supervisor.start(part)


def test_parts_stop_in_reverse(tmp_path: Path) -> None:
    """What was started last is stopped first, so a worker never sees its database go."""
    order = tmp_path / "order"
    wait = "trap 'echo {0} >> order; exit' TERM; touch {0}; while :; do sleep 0.02; done"
    with Supervisor(lambda _: None) as supervisor:
        for name in ("database", "worker"):
            command = shell(wait.format(name), tmp_path)
            supervisor.start(Part(name, command, ready=(tmp_path / name).exists))
    assert order.read_text().split() == ["worker", "database"]


def test_a_probe_that_raises_fails_its_own_part_alone(tmp_path: Path) -> None:
    """An error that nobody foresaw in one part's probe names that part; the others are still kept running."""

    def unforeseen() -> bool:
        raise ZeroDivisionError("a probe broke")

    steady = Part("steady", shell("sleep 1000", tmp_path), ready=lambda: True)
    odd = Part("odd", shell("sleep 1000", tmp_path), ready=unforeseen)
    again = Part("again", shell("sleep 1000", tmp_path), ready=lambda: True)
    with Supervisor(say=lambda _: None) as supervisor:
        supervisor.start(steady)
        with pytest.raises(PartFailedError, match="a probe broke"):
            supervisor.start(odd)
        supervisor.start(again)
        assert set(supervisor.pids()) == {"steady", "again"}
